"""Which operation a request is, by its method, what it names, and the sub-resource in its query.

Source: S3 API reference, "Actions". What S3 has and this endpoint has not is refused, never taken for something else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from bucketry_http.s3 import (
    bucket_settings,
    buckets,
    copying,
    forms,
    listing,
    multipart,
    objects,
)
from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.headers import OVERRIDES, PLAIN_BODY, check_headers
from bucketry_http.s3.request import Endpoint, S3Request, check_version
from bucketry_http.s3.response import Response

Handler = Callable[[Endpoint, S3Request], Awaitable[Response]]


class Operation(NamedTuple):
    """An operation.

    Attributes:
        handle: Carries it out.
        write: Whether it changes something.
        versioned: Whether it takes the id of a version.
        conditional: Whether it is a write that takes ``If-Match`` or ``If-None-Match``.
    """

    handle: Handler
    write: bool = False
    versioned: bool = False
    conditional: bool = False


SERVICE: Final[Mapping[tuple[str, str], Operation]] = {("GET", ""): Operation(buckets.list_buckets)}

BUCKET: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", ""): Operation(listing.list_objects_v1),
    ("GET", "list-type"): Operation(listing.list_objects_v2),
    ("GET", "location"): Operation(buckets.get_location),
    ("GET", "uploads"): Operation(multipart.list_uploads),
    ("GET", "versions"): Operation(listing.list_versions),
    ("PUT", ""): Operation(buckets.create_bucket, write=True),
    ("HEAD", ""): Operation(buckets.head_bucket),
    ("DELETE", ""): Operation(buckets.delete_bucket, write=True),
    ("POST", "delete"): Operation(objects.delete_objects, write=True),
    ("POST", ""): Operation(forms.refuse_post, write=True),
    **{("GET", name): Operation(bucket_settings.get_settings) for name in bucket_settings.STORED},
    **{("PUT", name): Operation(bucket_settings.put_settings, write=True) for name in bucket_settings.STORED},
    **{("DELETE", name): Operation(bucket_settings.delete_settings, write=True) for name in bucket_settings.STORED},
    **{("GET", name): Operation(bucket_settings.get_fixed) for name in bucket_settings.FIXED},
    **{("PUT", name): Operation(bucket_settings.put_fixed, write=True) for name in bucket_settings.FIXED_PUTS},
    ("PUT", "acl"): Operation(bucket_settings.put_acl, write=True),
    **{("DELETE", name): Operation(bucket_settings.delete_fixed, write=True) for name in bucket_settings.FIXED_DELETES},
}

OBJECT: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", ""): Operation(objects.get_object, versioned=True),
    ("HEAD", ""): Operation(objects.head_object, versioned=True),
    ("PUT", ""): Operation(objects.put_object, write=True, conditional=True),
    ("DELETE", ""): Operation(objects.delete_object, write=True, versioned=True, conditional=True),
    ("GET", "attributes"): Operation(objects.get_attributes, versioned=True),
    ("GET", "acl"): Operation(bucket_settings.get_object_acl, versioned=True),
    ("PUT", "acl"): Operation(bucket_settings.put_acl, write=True, versioned=True),
    ("GET", "tagging"): Operation(objects.get_tagging, versioned=True),
    ("PUT", "tagging"): Operation(objects.put_tagging, write=True, versioned=True),
    ("DELETE", "tagging"): Operation(objects.delete_tagging, write=True, versioned=True),
    ("POST", "uploads"): Operation(multipart.create_upload, write=True),
    ("PUT", "uploadId"): Operation(multipart.upload_part, write=True),
    ("POST", "uploadId"): Operation(multipart.complete_upload, write=True, conditional=True),
    ("DELETE", "uploadId"): Operation(multipart.abort_upload, write=True),
    ("GET", "uploadId"): Operation(multipart.list_parts),
}

COPIES: Final[Mapping[str, Operation]] = {
    "": Operation(copying.copy_object, write=True, conditional=True),
    "uploadId": Operation(copying.copy_part, write=True),
}
"""What a ``PUT`` with ``x-amz-copy-source`` is, by sub-resource."""

_SUBRESOURCES: Final = frozenset(
    {
        *(name for table in (BUCKET, OBJECT) for _, name in table if name),
        *[
            "abac",
            "analytics",
            "append",
            "encryption",
            "intelligent-tiering",
            "inventory",
            "inventory-configuration",
            "legal-hold",
            "metadataConfiguration",
            "metadataTable",
            "metrics",
            "object-lock",
            "renameObject",
            "restore",
            "retention",
            "select",
            "session",
            "torrent",
            "website",
        ],
    }
)
"""Parameters that make a request another operation; all that S3 has, also those that are not implemented."""

_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"})


def route(request: S3Request) -> Operation:
    """Returns the operation that a request is.

    Raises:
        S3Error: S3 has no such operation, or this endpoint has not.
    """
    subresource = _subresource(request.query) if request.query else ""
    method = request.method
    table = OBJECT if request.key else BUCKET if request.bucket else SERVICE
    if method == "PUT" and "partNumber" in request.query and subresource != "uploadId":
        # Taken for a whole object, it would replace the one that it was to be a part of.
        raise S3Error("InvalidArgument", "A part needs the parameter uploadId.")
    if method == "PUT" and "x-amz-copy-source" in request.headers and request.key:
        operation = COPIES.get(subresource)
    else:
        operation = table.get((method, subresource))
    if operation is None:
        raise _refusal(method, subresource, table)
    request.is_plain = request.headers.keys() <= PLAIN_BODY
    if not request.is_plain:
        check_headers(request.headers, write=operation.write, conditional=operation.conditional)
    if request.query:
        _check_version(request.query.get("versionId"), operation)
    return operation


def _check_version(version_id: str | None, operation: Operation) -> None:
    if version_id is not None and not operation.versioned:
        # Without this check, deleting a version of an object without its key would delete the bucket.
        raise invalid_argument("versionId", version_id, "This operation does not accept a version-id.")
    check_version(version_id)


def _subresource(query: dict[str, str]) -> str:
    found = [name for name in query if name in _SUBRESOURCES]
    if len(found) > 1:
        raise S3Error("InvalidRequest", f"{found[0]} and {found[1]} are two different operations.")
    if found:
        if found[0] == "list-type" and query["list-type"] != "2":
            raise S3Error("InvalidArgument", "list-type is 2, or is left out.")
        return found[0]
    for name, value in query.items():
        if not value and name not in _EMPTY:
            raise not_implemented(f"the sub-resource {name[:64]!r}")
    return ""


_EMPTY: Final = OVERRIDES.keys() | frozenset(
    [
        "versionId",
        "prefix",
        "delimiter",
        "marker",
        "start-after",
        "continuation-token",
        "encoding-type",
        "max-keys",
        "fetch-owner",
        "x-id",
        "metadata",
        "partNumber",
    ]
)
"""Parameters that may be empty. Any other one without a value looks like a sub-resource that S3 has by now."""


def _refusal(method: str, subresource: str, table: Mapping[tuple[str, str], Operation]) -> S3Error:
    known = [known for known, name in table if name == subresource]
    if method not in _METHODS or (known and not subresource):
        return S3Error("MethodNotAllowed", headers={"allow": ", ".join(known)} if known else {})
    return not_implemented(f"{method} of {subresource}" if subresource else f"{method} here")
