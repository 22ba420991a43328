"""Conditions of writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bucketry import ObjectInfo

from bucketry_http.s3.errors import not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.shared.conditions import ANY, match_option

_NO_CONDITIONS: Final[Mapping[str, Any]] = {}


async def write_conditions(endpoint: Endpoint, request: S3Request) -> Mapping[str, Any]:
    """Returns ``if_match`` and ``if_none_match`` as the contract's options have them.

    Source: S3 user guide, "Conditional writes".

    Raises:
        S3Error: ``If-None-Match`` is not ``*``, which is all that S3 takes for a write.
        InvalidArgument: A condition is malformed.
    """
    headers = request.headers
    if "if-match" not in headers and "if-none-match" not in headers:
        return _NO_CONDITIONS
    if headers.get("if-none-match", ANY).strip() != ANY:
        raise not_implemented("If-None-Match of a write with anything but *")

    def head() -> ObjectInfo:
        return endpoint.store.head_object(request.bucket, request.key)

    return {
        "if_match": await endpoint.calls.call(match_option, headers.get("if-match"), head),
        "if_none_match": "*" if "if-none-match" in headers else None,
    }
