"""Fills in the record of a request to the REST API."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request

from bucketry_http.rest.framework import RAW_KEY
from bucketry_http.rest.validation import MalformedUrl, check_query, decode_url
from bucketry_http.shared.record import RECORD, RequestRecord

_NAMES: Final = {
    "uploadObjects": "PutObject",
    "getBucket": "HeadBucket",
    "listObjects": "ListObjectsV2",
    "listVersions": "ListObjectVersions",
    "getRetention": "GetObjectRetention",
    "putRetention": "PutObjectRetention",
    "getLegalHold": "GetObjectLegalHold",
    "putLegalHold": "PutObjectLegalHold",
}
"""Operations of this API whose name in S3 differs by more than the first letter."""


async def begin(request: Request[Any, Any, Any]) -> None:
    """Notes what a request is about, and checks its query. Litestar calls it before each handler.

    Raises:
        BucketryError: The query is not valid.
    """
    if RECORD in request.scope:
        _fill(request.scope[RECORD], request)  # type: ignore[typeddict-item]  # The key is ours.
    await check_query(request)


def _fill(record: RequestRecord, request: Request[Any, Any, Any]) -> None:
    record.operation = record.operation or _operation(getattr(request.route_handler, "operation_id", None))
    record.bucket = str(request.path_params.get("name", ""))
    raw: bytes | None = request.scope["state"].get(RAW_KEY)
    if raw is not None:
        try:
            record.key = decode_url(raw, "key")
        except MalformedUrl:
            return  # The handler refuses it.


def _operation(operation_id: object) -> str:
    if not isinstance(operation_id, str):
        return ""
    return _NAMES.get(operation_id, operation_id[:1].upper() + operation_id[1:])
