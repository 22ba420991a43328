"""Opens an object for reading, and opens the rest of it after a break."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from bucketry import (
    ByteRange,
    ContentRange,
    InvalidRange,
    NotFound,
    NotModified,
    ObjectInfo,
    PreconditionFailed,
    Unavailable,
)

from bucketry_client.downloads import AsyncDownload
from bucketry_client.errors import refuse
from bucketry_client.exchange import Exchange
from bucketry_client.requests import Request, etag_header
from bucketry_client.responses import info_of, length_of, not_modified_info, range_of
from bucketry_client.sending import Incoming

_OTHER_BYTES: Final = "it has other bytes than were asked for"


def check_modified(incoming: Incoming, bucket: str, key: str) -> None:
    """Raises if a response says that the caller's copy is current.

    Raises:
        NotModified: It does.
    """
    if incoming.status == HTTPStatus.NOT_MODIFIED:
        raise NotModified(info=not_modified_info(incoming.headers), bucket=bucket, key=key)


def open_download(exchange: Exchange, key: str, incoming: Incoming, request: Request) -> AsyncDownload:
    """Returns the content of a response, which is read later.

    Args:
        exchange: Sends the requests for the rest after a break.
        key: The key.
        incoming: The response.
        request: What it responds to.

    Raises:
        BackendError: The response does not say which bytes it has, or has others than were asked for.
    """
    found: ContentRange | None = None
    if incoming.status == HTTPStatus.PARTIAL_CONTENT:
        found = range_of(incoming.headers, exchange.address)
        if not _is_asked(found, request.headers.get("range")):
            refuse(exchange.address, _OTHER_BYTES)
    size = length_of(incoming.headers, exchange.address) if found is None else found.size_bytes
    info = info_of(key, incoming.headers, size)

    async def reopen(start: int, stop: int) -> Incoming:
        return await _open_rest(exchange, request, info, ContentRange(start, stop, size))

    return AsyncDownload(info, found, incoming, reopen, resumes=exchange.trying.resumes, address=exchange.address)


def _is_asked(found: ContentRange, asked: str | None) -> bool:
    """Says whether a part of an object is what was asked for: a cache may hold another one."""
    if asked is None:
        return False
    try:
        return ByteRange.parse(asked).resolve(found.size_bytes) == found
    except InvalidRange:
        return False


async def _open_rest(exchange: Exchange, first: Request, info: ObjectInfo, wanted: ContentRange) -> Incoming:
    """Opens the rest of a download, of exactly the version that it began with.

    Raises:
        Unavailable: There is no such version any more.
    """
    request = Request(
        operation=first.operation,
        path=first.path,
        query={**first.query, "version_id": first.query.get("version_id") or info.version_id},
        headers={"range": str(ByteRange(wanted.start, wanted.stop - 1)), "if-match": etag_header(info.etag)},
    )

    async def same(incoming: Incoming) -> Incoming:
        is_part = incoming.status == HTTPStatus.PARTIAL_CONTENT
        if not is_part or range_of(incoming.headers, exchange.address) != wanted:
            refuse(exchange.address, _OTHER_BYTES)
        if info_of(info.key, incoming.headers, wanted.size_bytes).etag != info.etag:
            raise _changed()
        return incoming

    try:
        return await exchange.run(request, same, keep=True)
    except (NotFound, PreconditionFailed) as error:
        raise _changed() from error


def _changed() -> Unavailable:
    return Unavailable("the content broke off, and another version has taken its place: read the object again")
