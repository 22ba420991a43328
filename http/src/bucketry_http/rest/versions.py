"""Versions of objects: their listing, and the retention and the legal hold of one version."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from bucketry import (
    DeleteMarker,
    HeadOptions,
    InvalidArgument,
    ObjectInfo,
    ObjectVersion,
    Retention,
    RetentionOptions,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.rest_api import PREFIX
from bucketry.s3 import MAX_PAGE
from litestar import Response, get, put
from litestar.datastructures import ResponseHeader
from litestar.params import JSONBody, QueryParameter

from bucketry_http.rest.framework import ApiRequest, JsonResponse, StrictDTO
from bucketry_http.rest.listing import Cursor, Prefix, StartAfter
from bucketry_http.rest.openapi import ApiOperation, Bucket, ObjectKey, VersionId
from bucketry_http.rest.problems import backend_problems
from bucketry_http.rest.schemas import LegalHoldView, RetentionView, VersionView

_TAGS = ["Versions"]

PageSize = Annotated[int, QueryParameter(description="Most versions on a page.", ge=1, le=MAX_PAGE)]
StartAfterVersion = Annotated[
    str,
    QueryParameter(
        description="Also those versions of the very key `start_after` that are older than the one with this id.",
        max_length=1024,
    ),
]
Bypass = Annotated[
    bool,
    QueryParameter(description="Shorten or remove a retention in governance mode, where the caller may do that."),
]


@get(
    "/buckets/{name:str}/versions",
    tags=_TAGS,
    summary="List versions",
    operation_id="listVersions",
    operation_class=ApiOperation,
    responses=backend_problems(404),
    response_headers=[
        ResponseHeader(name="Link", description='The next page, with `rel="next"`.', documentation_only=True)
    ],
)
async def list_versions(
    request: ApiRequest,
    name: Bucket,
    prefix: Prefix = "",
    limit: PageSize = MAX_PAGE,
    cursor: Cursor = None,
    start_after: StartAfter = "",
    start_after_version: StartAfterVersion = "",
) -> Response[list[VersionView]]:
    """List one page of the versions of a bucket's objects: by key, the newest version of each key first.

    Delete markers stand among them. The `Link` header (RFC 8288) with `rel="next"` leads to the next page; the last
    page has none.
    """
    calls = request.app.calls
    if start_after_version and not start_after:
        raise InvalidArgument("`start_after_version` needs `start_after` beside it", field="start_after_version")
    options = VersionListOptions(
        prefix=prefix,
        limit=limit,
        cursor=cursor,
        start_after=start_after,
        start_after_version=start_after_version,
    )
    page = await calls.call(calls.store.list_object_versions, name, options)
    return JsonResponse(_views(page), raw_headers=_next_link(name, options, page.cursor))


def _views(page: VersionPage) -> list[VersionView]:
    return [_view(version) for version in page.versions]


def _view(version: ObjectVersion | DeleteMarker) -> VersionView:
    if isinstance(version, DeleteMarker):
        return VersionView.of_marker(version)
    return VersionView.of(version)


def _next_link(bucket: str, options: VersionListOptions, cursor: str | None) -> list[tuple[bytes, bytes]]:
    if cursor is None:
        return []
    parameters: dict[str, str | int] = {"prefix": options.prefix, "limit": options.limit, "cursor": cursor}
    after = {"start_after": options.start_after, "start_after_version": options.start_after_version}
    query = urlencode(parameters | {name: value for name, value in after.items() if value}, quote_via=quote)
    return [(b"link", f'<{PREFIX}/buckets/{quote(bucket)}/versions?{query}>; rel="next"'.encode())]


async def _head(request: ApiRequest, bucket: str, key: str, version_id: str | None) -> ObjectInfo:
    calls = request.app.calls
    return await calls.call(calls.store.head_object, bucket, key, HeadOptions(version_id=version_id))


@get(
    "/buckets/{name:str}/retention",
    tags=_TAGS,
    summary="Look at a retention",
    operation_id="getRetention",
    operation_class=ApiOperation,
    responses=backend_problems(404, 405),
)
async def get_retention(
    request: ApiRequest, name: Bucket, key: ObjectKey, version_id: VersionId = None
) -> RetentionView:
    """Return until when a version is kept; both fields are `null` where it has no retention."""
    return RetentionView.of((await _head(request, name, key, version_id)).retention)


@put(
    "/buckets/{name:str}/retention",
    tags=_TAGS,
    summary="Set a retention",
    operation_id="putRetention",
    operation_class=ApiOperation,
    dto=StrictDTO[RetentionView],
    responses=backend_problems(404, 405, 409, 413, 415),
    status_code=200,
)
async def put_retention(
    request: ApiRequest,
    name: Bucket,
    key: ObjectKey,
    data: JSONBody[RetentionView],
    version_id: VersionId = None,
    bypass_governance: Bypass = False,
) -> RetentionView:
    """Set until when a version is kept. Both fields `null` remove the retention.

    A retention can always be made longer. Making it shorter needs governance mode and `bypass_governance=true`.
    """
    calls = request.app.calls
    options = RetentionOptions(version_id=version_id, bypass_governance=bypass_governance)
    retention = Retention(mode=data.mode, until=data.until)
    await calls.call(calls.store.put_object_retention, name, key, retention, options)
    return RetentionView.of(retention)


@get(
    "/buckets/{name:str}/legal-hold",
    tags=_TAGS,
    summary="Look at a legal hold",
    operation_id="getLegalHold",
    operation_class=ApiOperation,
    responses=backend_problems(404, 405),
)
async def get_legal_hold(
    request: ApiRequest, name: Bucket, key: ObjectKey, version_id: VersionId = None
) -> LegalHoldView:
    """Say whether a version has a legal hold."""
    return LegalHoldView(bool((await _head(request, name, key, version_id)).legal_hold))


@put(
    "/buckets/{name:str}/legal-hold",
    tags=_TAGS,
    summary="Set or remove a legal hold",
    operation_id="putLegalHold",
    operation_class=ApiOperation,
    dto=StrictDTO[LegalHoldView],
    responses=backend_problems(404, 405, 409, 413, 415),
    status_code=200,
)
async def put_legal_hold(
    request: ApiRequest, name: Bucket, key: ObjectKey, data: JSONBody[LegalHoldView], version_id: VersionId = None
) -> LegalHoldView:
    """Set or remove the legal hold of a version."""
    calls = request.app.calls
    options = VersionOptions(version_id=version_id)
    await calls.call(calls.store.put_object_legal_hold, name, key, data.legal_hold, options)
    return data
