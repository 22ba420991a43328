"""JSON bodies of requests, decoded strictly: a number in quotes is no number."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec
from bucketry import InvalidArgument, TooLarge
from litestar import Request
from litestar.dto import AbstractDTO
from litestar.types import Empty
from litestar.typing import FieldDefinition

from bucketry_http.rest.faults_of_input import fault_of_body
from bucketry_http.rest.problems import MalformedJson
from bucketry_http.rest.storage import app_of
from bucketry_http.shared.errors import UnsupportedMediaType
from bucketry_http.shared.request_body import RequestBody
from bucketry_http.shared.strict_json import RepeatedName, check_names

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.dto.data_structures import DTOFieldDefinition
    from litestar.openapi.spec import Reference, Schema

_JSON: Final = "application/json"

T = TypeVar("T", bound=msgspec.Struct)


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode(kind: type[T], body: bytes) -> T:
    """Decodes a JSON body.

    Raises:
        MalformedJson: It is no JSON.
        InvalidArgument: A field is missing, unknown, repeated, of the wrong type or out of bounds; the message says
            which.
    """
    try:
        found = cast("T", _decoder(kind).decode(body))
        check_names(body)
    except msgspec.ValidationError:
        raise InvalidArgument(fault_of_body(kind, body)) from None
    except RepeatedName as error:
        raise InvalidArgument(f"the field `{error.name[:100]}` may stand in the body once") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedJson("it is malformed or truncated: send one JSON object, in UTF-8") from None
    return found


class ApiRequest(Request[Any, Any, Any]):
    """A request whose body, as a rule, has come by the time it is asked for: then nothing needs to be streamed."""

    async def body(self) -> bytes:
        """Returns the body.

        Raises:
            TooLarge: It is over the operation's limit.
            UnsupportedMediaType: It is not declared as JSON.
            IncompleteBody: The client went away before its end, or sends nothing any more or next to nothing.
        """
        if self._body is not Empty:
            return self._body
        content = RequestBody(self.receive, app_of(self).settings.idle_seconds)
        body = await content.next()
        if body:
            self._check_type()
        self._check_size(len(body))
        if not content.ended:
            body = await self._rest(body, content)
        self._body = body
        return body

    async def _rest(self, begun: bytes, content: RequestBody) -> bytes:
        # To add to bytes would copy all of them each time.
        body = bytearray(begun)
        while piece := await content.next():
            body += piece
            self._check_size(len(body))
        return bytes(body)

    def _check_type(self) -> None:
        """Only a browser's page needs to declare another type: then it need not ask before it sends the request."""
        declared = self.headers.get("content-type", "")
        # Parameters mean nothing here (RFC 8259, 11).
        if declared.partition(";")[0].strip().lower() != _JSON:
            shown = repr(declared[:100]) if declared else "nothing"
            raise UnsupportedMediaType(f"it must be {_JSON}, and the request says {shown}")

    def _check_size(self, size: int) -> None:
        limit = self.route_handler.resolve_request_max_body_size()
        if limit is not None and size > limit:
            raise TooLarge(f"the body of this request may have {limit} bytes")


class Strict(AbstractDTO[T]):
    """Tells Litestar to decode a handler's ``data`` strictly: its own way takes ``"60"`` for 60."""

    model_type: type[T]

    def decode_bytes(self, value: bytes) -> Any:
        """Decodes the body of a request."""
        return decode(self.model_type, value)

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
        """Describes the Struct itself, also where the body may be left out: then it is absent, and never null."""
        return schema_creator.for_field_definition(FieldDefinition.from_annotation(cls.model_type))

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003
        """Keeps out of what handlers return."""
        return False

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:  # noqa: ARG003
        """Yields nothing: no other model is made from this one."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003
        """Says no: see `generate_field_definitions`."""
        return False
