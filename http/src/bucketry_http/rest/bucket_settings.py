"""Settings of a bucket as JSON: one path for each kind, derived from the contract's kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

import msgspec
from bucketry import InvalidArgument
from bucketry.bucket_settings import SETTINGS_KINDS, AnyBucketSettings, unknown_field
from bucketry.decoding import from_json
from litestar import Response, delete, get, put
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import PathParameter

from bucketry_http.rest.framework import ApiRequest, JsonResponse
from bucketry_http.rest.openapi import ApiOperation, Bucket, SettingsUpload
from bucketry_http.rest.problems import backend_problems
from bucketry_http.rest.validation import decode_json

_TAGS = ["Settings"]

KINDS: Final[Mapping[str, type[AnyBucketSettings]]] = {
    str(kind.__struct_config__.tag): cast("type[AnyBucketSettings]", kind) for kind in SETTINGS_KINDS
}
"""The kinds of settings, by the name that stands in the path."""

Kind = Annotated[
    str,
    PathParameter(
        description="The kind of settings.",
        examples=[Example(value="versioning")],
        schema_extra={"enum": sorted(KINDS)},
    ),
]


def _kind(name: str) -> type[AnyBucketSettings]:
    found = KINDS.get(name)
    if found is None:
        raise NotFoundException
    return found


@get(
    "/buckets/{name:str}/settings/{kind:str}",
    tags=_TAGS,
    summary="Look at settings of a bucket",
    operation_id="getBucketSettings",
    operation_class=ApiOperation,
    responses=backend_problems(404),
)
async def get_settings(request: ApiRequest, name: Bucket, kind: Kind) -> Response[dict[str, Any]]:
    """Return a bucket's settings of one kind. Where nothing is set, all fields have their defaults."""
    calls = request.app.calls
    return JsonResponse(await calls.call(calls.store.get_bucket_settings, name, _kind(kind)))


@put(
    "/buckets/{name:str}/settings/{kind:str}",
    tags=_TAGS,
    summary="Replace settings of a bucket",
    operation_id="putBucketSettings",
    operation_class=SettingsUpload,
    responses=backend_problems(404, 409, 413, 415),
    status_code=200,
)
async def put_settings(request: ApiRequest, name: Bucket, kind: Kind) -> Response[dict[str, Any]]:
    """Replace a bucket's settings of one kind, all of them. The fields are those that a `GET` of it shows.

    The response has the settings as they are stored, with what was filled in.
    """
    wanted, calls = _kind(kind), request.app.calls
    body = await request.body()
    settings = decode_json(wanted, body)
    # A field that the kind does not have would be a setting that somebody relies on, and that is not there.
    if unknown := unknown_field(from_json(body), msgspec.to_builtins(settings)):
        raise InvalidArgument(f"settings of the kind {kind} have no field `{unknown[:100]}`", field="settings")
    if (authorization := request.app.authorization) is not None:
        await authorization.check_settings(request, name, settings)
    await calls.call(calls.store.put_bucket_settings, name, settings)
    return JsonResponse(await calls.call(calls.store.get_bucket_settings, name, wanted))


@delete(
    "/buckets/{name:str}/settings/{kind:str}",
    tags=_TAGS,
    summary="Delete settings of a bucket",
    operation_id="deleteBucketSettings",
    operation_class=ApiOperation,
    responses=backend_problems(404, 409),
)
async def delete_settings(request: ApiRequest, name: Bucket, kind: Kind) -> None:
    """Delete a bucket's settings of one kind. Where nothing is set, this succeeds."""
    calls = request.app.calls
    await calls.call(calls.store.delete_bucket_settings, name, _kind(kind))
