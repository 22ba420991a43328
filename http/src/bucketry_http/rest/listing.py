"""The listing of a bucket: complete and streamed, or one page of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from bucketry import BucketryError, ListOptions, ObjectPage
from bucketry.paging import Paging
from bucketry.s3 import MAX_KEY_BYTES, MAX_PAGE
from litestar import Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter

from bucketry_http.rest.documented_problems import errors
from bucketry_http.rest.openapi import ApiOperation, Bucket
from bucketry_http.rest.routing import PREFIX
from bucketry_http.rest.schemas import ObjectView
from bucketry_http.rest.storage import calls_of
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.connection import end_connection
from bucketry_http.shared.errors import log_failure
from bucketry_http.shared.response_body import watch_disconnect

Prefix = Annotated[
    str,
    QueryParameter(
        description="Filter by key prefix: only keys that begin with it, byte for byte.", max_length=MAX_KEY_BYTES
    ),
]
Limit = Annotated[
    int | None,
    QueryParameter(
        description="Most objects on a page. Without `limit` and `cursor` the listing is complete.", ge=1, le=MAX_PAGE
    ),
]
Cursor = Annotated[
    str | None,
    QueryParameter(description="Where the page before ended: opaque, from its `Link` header.", max_length=4096),
]


class Listing(Response[list[ObjectView]]):
    """Sends a listing page by page: the next one is asked for while one is sent, so it takes the memory of two."""

    def __init__(self, calls: StoreCalls, bucket: str, first: ObjectPage, options: ListOptions) -> None:
        """Begins with the first page, which is there already."""
        super().__init__([])
        self._calls = calls
        self._bucket = bucket
        self._first = first
        self._options = options

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Returns the application that sends it."""
        return stream_json_array(self._pages())

    async def _pages(self) -> AsyncGenerator[list[ObjectView], None]:
        page, paging = self._first, Paging()
        while (cursor := paging.follow(page)) is not None:
            following = asyncio.ensure_future(self._after(cursor))
            following.add_done_callback(_forget)
            await asyncio.sleep(0)  # It begins now, not when this page is sent.
            try:
                yield _views(page)
                page = await following
            finally:
                # Of a client that went away, nobody wants the next page.
                following.cancel()
        yield _views(page)

    async def _after(self, cursor: str) -> ObjectPage:
        options = msgspec.structs.replace(self._options, cursor=cursor)
        return await self._calls.call(self._calls.store.list_objects, self._bucket, options)


def _forget(task: asyncio.Future[ObjectPage]) -> None:
    """Takes note of an error that nobody waits for any more: asyncio would log it."""
    if not task.cancelled():
        task.exception()


def _views(page: ObjectPage) -> list[ObjectView]:
    return list(map(ObjectView.of, page.objects))


def stream_json_array(pages: AsyncGenerator[Sequence[msgspec.Struct], None]) -> Any:
    """Returns an ASGI application that sends all items of all pages as one array.

    A page that fails after the first ends the connection before the array's end, so that no client takes a part of it
    for the whole. A client that leaves ends it too: nobody wants the other pages.
    """

    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async with watch_disconnect(receive) as gone, aclosing(pages):
                await _send_pages(pages, gone, send)
        except BucketryError as error:
            log_failure("a listing broke off", error)
            end_connection(scope)

    return application


async def _send_pages(
    pages: AsyncGenerator[Sequence[msgspec.Struct], None], gone: asyncio.Future[None], send: Any
) -> None:
    separator = b"["
    async for page in pages:
        if gone.done():
            return
        if page:
            # A page's own brackets give way to those of the whole.
            items = separator + msgspec.json.encode(page)[1:-1]
            separator = b","
            await send({"type": "http.response.body", "body": items, "more_body": True})
            # A client that takes all at once would not let anybody else have a turn.
            await asyncio.sleep(0)
    end = b"[]" if separator == b"[" else b"]"
    await send({"type": "http.response.body", "body": end, "more_body": False})


@get(
    "/buckets/{name:str}/objects",
    tags=["Objects"],
    summary="List objects",
    operation_id="listObjects",
    operation_class=ApiOperation,
    responses=errors(404),
    response_headers=[
        ResponseHeader(name="Link", description='The next page, with `rel="next"`.', documentation_only=True)
    ],
)
async def list_objects(
    request: Request[Any, Any, Any],
    name: Bucket,
    prefix: Prefix = "",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response[list[ObjectView]]:
    """List a bucket's objects in byte order of their keys.

    The listing is complete, and streamed. With `limit` or `cursor` it is one page, and the `Link` header (RFC 8288)
    with `rel="next"` leads to the next one; the last page has none.
    """
    calls = calls_of(request)
    options = ListOptions(prefix=prefix, limit=MAX_PAGE if limit is None else limit, cursor=cursor)
    page = await calls.call(calls.store.list_objects, name, options)
    if limit is None and cursor is None:
        return Listing(calls, name, page, options)
    return Response(_views(page), headers=_next_link(name, prefix, options.limit, page.cursor))


def _next_link(bucket: str, prefix: str, limit: int, cursor: str | None) -> dict[str, str]:
    if cursor is None:
        return {}
    query = urlencode({"prefix": prefix, "limit": limit, "cursor": cursor}, quote_via=quote)
    return {"Link": f'<{PREFIX}/buckets/{quote(bucket)}/objects?{query}>; rel="next"'}
