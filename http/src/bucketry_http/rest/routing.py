"""Object keys in the path, byte for byte.

The router splits and normalises paths: it would take ``a//b`` for ``a/b``, ``a/`` for ``a``, ``%2F`` for ``/``, and a
key ``presign`` for the operation of that name. So the key is taken from the raw path before routing, and a placeholder
that stands for all keys goes to the router.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from bucketry import InvalidArgument
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from bucketry_http.rest.faults_of_input import fault_of_parameter, is_number
from bucketry_http.rest.problems import MalformedUrl

PREFIX: Final = "/api/v1/storage"
_BUCKETS: Final = f"{PREFIX}/buckets/".encode()
_PLACEHOLDER: Final = "-"
_OPERATIONS: Final = frozenset({b"presign", b"delete"})
_KEY_METHODS: Final = frozenset({"GET", "HEAD", "PUT"})
_STATE: Final = "bucketry_key"
_DIGITS: Final = re.compile("[0-9]+")


def route_object_key(scope: dict[str, Any]) -> None:
    """Replaces the key in a request's path by a placeholder, and keeps it for `object_key`."""
    raw_path: bytes = scope["raw_path"].partition(b"?")[0]
    if not raw_path.startswith(_BUCKETS):
        return
    bucket, _, rest = raw_path[len(_BUCKETS) :].partition(b"/")
    word, _, key = rest.partition(b"/")
    if word != b"objects" or not key or (key in _OPERATIONS and scope["method"] not in _KEY_METHODS):
        return
    scope.setdefault("state", {})[_STATE] = key
    scope["path"] = f"{PREFIX}/buckets/{bucket.decode('ascii')}/objects/{_PLACEHOLDER}"


async def check_query(request: Request[Any, Any, Any]) -> None:
    """Refuses a query that an operation does not have, or that the framework would take for another one.

    It runs before each handler, as the framework's ``before_request``: a guard would cost a copy of the handler.

    Raises:
        MalformedUrl: It is not UTF-8 behind its percent-encoding: other characters would stand in a key's place.
        InvalidArgument: It has a parameter that the operation does not have, or one more than once, or a number that is
            not written in digits alone: the framework would take ``1e2`` for one.
    """
    query: bytes = request.scope["query_string"]
    if not query:
        return
    handler: BaseRouteHandler = request.route_handler
    if not isinstance(handler, HTTPRouteHandler) or not handler.resolve_include_in_schema():
        return
    if b"%" in query:
        _decoded(query, "query")
    known = _parameters_of(handler)
    seen: set[str] = set()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise InvalidArgument(f"this operation has no query parameter `{name[:100]}`: {takes}")
        if name in seen:
            raise InvalidArgument(f"the parameter `{name[:100]}` may stand in the query once")
        seen.add(name)
        if is_number(known[name]) and not _DIGITS.fullmatch(value):
            raise InvalidArgument(fault_of_parameter(name, known[name]))


@cache
def _parameters_of(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    fields = handler.parsed_fn_signature.parameters.values()
    return {field.name: field for field in fields if isinstance(field.kwarg_definition, QueryParameter)}


def object_key(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Returns the key in a request's path.

    Raises:
        MalformedUrl: It is not UTF-8 behind its percent-encoding.
        NotFoundException: The framework has found a key where there is none, in a path with `%2F` or `//` before it.
    """
    raw: bytes | None = connection.scope["state"].get(_STATE)
    if raw is None:
        raise NotFoundException
    return _decoded(raw, "key")


def _decoded(raw: bytes, what: str) -> str:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise MalformedUrl(f"the {what} is not UTF-8 behind its percent-encoding") from None
