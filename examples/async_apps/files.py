"""What the applications share: files in one bucket of a store."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, NamedTuple

from bucketry import (
    BucketAlreadyExists,
    BucketryError,
    ByteRange,
    GetOptions,
    InvalidArgument,
    InvalidKey,
    InvalidRange,
    NotFound,
    ObjectInfo,
    PutOptions,
    TooLarge,
)
from bucketry.aio import AsyncBody, AsyncStore, Opening, open_store
from bucketry.ranges import unsatisfied_range

BUCKET = "files"

OPENED = "opened"
"""Where a request keeps what it has opened, in its ASGI scope."""

STATUS_OF = {
    NotFound: HTTPStatus.NOT_FOUND,
    InvalidRange: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InvalidKey: HTTPStatus.BAD_REQUEST,
    InvalidArgument: HTTPStatus.BAD_REQUEST,
}


class Download(NamedTuple):
    """What to send."""

    status: int
    headers: dict[str, str]
    content: AsyncIterator[bytes]


class ClosesWhatWasOpened:
    """Middleware: what a request has opened is closed when it ends.

    A response does not do that: if the client has left before the first byte, nobody even begins to read the content.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with AsyncExitStack() as opened:
            scope[OPENED] = opened
            await self._app(scope, receive, send)


class Files:
    """The files of an application."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store

    async def upload(
        self, key: str, body: AsyncIterator[bytes], content_type: str | None, length: str | None
    ) -> dict[str, object]:
        """Stores the body of a request, as fast as the storage takes it."""
        options = PutOptions(content_type=content_type or "application/octet-stream")
        source = AsyncBody(body, int(length)) if length is not None else body
        info = await self._store.put_object(BUCKET, key, source, options)
        return {"key": info.key, "size_bytes": info.size_bytes, "etag": info.etag}

    async def head(self, key: str) -> dict[str, str]:
        """Returns the headers of the response to HEAD, which has no content, and no range."""
        info = await self._store.head_object(BUCKET, key)
        return _headers(info, info.size_bytes)

    async def download(self, scope: Any, key: str, range_header: str | None) -> Download:
        """Opens an object, or a range of it. It is closed with the request, whose ASGI scope is given."""
        wanted = ByteRange.parse(range_header) if range_header else None
        opening = self._store.get_object(BUCKET, key, GetOptions(range=wanted))
        opened = await scope[OPENED].enter_async_context(opening)
        headers = _headers(opened.info, opened.length)
        if opened.content_range is not None:
            headers["Content-Range"] = str(opened.content_range)
        status = HTTPStatus.OK if opened.content_range is None else HTTPStatus.PARTIAL_CONTENT
        return Download(status.value, headers, opened)

    async def link(self, key: str) -> dict[str, str]:
        """Makes a URL with which anybody can download the object for a while."""
        await self._store.head_object(BUCKET, key)
        made = await self._store.presign(BUCKET, key)
        return {"url": made.url, "expires_at": made.expires_at.isoformat()}


def _headers(info: ObjectInfo, length: int) -> dict[str, str]:
    return {
        "Content-Type": info.content_type,
        "Content-Length": str(length),
        "ETag": f'"{info.etag}"',
        "Accept-Ranges": "bytes",
    }


def response_to(error: BucketryError) -> tuple[int, dict[str, str], dict[str, object]]:
    """Returns the status, the headers and the body of the response to an error."""
    status = next((status for kind, status in STATUS_OF.items() if isinstance(error, kind)), HTTPStatus.BAD_GATEWAY)
    size = error.size_bytes if isinstance(error, InvalidRange) else None
    headers = {} if size is None else {"Content-Range": unsatisfied_range(size)}
    return status.value, headers, {"code": error.code, "detail": error.detail}


@asynccontextmanager
async def files_in(store: Opening[AsyncStore] | None) -> AsyncIterator[Files]:
    """Opens the store for as long as an application runs; ``None``: the one that the variable ``STORE`` names."""
    async with store or open_store(os.environ.get("STORE", "memory://")) as opened:
        with suppress(BucketAlreadyExists):
            await opened.create_bucket(BUCKET)
        yield Files(opened)
