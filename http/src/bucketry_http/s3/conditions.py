"""Conditions of writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bucketry import NoSuchKey, ObjectInfo, PreconditionFailed

from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.shared.conditions import ANY, Etags, match_option

_NO_CONDITIONS: Final[Mapping[str, Any]] = {}


async def write_conditions(endpoint: Endpoint, request: S3Request) -> Mapping[str, Any]:
    """Returns ``if_match`` and ``if_none_match`` as the contract's options have them.

    Source: S3 user guide, "Conditional writes".

    Raises:
        PreconditionFailed: ``If-None-Match`` names the etag of the object.
        InvalidArgument: A condition is malformed.
    """
    headers = request.headers
    if "if-match" not in headers and "if-none-match" not in headers:
        return _NO_CONDITIONS
    if headers.get("if-none-match", ANY).strip() != ANY:
        return await endpoint.calls.call(_other_etag, endpoint, request)

    def head() -> ObjectInfo:
        return endpoint.store.head_object(request.bucket, request.key)

    return {
        "if_match": await endpoint.calls.call(match_option, headers.get("if-match"), head),
        "if_none_match": "*" if "if-none-match" in headers else None,
    }


def _other_etag(endpoint: Endpoint, request: S3Request) -> Mapping[str, Any]:
    """Returns the conditions of a write that must not replace an object with one of the etags.

    S3 itself takes only ``*``; Ceph RGW and RFC 9110 (13.1.2) take etags. The contract has no such option: so the write
    goes through only if the object is still the one that was seen here.

    Raises:
        PreconditionFailed: The object has one of the etags.
        InvalidArgument: The condition is malformed.
    """
    etags = Etags.parse(request.headers["if-none-match"])
    try:
        current = endpoint.store.head_object(request.bucket, request.key).etag
    except NoSuchKey:
        return {"if_match": None, "if_none_match": ANY}
    if current in etags.strong + etags.weak:
        raise PreconditionFailed(condition="if_none_match", bucket=request.bucket, key=request.key)
    return {"if_match": current, "if_none_match": None}
