"""Fills in the record of a request to the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bucketry_http.rest.framework import RAW_KEY
from bucketry_http.rest.operations import RULES, Rule
from bucketry_http.rest.validation import MalformedUrl, check_query, decode_url
from bucketry_http.shared.record import RECORD, RequestRecord

if TYPE_CHECKING:
    from bucketry_http.rest.authorization import Authorization
    from bucketry_http.rest.framework import ApiRequest


async def begin(request: Any) -> None:
    """Notes what a request is about, checks its query, and decides about it. Litestar calls it before each handler.

    Raises:
        BucketryError: The query is not valid, or the sender may not do that.
    """
    scope = request.scope
    rule = RULES.get(getattr(scope["route_handler"], "operation_id", ""))
    if RECORD in scope:
        _fill(scope[RECORD], request, rule)
    if scope["query_string"]:
        check_query(request)
    authorization: Authorization | None = scope["litestar_app"].authorization
    if authorization is not None:
        await authorization.begin(request, rule)


def _fill(record: RequestRecord, request: ApiRequest, rule: Rule | None) -> None:
    scope: Any = request.scope
    params = scope["path_params"]
    if rule is not None and not record.operation:
        record.operation = rule.recorded or rule.name_for(params.get("kind"))
    if "name" in params:
        record.bucket = str(params["name"])
    if scope["query_string"]:
        query = request.query_params
        record.key, record.version_id = query.get("key", ""), query.get("version_id")
    raw: bytes | None = scope["state"].get(RAW_KEY)
    if raw is not None:
        try:
            record.key = decode_url(raw, "key")
        except MalformedUrl:
            return  # The handler refuses it.
