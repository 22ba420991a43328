"""The one module in which the API steps around Litestar. ``docs/adr/0012-litestar.md`` says why, with the facts.

Everything else uses Litestar as its documentation says. These are the steps:

- **Keys**: a key in the path is bytes. `route_object_key` takes it from the raw path before Litestar routes.
- **Bodies**: `ApiRequest.body` stops waiting for slow clients and reads no more than the operation's limit.
  `StrictDTO` decodes JSON strictly.
- **Responses**: `JsonResponse` and `AsgiResponse` send what they have, without Litestar's own steps.
- **Methods**: `get_for_head` answers HEAD where there is only GET, and `options_handlers` answers OPTIONS in full.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from bucketry import TooLarge
from bucketry.rest_api import PREFIX
from litestar import Request, Response, route
from litestar.dto import AbstractDTO
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.typing import FieldDefinition

from bucketry_http.rest.validation import decode_json, decode_url
from bucketry_http.shared.errors import UnsupportedMediaType
from bucketry_http.shared.headers import headers_of
from bucketry_http.shared.record import RECORD, RequestRecord
from bucketry_http.shared.request_body import RequestBody
from bucketry_http.shared.response_body import RawHeaders, send_response

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.dto.data_structures import DTOFieldDefinition
    from litestar.openapi.spec import Reference, Schema

    from bucketry_http.rest.app import StorageApp

_BUCKETS: Final = f"{PREFIX}/buckets/".encode()
_PLACEHOLDER: Final = "-"
_OPERATIONS: Final = frozenset({b"presign", b"delete"})
"""Paths below ``objects/`` that are operations for POST. For the methods of objects they are keys."""

_KEY_METHODS: Final = frozenset({"GET", "HEAD", "PUT"})
RAW_KEY: Final = "bucketry_key"
"""Where in a request's state the key in its path is, as it came."""

BODY_LIMIT: Final = "bucketry_body_limit"
"""The key in a handler's ``opt`` that names the setting with the limit of its body, if that is not the usual one."""

_JSON: Final = "application/json"
_NO_HEADERS: Final[RawHeaders] = []
_ENCODER: Final = msgspec.json.Encoder()

T = TypeVar("T", bound=msgspec.Struct)
Send = Callable[[Any], Any]


def route_object_key(scope: dict[str, Any]) -> None:
    """Replaces the key in a request's path by a placeholder, and keeps it for `ApiRequest.key`.

    Litestar splits and normalises paths: ``a//b`` becomes ``a/b``, ``a/`` becomes ``a``, ``%2F`` becomes ``/``, and a
    key ``presign`` becomes the operation of that name.
    """
    raw_path: bytes = scope["raw_path"].partition(b"?")[0]
    if not raw_path.startswith(_BUCKETS):
        return
    bucket, _, rest = raw_path[len(_BUCKETS) :].partition(b"/")
    word, _, key = rest.partition(b"/")
    if word != b"objects" or not key or (key in _OPERATIONS and scope["method"] not in _KEY_METHODS):
        return
    scope.setdefault("state", {})[RAW_KEY] = key
    scope["path"] = f"{PREFIX}/buckets/{bucket.decode('ascii')}/objects/{_PLACEHOLDER}"


class ApiRequest(Request[Any, Any, Any]):
    """A request to the API. Its body is JSON as a rule, and has come by the time it is asked for."""

    _content: bytes | None = None

    @property
    def app(self) -> StorageApp:
        """The application, which holds the store."""
        app: StorageApp = self.scope["litestar_app"]  # type: ignore[assignment]
        return app

    @property
    def fields(self) -> dict[str, str]:
        """The headers by lower-case name, values of the same name joined."""
        return headers_of(self.scope)

    @property
    def key(self) -> str:
        """The key in the path, byte for byte.

        Raises:
            MalformedUrl: It is not UTF-8 behind its percent-encoding.
            NotFoundException: Litestar found a key where there is none, in a path with ``%2F`` or ``//`` before it.
        """
        raw: bytes | None = self.scope["state"].get(RAW_KEY)
        if raw is None:
            raise NotFoundException
        return decode_url(raw, "key")

    def note_key(self, *keys: str) -> None:
        """Records the key that the request names in its query or its body, or the keys."""
        record: RequestRecord | None = self.scope.get(RECORD)  # type: ignore[assignment]  # The key is ours.
        if record is not None and len(keys) == 1:
            record.key = keys[0]
        elif record is not None:
            record.keys = keys

    def note(self, *, operation: str = "", bucket: str = "", version_id: str | None = None) -> None:
        """Records what the request names in its body."""
        record: RequestRecord | None = self.scope.get(RECORD)  # type: ignore[assignment]  # The key is ours.
        if record is not None:
            record.operation = operation or record.operation
            record.bucket = bucket or record.bucket
            record.version_id = version_id or record.version_id

    def stream_body(self) -> RequestBody:
        """Returns the body of an operation that does not want it whole."""
        return RequestBody(self.receive, self.app.settings.idle_seconds)

    async def body(self) -> bytes:
        """Returns the whole body. Litestar calls this for handlers with ``data``.

        Raises:
            TooLarge: It is over the operation's limit.
            UnsupportedMediaType: It is not declared as JSON.
            IncompleteBody: The client went away before its end.
            SlowBody: The client sends nothing any more, or next to nothing.
        """
        if self._content is not None:
            return self._content
        body = self.stream_body()
        content = await body.next()
        if content:
            self._check_type()
        self._check_size(len(content))
        if not body.ended:
            content = await self._read_rest(content, body)
        self._content = content
        return content

    async def _read_rest(self, begun: bytes, body: RequestBody) -> bytes:
        # Adding to bytes would copy all of them each time.
        content = bytearray(begun)
        while piece := await body.next():
            content += piece
            self._check_size(len(content))
        return bytes(content)

    def _check_type(self) -> None:
        """Refuses any other type than JSON: a browser's page may send some others without asking first."""
        declared = self.headers.get("content-type", "")
        # Parameters mean nothing here (RFC 8259, 11).
        if declared.partition(";")[0].strip().lower() != _JSON:
            shown = repr(declared[:100]) if declared else "nothing"
            raise UnsupportedMediaType(f"it must be {_JSON}, and the request says {shown}")

    def _check_size(self, size: int) -> None:
        name = self.route_handler.opt.get(BODY_LIMIT, "max_json_bytes")
        limit: int = getattr(self.app.settings, name)
        if size > limit:
            raise TooLarge(f"the body of this request may have {limit} bytes", max_size_bytes=limit)


class StrictDTO(AbstractDTO[T]):
    """Tells Litestar to decode a handler's ``data`` strictly. Litestar's own decoder accepts ``"60"`` for 60."""

    model_type: type[T]

    def decode_bytes(self, value: bytes) -> Any:
        """Decodes the body of a request."""
        return decode_json(self.model_type, value)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Does nothing: the Struct itself is the model."""

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,  # noqa: ARG003
        handler_id: str,  # noqa: ARG003
        schema_creator: SchemaCreator,
    ) -> Reference | Schema:
        """Describes the Struct itself. A body that may be left out is absent then, and never null."""
        return schema_creator.for_field_definition(FieldDefinition.from_annotation(cls.model_type))

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003
        """Says no: results of handlers need no DTO."""
        return False

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:  # noqa: ARG003
        """Yields nothing: no other model is made from this one."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003
        """Says no: see `generate_field_definitions`."""
        return False


def application(status: int, headers: RawHeaders, body: bytes) -> Any:
    """Returns an ASGI application that sends a response whose body is in memory."""

    # Litestar names the arguments.
    async def send_all(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        await send_response(send, status, headers, body)

    return send_all


class AsgiResponse(Response[Any]):
    """A response that is an ASGI application already. Litestar adds nothing to it."""

    def __init__(self, application: Any) -> None:
        """Takes the application, which sends status, headers and body."""
        self._application = application

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Returns the application."""
        return self._application


class JsonResponse(Response[Any]):
    """A result as JSON, or nothing for ``None``. Litestar's own response takes a good part of a small request."""

    def __init__(
        self,
        content: Any,
        *,
        status_code: int | None = None,
        media_type: str = _JSON,
        raw_headers: RawHeaders = _NO_HEADERS,
        **_: Any,
    ) -> None:
        """Called by Litestar for what a handler returns, or by a handler.

        Args:
            content: What to send.
            status_code: The status; ``None``: the handler's.
            media_type: The media type of the content.
            raw_headers: Headers of this response alone.
        """
        self.content = content
        self.status_code = status_code
        self._content_type = media_type.encode()
        self._raw_headers = raw_headers

    def to_asgi_response(
        self,
        app: Any,
        request: Request[Any, Any, Any],
        *,
        headers: Mapping[str, str] | None = None,
        status_code: int | None = None,
        **_: Any,
    ) -> Any:
        """Returns the ASGI application that sends it. A response to HEAD has no content (RFC 9110, 9.3.2)."""
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()] if headers else []
        raw += self._raw_headers
        body = b""
        if self.content is not None:
            body = _ENCODER.encode(self.content)
            raw += [(b"content-type", self._content_type), (b"content-length", b"%d" % len(body))]
            if request.scope["method"] == "HEAD":
                body = b""
        return application(self.status_code or status_code or HTTPStatus.OK, raw, body)


def get_for_head(scope: Any, send: Send) -> tuple[Any, Send]:
    """Returns the GET request for the same path, and a ``send`` that leaves the content out (RFC 9110, 9.3.2).

    The documentation page, the OpenAPI document and health need it. Within the API, objects have a HEAD of their own,
    and nothing else has one.
    """

    async def send_head(message: Any) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                return
            message = {**message, "body": b""}
        await send(message)

    return {**scope, "method": "GET"}, send_head


def options_handlers(handlers: Iterable[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """Returns a handler of OPTIONS for each path of these handlers (RFC 9110, 9.3.7). Register them before these.

    Litestar answers OPTIONS by itself. For a path whose handlers are registered one by one, it names only the first.
    """
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, {"OPTIONS"}).update(handler.http_methods)
    return [_options_handler(path, ", ".join(sorted(found))) for path, found in methods.items()]


def _options_handler(path: str, allow: str) -> HTTPRouteHandler:
    @route(path, http_method=[HttpMethod.OPTIONS], status_code=204, include_in_schema=False)
    async def options(request: ApiRequest) -> Response[None]:  # noqa: ARG001
        return Response(None, headers={"Allow": allow})

    return options
