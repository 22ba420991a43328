"""Downloads: the content of an object, or what is known about it."""

from __future__ import annotations

from typing import Any, Final

from bucketry import InvalidRange
from litestar import Request, Response, get, head

from bucketry_http.rest.documented_problems import errors
from bucketry_http.rest.openapi import Bucket, Download, Inline, Inspection
from bucketry_http.rest.problems import on_store_error
from bucketry_http.rest.routing import object_key
from bucketry_http.rest.storage import calls_of
from bucketry_http.shared import reading
from bucketry_http.shared.headers import disposition, headers_of, object_headers
from bucketry_http.shared.hosts import OWN_SITE, is_code
from bucketry_http.shared.reading import NOT_MODIFIED, PARTIAL_CONTENT, ReadResult
from bucketry_http.shared.response_body import ContentSender

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
    """An object's content, or headers alone, as an ASGI application: the framework adds nothing."""

    def __init__(self, found: ReadResult, headers: dict[str, str]) -> None:
        """Prepares the response.

        Args:
            found: What was read.
            headers: All headers of the response.
        """
        self._found = found
        self._raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Returns the application that sends it."""
        if self._found.reader is not None:
            return ContentSender(self._found.reader, self._found.status, self._raw)
        return self._send_body

    async def _send_body(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self._found.status, "headers": self._raw})
        await send({"type": "http.response.body", "body": self._found.body, "more_body": False})


def _headers(found: ReadResult, key: str, *, inline: bool) -> dict[str, str]:
    """Returns the headers of a response about an object, safe for a browser."""
    info = found.info
    stored = info.content_disposition or ""
    attached = stored.lower().startswith("attachment")
    show = inline and _is_harmless(info.content_type)
    chosen = stored if attached and not show else disposition("inline" if show else "attachment", key)
    headers = object_headers(info) | SAFETY_HEADERS | {"content-disposition": chosen}
    if is_code(info.content_type):
        headers |= [OWN_SITE]
    if found.status == NOT_MODIFIED:
        # RFC 9110, 15.4.5.
        del headers["content-type"]
        return headers
    headers["content-length"] = str(found.length)
    if found.status == PARTIAL_CONTENT:
        headers["content-range"] = str(found.content_range)
    return headers


def _is_harmless(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _HARMLESS or kind.startswith(_HARMLESS_FAMILIES)


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
    key = object_key(request)
    try:
        found = await reading.open_object(calls_of(request), name, key, headers_of(request.scope))
    except InvalidRange as error:
        return _unsatisfiable(request, error)
    return Content(found, _headers(found, key, inline=inline))


def _unsatisfiable(request: Request[Any, Any, Any], error: InvalidRange) -> Response[Any]:
    response = on_store_error(request, error)
    # RFC 9110, 15.5.17: the client learns the size that its range is beyond.
    response.set_header("Content-Range", f"bytes */{getattr(error, 'size_bytes', 0)}")
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
    key = object_key(request)
    found = await reading.head_object(calls_of(request), name, key, headers_of(request.scope))
    return Content(found, _headers(found, key, inline=inline))
