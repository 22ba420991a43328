"""The parts of the OpenAPI document that the handlers' signatures do not have: streamed bodies, headers, errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from bucketry.expiration_header import EXPIRATION
from bucketry.headers import OBJECT_HEADERS
from bucketry.object_lock import LEGAL_HOLD, LOCK_MODE, LOCK_UNTIL
from bucketry.rest_api import STORED_DISPOSITION
from bucketry.s3 import MAX_KEY_BYTES, MAX_TAGS
from litestar.openapi.spec import (
    Example,
    OpenAPIFormat,
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

from bucketry_http.rest.problems import RETRY_AFTER, describe
from bucketry_http.shared.headers import TAGGING, VERSION_ID

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

ObjectKey = Annotated[
    str,
    QueryParameter(
        description="The object's key, byte for byte.", schema_extra={"min_length": 1, "max_length": MAX_KEY_BYTES}
    ),
]
VersionId = Annotated[
    str | None,
    QueryParameter(
        description="Id of a version of the object; without it, the latest one.",
        schema_extra={"min_length": 1, "max_length": 1024},
    ),
]

_TEXT: Final = Schema(type=OpenAPIType.STRING)
_BINARY: Final = Schema(
    type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, content_media_type="application/octet-stream"
)
"""Raw bytes. OpenAPI 3.1 says so with the media type, and generators of clients look for the format of 3.0."""


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
_RETRY: Final = {"Retry-After": f"Seconds to wait before the next try; usually {RETRY_AFTER}."}
_CHALLENGE: Final = {"WWW-Authenticate": 'What to send: `Bearer realm="bucketry"`.'}
_KEPT: Final = "Kept, and sent with each download"
_KEPT_AS: Final = {
    "content_disposition": f"{_KEPT} if it begins with `attachment`.",
    "expires": f"An HTTP date. {_KEPT}.",
}
_KEPT_HEADERS: Final[dict[str, str]] = {
    # The content type is that of the body.
    header.name.title(): _KEPT_AS.get(header.field, f"{_KEPT}.")
    for header in OBJECT_HEADERS
    if header.field != "content_type"
} | {TAGGING: f"The object's tags, at most {MAX_TAGS}, encoded like a query: `project=one&draft`."}
"""The headers of an upload that are kept with the object."""
_LOCK: Final = {
    LOCK_MODE: "Keeps the version: `GOVERNANCE`, or `COMPLIANCE`, which nobody can end early.",
    LOCK_UNTIL: "Until when, such as `2030-01-15T10:30:00Z`. These two need each other.",
    LEGAL_HOLD: "`ON` or `OFF`: whether the version has a legal hold.",
}
"""The headers of an upload that lock the version."""

_OBJECT_HEADERS: Final[Mapping[str, str]] = {
    "ETag": "Validator of the content.",
    "Last-Modified": "When the object was last written.",
    "Accept-Ranges": "`bytes`.",
    "Content-Disposition": "`attachment` with the key's last segment as file name; `inline` if asked and harmless.",
    "X-Content-Type-Options": "`nosniff`.",
    "Content-Security-Policy": "`default-src 'none'; sandbox`.",
    **{
        header.name.title(): "As uploaded."
        for header in OBJECT_HEADERS
        if header.field not in {"content_type", "content_disposition"}
    },
    STORED_DISPOSITION: "`Content-Disposition` as uploaded, if any.",
    "x-amz-tagging-count": "How many tags the object has, if any.",
    EXPIRATION: "When lifecycle will delete it, and by which rule, if any.",
    VERSION_ID: "Id of the version, in a bucket with versions.",
    LOCK_MODE: "The mode of its retention, if any: `GOVERNANCE` or `COMPLIANCE`.",
    LOCK_UNTIL: "When its retention ends, such as `2030-01-15T10:30:00Z`.",
    LEGAL_HOLD: "`ON` or `OFF`, if its legal hold was ever set.",
}
"""The headers of a download."""


def _headers(names: Mapping[str, str]) -> dict[str, OpenAPIHeader | Reference]:
    return {name: OpenAPIHeader(description=text, schema=_TEXT) for name, text in names.items()}


@dataclass
class ApiOperation(Operation):
    """An operation of this API. A client can be generated from its description."""

    def __post_init__(self) -> None:
        """Completes the description that Litestar made from the handler's signature."""
        for parameter in self.parameters or ():
            if isinstance(parameter, Parameter):
                _leave_out_null(parameter)
        for status, response in (self.responses or {}).items():
            if isinstance(response, OpenAPIResponse):
                _describe_response(int(status), response)

    def _add(self, parameters: tuple[Parameter, ...], responses: Mapping[str, OpenAPIResponse]) -> None:
        self.parameters = [*(self.parameters or ()), *parameters]
        self.responses = {**(self.responses or {}), **responses}


def _leave_out_null(parameter: Parameter) -> None:
    """Removes ``null`` from the types of an optional parameter. A query or a header cannot say null."""
    schema = parameter.schema
    if not isinstance(schema, Schema):
        return
    kinds = [kind for kind in schema.one_of or () if not (isinstance(kind, Schema) and kind.type is OpenAPIType.NULL)]
    if len(kinds) == 1 and isinstance(kinds[0], Schema):
        schema.one_of, schema.type = None, kinds[0].type


def _describe_response(status: int, response: OpenAPIResponse) -> None:
    if status >= HTTPStatus.BAD_REQUEST:
        response.description = describe(status)
    for header in (response.headers or {}).values():
        if isinstance(header, OpenAPIHeader) and header.schema is None:
            header.schema = _TEXT
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers = {**(response.headers or {}), **_headers(_CHALLENGE)}
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        response.headers = {**(response.headers or {}), **_headers(_RETRY)}


@dataclass
class Deletion(ApiOperation):
    """A delete. Its key stands in the query or in a body, and neither is required by itself."""

    def __post_init__(self) -> None:
        """Says that the body may be left out, and that the response has none."""
        super().__post_init__()
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False
        done = (self.responses or {}).get("204")
        if isinstance(done, OpenAPIResponse):
            done.content = None  # Clients made from the document would read it as JSON.


@dataclass
class KeyOperation(ApiOperation):
    """An operation on one object, whose key is the rest of the path."""

    def __post_init__(self) -> None:
        """Describes the key."""
        super().__post_init__()
        for parameter in self.parameters or ():
            if isinstance(parameter, Parameter) and parameter.name == "key":
                parameter.description = (
                    "The object's key, percent-encoded. Slashes may stand as they are; everything behind `objects/` is "
                    "the key, byte for byte."
                )
                parameter.examples = {"key": Example(value="images/photo.jpg")}
                parameter.schema = Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_KEY_BYTES)


def _not_modified() -> OpenAPIResponse:
    names = {name: _OBJECT_HEADERS[name] for name in ("ETag", "Last-Modified")}
    return OpenAPIResponse(description="The client's copy is current.", headers=_headers(names))


@dataclass
class Download(KeyOperation):
    """A download: the content is whatever was stored."""

    def __post_init__(self) -> None:
        """Describes content, ranges and conditions."""
        super().__post_init__()
        # An object has the type that it was stored with. Generated clients look for a type that they know.
        content = {kind: OpenAPIMediaType(schema=_BINARY) for kind in ("application/octet-stream", "*/*")}
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
        """Describes headers and conditions. Responses have no content."""
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
                *(_header(name, description) for name, description in (_KEPT_HEADERS | _LOCK).items()),
            ),
            {},
        )


@dataclass
class SettingsUpload(ApiOperation):
    """An upload of a bucket's settings, whose fields depend on their kind."""

    def __post_init__(self) -> None:
        """Describes the body."""
        super().__post_init__()
        settings = Schema(type=OpenAPIType.OBJECT, description="The settings, as a `GET` of the same path shows them.")
        self.request_body = RequestBody(required=True, content={"application/json": OpenAPIMediaType(schema=settings)})


@dataclass
class FormUpload(ApiOperation):
    """An upload of a multipart form."""

    def __post_init__(self) -> None:
        """Describes the form.

        `file` is not in ``required``: files may stand in fields of any name, and generators of clients would send what
        is required first, but the fields go before the files.
        """
        super().__post_init__()
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
                    max_length=MAX_KEY_BYTES,
                ),
                "tags": Schema(
                    type=OpenAPIType.STRING,
                    description=f"The tags of each file, at most {MAX_TAGS}, encoded like a query: "
                    "`project=one&draft`. Stands before the files.",
                ),
                "file": Schema(
                    type=OpenAPIType.ARRAY,
                    items=_BINARY,
                    min_items=1,
                    description="The files. The field's name does not matter, their file names do.",
                ),
            },
            min_properties=1,
            dependent_required={"prefix": ["file"], "key": ["file"], "tags": ["file"]},
        )
        self.request_body = RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema=form)})
