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
from bucketry.rest_api import PREFIX
from bucketry.s3 import MAX_KEY_BYTES, MAX_PAGE
from litestar import Response, get
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter

from bucketry_http.rest.framework import ApiRequest, AsgiResponse, JsonResponse
from bucketry_http.rest.openapi import ApiOperation, Bucket
from bucketry_http.rest.problems import backend_problems
from bucketry_http.rest.schemas import ObjectView
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.connection import end_connection
from bucketry_http.shared.errors import log_failure
from bucketry_http.shared.response_body import RawHeaders, watch_disconnect

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
StartAfter = Annotated[
    str,
    QueryParameter(
        description="Only keys after this one, in byte order. The key itself need not exist. With `cursor`, the "
        "later of the two counts.",
        max_length=MAX_KEY_BYTES,
    ),
]
Etags = Annotated[bool, QueryParameter(description="List each object with its `etag`.")]


@get(
    "/buckets/{name:str}/objects",
    tags=["Objects"],
    summary="List objects",
    operation_id="listObjects",
    operation_class=ApiOperation,
    responses=backend_problems(404),
    response_headers=[
        ResponseHeader(name="Link", description='The next page, with `rel="next"`.', documentation_only=True)
    ],
)
async def list_objects(
    request: ApiRequest,
    name: Bucket,
    prefix: Prefix = "",
    limit: Limit = None,
    cursor: Cursor = None,
    etags: Etags = False,
    start_after: StartAfter = "",
) -> Response[list[ObjectView]]:
    """List a bucket's objects in byte order of their keys.

    The listing is complete, and streamed. With `limit` or `cursor` it is one page, and the `Link` header (RFC 8288)
    with `rel="next"` leads to the next one; the last page has none.
    """
    calls = request.app.calls
    options = ListOptions(
        prefix=prefix, start_after=start_after, limit=MAX_PAGE if limit is None else limit, cursor=cursor
    )
    page = await calls.call(calls.store.list_objects, name, options)
    if limit is None and cursor is None:
        return AsgiResponse(_json_array(_pages(calls, name, page, options, etags=etags)))
    headers = _next_link(name, options, page.cursor, etags=etags)
    return JsonResponse(_views(page, etags=etags), raw_headers=headers)


def _next_link(bucket: str, options: ListOptions, cursor: str | None, *, etags: bool) -> RawHeaders:
    if cursor is None:
        return []
    parameters: dict[str, str | int] = {"prefix": options.prefix, "limit": options.limit, "cursor": cursor}
    if etags:
        parameters["etags"] = "true"
    if options.start_after:
        parameters["start_after"] = options.start_after
    query = urlencode(parameters, quote_via=quote)
    return [(b"link", f'<{PREFIX}/buckets/{quote(bucket)}/objects?{query}>; rel="next"'.encode())]


async def _pages(
    calls: StoreCalls, bucket: str, first: ObjectPage, options: ListOptions, *, etags: bool
) -> AsyncGenerator[list[ObjectView], None]:
    """Yields all pages. While one is sent, the next one is asked for. So two pages are in memory at a time."""
    page, paging = first, Paging()
    while (cursor := paging.follow(page)) is not None:
        following = asyncio.ensure_future(
            calls.call(calls.store.list_objects, bucket, msgspec.structs.replace(options, cursor=cursor))
        )
        following.add_done_callback(_forget)
        await asyncio.sleep(0)  # The call begins now, before this page is sent.
        try:
            yield _views(page, etags=etags)
            page = await following
        finally:
            # A client that went away does not want the next page.
            following.cancel()
    yield _views(page, etags=etags)


def _forget(task: asyncio.Future[ObjectPage]) -> None:
    """Reads the error of a page that nobody waits for any more. Otherwise asyncio logs it."""
    if not task.cancelled():
        task.exception()


def _views(page: ObjectPage, *, etags: bool) -> list[ObjectView]:
    return list(map(ObjectView.with_etag if etags else ObjectView.of, page.objects))


def _json_array(pages: AsyncGenerator[Sequence[msgspec.Struct], None]) -> Any:
    """Returns an ASGI application that sends all items of all pages as one array.

    A page that fails after the first ends the connection before the array's end: so no client mistakes a part for the
    whole. A client that leaves ends it too.
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
            # The array has brackets of its own.
            items = separator + msgspec.json.encode(page)[1:-1]
            separator = b","
            await send({"type": "http.response.body", "body": items, "more_body": True})
            # A client that takes everything at once would keep all others from running.
            await asyncio.sleep(0)
    end = b"[]" if separator == b"[" else b"]"
    await send({"type": "http.response.body", "body": end, "more_body": False})
