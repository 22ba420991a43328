"""Downloads: the content of an object, or what is known about it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import bucketry as core
import msgspec
from bucketry import ByteRange, GetOptions, ObjectInfo, OpenedObject, Store
from litestar import Request, Response, get, head

from bucketry_http.rest.documented_problems import errors
from bucketry_http.rest.openapi import Bucket, Download, Inline, Inspection
from bucketry_http.rest.problems import on_store_error
from bucketry_http.rest.routing import object_key
from bucketry_http.rest.storage import calls_of
from bucketry_http.shared.conditions import UNCONDITIONAL, open_requested, read_options
from bucketry_http.shared.content_types import OWN_SITE, is_code
from bucketry_http.shared.headers import disposition, headers_of, object_headers
from bucketry_http.shared.sending import ContentReader, ContentSender

SAFETY_HEADERS: Final = {
    # What users upload must never run as a page of this host.
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
}

_HARMLESS: Final = frozenset(
    {"text/plain", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
)
"""Types that a browser may show in place: nothing in them runs. SVG and PDF hold scripts."""

_HARMLESS_FAMILIES: Final = ("audio/", "video/")


class Content(Response[None]):
    """An answer that is an ASGI application already, or headers alone: nothing of the framework's own is needed."""

    def __init__(self, status: int, headers: dict[str, str], reader: ContentReader | None = None) -> None:
        """Prepares the answer.

        Args:
            status: The HTTP status.
            headers: All its headers.
            reader: The content, if there is any to send.
        """
        self._status = status
        self._raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self._reader = reader

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Returns the application that sends it."""
        if self._reader is not None:
            return ContentSender(self._reader, self._status, self._raw)
        return self._send_headers

    async def _send_headers(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self._status, "headers": self._raw})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Target(msgspec.Struct, frozen=True):
    """The object that a request is about."""

    store: Store
    bucket: str
    key: str
    headers: dict[str, str]
    inline: bool

    def head(self) -> ObjectInfo:
        """Looks at it without conditions."""
        return self.store.head_object(self.bucket, self.key)

    def head_as_asked(self) -> ObjectInfo:
        """Looks at it under the request's conditions."""
        options = read_options(self.headers, self.head)
        return self.head() if options == UNCONDITIONAL else self.store.head_object(self.bucket, self.key, options)

    def open_as_asked(self) -> OpenedObject:
        """Opens it under the request's conditions, and the range of it that is asked for."""
        conditions = read_options(self.headers, self.head)

        def open_object(wanted: ByteRange | None) -> OpenedObject:
            if wanted is None and conditions == UNCONDITIONAL:
                return self.store.get_object(self.bucket, self.key)
            options = GetOptions(**msgspec.structs.asdict(conditions), range=wanted)
            return self.store.get_object(self.bucket, self.key, options)

        return open_requested(self.headers, self.head, open_object)

    def response_headers(self, info: ObjectInfo) -> dict[str, str]:
        """Returns the headers of an answer about it, safe for a browser."""
        stored = info.content_disposition or ""
        attached = stored.lower().startswith("attachment")
        show = self.inline and _is_harmless(info.content_type)
        chosen = stored if attached and not show else disposition("inline" if show else "attachment", self.key)
        headers = object_headers(info) | SAFETY_HEADERS | {"content-disposition": chosen}
        return headers | dict([OWN_SITE]) if is_code(info.content_type) else headers

    def not_modified(self) -> Content:
        """Returns the answer that the client's copy is current, with the headers of RFC 9110, 15.4.5."""
        headers = self.response_headers(self.head())
        del headers["content-type"]
        return Content(HTTPStatus.NOT_MODIFIED, headers)


def _is_harmless(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _HARMLESS or kind.startswith(_HARMLESS_FAMILIES)


def _target(request: Request[Any, Any, Any], bucket: str, *, inline: bool) -> Target:
    key = object_key(request)
    return Target(calls_of(request).store, bucket, key, headers_of(request.scope), inline)


@get(
    "/buckets/{name:str}/objects/{key:str}",
    tags=["Objects"],
    summary="Download an object",
    operation_id="getObject",
    operation_class=Download,
    responses=errors(404, 412, 416),
)
async def get_object(request: Request[Any, Any, Any], name: Bucket, inline: Inline = False) -> Response[None]:
    """Send an object's content, or a range of it (RFC 9110, 14), conditionally if asked (RFC 9110, 13).

    It is sent as an attachment, unless `inline=true` asks otherwise for a type that is harmless in a browser.
    """
    calls, target = calls_of(request), _target(request, name, inline=inline)
    try:
        opened = await calls.call(target.open_as_asked)
    except core.NotModified:
        return await calls.call(target.not_modified)
    except core.InvalidRange as error:
        return await calls.call(_unsatisfiable, request, target, error)
    headers = target.response_headers(opened.info) | {"content-length": str(opened.length)}
    # No bytes have no Content-Range (RFC 9110, 14.4): as S3, the last bytes of an empty object are sent as all of it.
    if opened.content_range is None or not opened.length:
        return Content(HTTPStatus.OK, headers, ContentReader(calls, opened))
    headers["content-range"] = str(opened.content_range)
    return Content(HTTPStatus.PARTIAL_CONTENT, headers, ContentReader(calls, opened))


def _unsatisfiable(request: Request[Any, Any, Any], target: Target, error: core.InvalidRange) -> Response[Any]:
    response = on_store_error(request, error)
    # RFC 9110, 15.5.17: the client learns the size that its range is beyond.
    response.set_header("Content-Range", f"bytes */{target.head().size_bytes}")
    return response


@head(
    "/buckets/{name:str}/objects/{key:str}",
    tags=["Objects"],
    summary="Look at an object",
    operation_id="headObject",
    operation_class=Inspection,
    responses=errors(404, 412),
)
async def head_object(request: Request[Any, Any, Any], name: Bucket, inline: Inline = False) -> Response[None]:
    """Send the headers that a download of the whole object would have, without content."""
    calls, target = calls_of(request), _target(request, name, inline=inline)
    try:
        info = await calls.call(target.head_as_asked)
    except core.NotModified:
        return await calls.call(target.not_modified)
    return Content(HTTPStatus.OK, target.response_headers(info) | {"content-length": str(info.size_bytes)})
