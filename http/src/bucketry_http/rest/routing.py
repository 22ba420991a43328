"""Object keys in the path, byte for byte.

The router splits and normalises paths: it would take ``a//b`` for ``a/b``, ``a/`` for ``a``, ``%2F`` for ``/``, and a
key ``presign`` for the operation of that name. So the key is taken from the raw path before routing, and a placeholder
that stands for all keys goes to the router.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_to_bytes

from litestar.connection import ASGIConnection

from bucketry_http.rest.problems import MalformedUrl

PREFIX: Final = "/api/v1/storage"
_BUCKETS: Final = f"{PREFIX}/buckets/".encode()
_PLACEHOLDER: Final = "-"
_OPERATIONS: Final = frozenset({b"presign", b"delete"})
_KEY_METHODS: Final = frozenset({"GET", "HEAD", "PUT"})
_STATE: Final = "bucketry_key"


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


def check_query(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuses a query that is not UTF-8: the framework would put other characters in a key's place.

    Raises:
        MalformedUrl: It is not UTF-8 behind its percent-encoding.
    """
    query: bytes = connection.scope["query_string"]
    if b"%" not in query:
        return
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise MalformedUrl("the query is not UTF-8 behind its percent-encoding") from None


def object_key(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Returns the key in a request's path.

    Raises:
        MalformedUrl: It is not UTF-8 behind its percent-encoding.
    """
    raw: bytes = connection.scope["state"][_STATE]
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise MalformedUrl("the key is not UTF-8 behind its percent-encoding") from None
