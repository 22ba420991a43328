"""Checks JSON bodies and query parameters, and says in the API's own words what is wrong with them.

The texts of the decoder and of Litestar are written for programmers in Python, and change with their releases. What a
field or parameter must be comes from the same types that they decode by.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from bucketry import InvalidArgument
from bucketry.decoding import from_json
from litestar import Request
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import KwargDefinition, QueryParameter
from litestar.typing import FieldDefinition
from msgspec import inspect

from bucketry_http.shared.errors import RequestError
from bucketry_http.shared.strict_json import RepeatedName, check_names

_OBJECT: Final = "the body must be a JSON object"
_KINDS: Final = {b"[": "an array", b'"': "a string", b"t": "true", b"f": "false", b"n": "null"}
"""What a JSON value is, by its first character; others are numbers."""

_DIGITS: Final = re.compile("[0-9]+")

T = TypeVar("T", bound=msgspec.Struct)


class MalformedJson(RequestError):
    """The body is not JSON."""

    code = "malformed_json"
    sentence = "The body is not valid JSON"


class MalformedUrl(RequestError):
    """The path or query is not UTF-8 behind its percent-encoding."""

    code = "malformed_url"
    sentence = "The URL is not valid"


def decode_json(kind: type[T], body: bytes) -> T:
    """Decodes a JSON body strictly.

    Raises:
        MalformedJson: It is not JSON.
        InvalidArgument: A field is missing, unknown, repeated, of the wrong type or out of bounds; the message says
            which.
    """
    try:
        found = from_json(body, kind)
        check_names(body)
    except msgspec.ValidationError:
        raise InvalidArgument(_wrong_body(kind, body)) from None
    except RepeatedName as error:
        raise InvalidArgument(f"the field `{error.name[:100]}` may stand in the body once") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedJson("it is malformed or truncated: send one JSON object, in UTF-8") from None
    return found


def decode_url(raw: bytes, what: str) -> str:
    """Returns the text behind percent-encoding.

    Args:
        raw: A part of the URL.
        what: What it is, for the message.

    Raises:
        MalformedUrl: It is not UTF-8.
    """
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise MalformedUrl(f"the {what} is not UTF-8 behind its percent-encoding") from None


def check_query(request: Request[Any, Any, Any]) -> None:
    """Refuses a query that the operation does not have, or that Litestar would read as another one.

    Raises:
        MalformedUrl: It is not UTF-8 behind its percent-encoding: other characters would stand in a key's place.
        InvalidArgument: It has a parameter that the operation does not have, or one more than once, or a number that is
            not written in digits alone: Litestar would accept ``1e2``.
    """
    query: bytes = request.scope["query_string"]
    if not query:
        return
    handler: BaseRouteHandler = request.route_handler
    if not isinstance(handler, HTTPRouteHandler) or not handler.resolve_include_in_schema():
        return
    if b"%" in query:
        decode_url(query, "query")
    known = _parameters_of(handler)
    seen: set[str] = set()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise InvalidArgument(f"this operation has no query parameter `{name[:100]}`: {takes}")
        if name in seen:
            raise InvalidArgument(f"the parameter `{name[:100]}` may stand in the query once")
        seen.add(name)
        if int in _kinds(known[name]) and not _DIGITS.fullmatch(value):
            raise InvalidArgument(wrong_parameter(name, known[name]))


@cache
def _parameters_of(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    fields = handler.parsed_fn_signature.parameters.values()
    return {field.name: field for field in fields if isinstance(field.kwarg_definition, QueryParameter)}


def wrong_parameter(name: str, field: FieldDefinition | None) -> str:
    """Returns what a parameter must be that is something else."""
    definition = None if field is None else field.kwarg_definition
    bounds = definition if isinstance(definition, KwargDefinition) else KwargDefinition()
    if bool in _kinds(field):
        wanted = "true or false"
    elif int in _kinds(field):
        wanted = f"a whole number from {bounds.ge} to {bounds.le}"
    elif bounds.max_length is not None:
        wanted = f"text of at most {bounds.max_length} characters"
    else:
        wanted = "text"
    return f"the parameter `{name}` must be {wanted}"


def _kinds(field: FieldDefinition | None) -> tuple[Any, ...]:
    return () if field is None else (field.annotation, *(inner.annotation for inner in field.inner_types))


def _wrong_body(kind: type[msgspec.Struct], body: bytes) -> str:
    """Returns why a body is not of this kind. As far as it was read, it is JSON."""
    start = body.lstrip()[:1]
    if start != b"{":
        return f"{_OBJECT}, not {_KINDS.get(start, 'a number')}"
    try:
        found = from_json(body, dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"{_OBJECT} with the fields of this operation"
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if field.required and name not in found:
            return f"the field `{name}` is required"
    for name, value in found.items():
        if name not in fields:
            known = " and ".join(f"`{each}`" for each in fields)
            return f"the body has a field `{name[:100]}`: it may have {known}"
        if not _fits(value, fields[name].type):
            return f"`$.{name}` must be {_described(inspect.type_info(fields[name].type))}"
    return _OBJECT


def _fits(value: msgspec.Raw, kind: Any) -> bool:
    try:
        from_json(value, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _described(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return _described(kind.type)
    if isinstance(kind, inspect.IntType):
        return f"a whole number from {kind.ge} to {kind.le}"
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f'"{value}"' for value in kind.values)
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_described(each) for each in kind.types if not isinstance(each, inspect.NoneType))
    if isinstance(kind, inspect.BoolType):
        return "true or false"
    if isinstance(kind, inspect.DictType):
        return "an object whose values are strings"
    if isinstance(kind, inspect.ListType):
        return f"a list of {kind.min_length} to {kind.max_length} strings"
    return "a string"
