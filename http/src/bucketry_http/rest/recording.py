"""Fills in the record of a request to the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from litestar import Request

from bucketry_http.rest.framework import RAW_KEY
from bucketry_http.rest.operations import s3_name
from bucketry_http.rest.validation import MalformedUrl, check_query, decode_url
from bucketry_http.shared.record import PRESIGN, RECORD, RequestRecord

if TYPE_CHECKING:
    from bucketry_http.rest.framework import ApiRequest


async def begin(request: Request[Any, Any, Any]) -> None:
    """Notes what a request is about, checks its query, and decides about it. Litestar calls it before each handler.

    Raises:
        BucketryError: The query is not valid, or the sender may not do that.
    """
    if RECORD in request.scope:
        _fill(request.scope[RECORD], request)  # type: ignore[typeddict-item]  # The key is ours.
    await check_query(request)
    if (authorization := cast("ApiRequest", request).app.authorization) is not None:
        await authorization.begin(cast("ApiRequest", request))


def _fill(record: RequestRecord, request: Request[Any, Any, Any]) -> None:
    scope: Any = request.scope
    params = scope["path_params"]
    operation_id = getattr(request.route_handler, "operation_id", None)
    # Nothing is read or written yet, whatever the URL will do.
    name = PRESIGN if operation_id == "presign" else s3_name(operation_id, params.get("kind"))
    record.operation = record.operation or name
    record.bucket = str(params.get("name", ""))
    if scope["query_string"]:
        query = request.query_params
        record.key, record.version_id = query.get("key", ""), query.get("version_id")
    raw: bytes | None = scope["state"].get(RAW_KEY)
    if raw is not None:
        try:
            record.key = decode_url(raw, "key")
        except MalformedUrl:
            return  # The handler refuses it.
