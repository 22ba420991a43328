"""What the OpenAPI document says beyond the handlers' signatures: bodies that are streamed, headers, errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Example,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.params import PathParameter, QueryParameter

from bucketry_http.rest.problems import MEDIA_TYPE, Problem

Bucket = Annotated[
    str,
    PathParameter(
        description="The bucket's name.",
        examples=[Example(value="my-assets")],
        schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9_-]$"},
    ),
]
Inline = Annotated[
    bool,
    QueryParameter(
        description="Show it in the browser instead of saving it, where its type is harmless: plain text, raster "
        "images, audio, video. All others are attachments always."
    ),
]

_TEXT: Final = Schema(type=OpenAPIType.STRING)
_BINARY: Final = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")

_CODES: Final[Mapping[int, str]] = {
    400: "`malformed_json`, `malformed_form`, `malformed_url`, `malformed_request`, `incomplete_body`",
    403: "`access_denied`: the backend refuses the server's credentials",
    404: "`no_such_bucket`, `no_such_key`",
    409: "`bucket_already_exists`, `bucket_not_empty`",
    412: "`precondition_failed`",
    413: "`too_large`",
    415: "`unsupported_media_type`",
    416: "`invalid_range`",
    422: "`invalid_argument`, `invalid_bucket_name`, `invalid_key`, `bad_digest`",
    501: "`unsupported`: the store cannot do this",
    502: "`backend_error`: the backend failed",
    503: "`unavailable`, `throttled`: try again after `Retry-After` seconds",
    507: "`quota_exceeded`",
}

_ANYWHERE: Final = (400, 403, 422, 501, 502, 503)
"""What any operation on a backend may fail with."""


def errors(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the problems that an operation may answer with: these, and those that any may."""
    return {status: _problem(status) for status in sorted({*statuses, *_ANYWHERE})}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the problems of an operation that asks no backend."""
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> ResponseSpec:
    return ResponseSpec(
        Problem,
        generate_examples=False,
        description=f"{HTTPStatus(status).phrase}. Codes: {_CODES[status]}",
        media_type=MEDIA_TYPE,
    )


def _header(name: str, description: str) -> Parameter:
    return Parameter(name=name, param_in="header", required=False, description=description, schema=_TEXT)


_READ_CONDITIONS: Final = (
    _header("If-Match", "Only if the object has one of these etags; else 412."),
    _header("If-None-Match", "Only if the object has none of these etags; else 304."),
    _header("If-Modified-Since", "Only if it changed after this HTTP date; else 304."),
    _header("If-Unmodified-Since", "Only if it did not change after this HTTP date; else 412."),
)
_RANGE: Final = (
    _header("Range", "One byte range, such as `bytes=0-99`, `bytes=100-` or `bytes=-100`."),
    _header("If-Range", "Send the range only if this etag or date is still current, else all."),
)
_OBJECT_HEADERS: Final[Mapping[str, str]] = {
    "ETag": "Validator of the content.",
    "Last-Modified": "When the object was last written.",
    "Accept-Ranges": "`bytes`.",
    "Content-Disposition": "`attachment` with the key's last segment as file name; `inline` if asked and harmless.",
    "X-Content-Type-Options": "`nosniff`.",
    "Content-Security-Policy": "`default-src 'none'; sandbox`.",
}


def _headers(names: Mapping[str, str]) -> dict[str, OpenAPIHeader | Reference]:
    return {name: OpenAPIHeader(description=text, schema=_TEXT) for name, text in names.items()}


@dataclass
class KeyOperation(Operation):
    """An operation on one object, whose key is the rest of the path."""

    def __post_init__(self) -> None:
        """Describes the key and the answers without a body that Litestar knows of."""
        for parameter in self.parameters or ():
            if isinstance(parameter, Parameter) and parameter.name == "key":
                parameter.description = (
                    "The object's key, percent-encoded. Slashes may stand as they are; everything behind `objects/` is "
                    "the key, byte for byte."
                )
                parameter.examples = {"key": Example(value="images/photo.jpg")}
                parameter.schema = Schema(type=OpenAPIType.STRING, min_length=1, max_length=1024)

    def _add(self, parameters: tuple[Parameter, ...], responses: Mapping[str, OpenAPIResponse]) -> None:
        self.parameters = [*(self.parameters or ()), *parameters]
        self.responses = {**(self.responses or {}), **responses}


def _not_modified() -> OpenAPIResponse:
    names = {name: _OBJECT_HEADERS[name] for name in ("ETag", "Last-Modified")}
    return OpenAPIResponse(description="The client's copy is current.", headers=_headers(names))


@dataclass
class Download(KeyOperation):
    """A download: the content is whatever was stored."""

    def __post_init__(self) -> None:
        """Describes content, ranges and conditions."""
        super().__post_init__()
        content = {"*/*": OpenAPIMediaType(schema=_BINARY)}
        ranged = {**_OBJECT_HEADERS, "Content-Range": "Which bytes these are, and of how many."}
        self._add(
            (*_READ_CONDITIONS, *_RANGE),
            {
                "200": OpenAPIResponse("The content.", headers=_headers(_OBJECT_HEADERS), content=content),
                "206": OpenAPIResponse("The range.", headers=_headers(ranged), content=content),
                "304": _not_modified(),
            },
        )


@dataclass
class Inspection(KeyOperation):
    """The headers of a download."""

    def __post_init__(self) -> None:
        """Describes headers and conditions; answers have no content."""
        super().__post_init__()
        for response in (self.responses or {}).values():
            if isinstance(response, OpenAPIResponse):
                response.content = None
        self._add(
            _READ_CONDITIONS,
            {"200": OpenAPIResponse("The object.", headers=_headers(_OBJECT_HEADERS)), "304": _not_modified()},
        )


@dataclass
class RawUpload(KeyOperation):
    """An upload of a raw body."""

    def __post_init__(self) -> None:
        """Describes the body and the headers that are kept or checked."""
        super().__post_init__()
        self.request_body = RequestBody(
            description="The content, with `Content-Length` or chunked.",
            content={"application/octet-stream": OpenAPIMediaType(schema=_BINARY)},
        )
        self._add(
            (
                _header("If-Match", "Only in place of the object with this etag; else 412."),
                _header("If-None-Match", "`*`: only if the key holds no object yet; else 412."),
                _header("Content-MD5", "The content's MD5 in base64; checked."),
                _header("Cache-Control", "Kept, and sent with each download."),
                _header("Content-Disposition", "Kept, and sent with each download if it begins with `attachment`."),
                _header("Content-Encoding", "Kept, and sent with each download."),
                _header("Content-Language", "Kept, and sent with each download."),
            ),
            {},
        )


@dataclass
class FormUpload(Operation):
    """An upload of a multipart form."""

    def __post_init__(self) -> None:
        """Describes the form."""
        form = Schema(
            type=OpenAPIType.OBJECT,
            properties={
                "prefix": Schema(
                    type=OpenAPIType.STRING,
                    description="Goes in front of every file name as it is. Stands before the files; not beside `key`.",
                    max_length=1023,
                ),
                "key": Schema(
                    type=OpenAPIType.STRING,
                    description="The key of the one file that follows, in place of its name. Not beside `prefix`.",
                    min_length=1,
                    max_length=1024,
                ),
                "file": Schema(
                    type=OpenAPIType.ARRAY,
                    items=_BINARY,
                    min_items=1,
                    description="The files. The field's name does not matter, their file names do.",
                ),
            },
            required=["file"],
        )
        self.request_body = RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema=form)})
