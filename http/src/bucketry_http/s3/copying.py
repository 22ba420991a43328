"""CopyObject and UploadPartCopy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bucketry as core
from bucketry import (
    BucketryError,
    ByteRange,
    CopyOptions,
    HeadOptions,
    InvalidArgument,
    InvalidRange,
    ObjectHeaders,
    ObjectInfo,
    PartCopyOptions,
    Store,
    TooLarge,
)
from bucketry.s3 import xml_time

from bucketry_http.s3.authentication import authorise
from bucketry_http.s3.checksums import checksum_elements, requested_algorithm
from bucketry_http.s3.errors import S3Error, invalid_argument
from bucketry_http.s3.headers import written_headers, written_tags
from bucketry_http.s3.multipart import part_number
from bucketry_http.s3.objects import write_conditions
from bucketry_http.s3.preconditions import source_failed
from bucketry_http.s3.request import Endpoint, S3Request, copy_source
from bucketry_http.s3.response import Response, xml_response
from bucketry_http.s3.xml import document, element
from bucketry_http.shared.conditions import read_options

_PREFIX = "x-amz-copy-source-if-"


async def copy_object(endpoint: Endpoint, request: S3Request) -> Response:
    """CopyObject, with the source's headers and tags or new ones."""
    source = source_of(request)
    headers = request.headers
    if "x-amz-copy-source-range" in headers:
        raise S3Error("InvalidRequest", "A range of an object can be copied as a part only: see UploadPartCopy.")
    new_headers = ObjectHeaders(**written_headers(headers)) if _replaces(headers, "x-amz-metadata-directive") else None
    new_tags = written_tags(headers.get("x-amz-tagging", "")) if _replaces(headers, "x-amz-tagging-directive") else None
    if new_headers is None and new_tags is None and source == (request.bucket, request.key):
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    fields: dict[str, Any] = {"headers": new_headers, "tags": new_tags, **await write_conditions(endpoint, request)}
    etag = await endpoint.calls.call(source_etag, endpoint.store, request, source)
    if etag is not None and endpoint.features.copy_source_if_match:
        fields["source_if_match"] = etag
    if endpoint.features.checksums:
        fields["checksum_algorithm"] = requested_algorithm(headers)
    info = await endpoint.calls.long_call(_copy, endpoint.store, request, source, fields)
    content = copied(info.etag, info.last_modified) + checksum_elements(info.checksum)
    return xml_response(document("CopyObjectResult", content))


def _copy(store: Store, request: S3Request, source: tuple[str, str], fields: dict[str, Any]) -> ObjectInfo:
    if fields["headers"] is None and source == (request.bucket, request.key):
        # New tags alone: the contract asks for headers where the copy is the source itself.
        info = store.head_object(*source)
        fields["headers"] = ObjectHeaders(**{name: getattr(info, name) for name in ObjectHeaders.__struct_fields__})
    return store.copy_object(*source, request.bucket, request.key, CopyOptions(**fields))


def source_of(request: S3Request) -> tuple[str, str]:
    """Returns bucket and key of the source, which the caller may read.

    Raises:
        S3Error: The source is malformed, or is not the caller's to read.
    """
    source = copy_source(request.headers["x-amz-copy-source"])
    authorise(request.rights, source[0], write=False)
    return source


def source_etag(store: Store, request: S3Request, source: tuple[str, str]) -> str | None:
    """Returns the etag that the source must have, where the request has conditions on it; they hold for that etag.

    Raises:
        S3Error: A condition does not hold; of a copy that is never "not modified".
    """
    headers = request.headers
    conditions = {
        "if-" + name.removeprefix(_PREFIX): value for name, value in headers.items() if name.startswith(_PREFIX)
    }
    if not conditions:
        return None

    def head() -> ObjectInfo:
        return store.head_object(*source)

    options: HeadOptions = read_options(conditions, head)
    try:
        return store.head_object(*source, options).etag
    except core.PreconditionFailed:
        raise source_failed(headers, modified=False) from None
    except core.NotModified:
        raise source_failed(headers, modified=True) from None


def copied(etag: str, moment: Any) -> str:
    """Returns the content of a copy's result."""
    return element("LastModified", xml_time(moment)) + element("ETag", f'"{etag}"')


def _replaces(headers: Mapping[str, str], name: str) -> bool:
    directive = headers.get(name, "COPY")
    if directive not in {"COPY", "REPLACE"}:
        raise invalid_argument(name, directive, f"Unknown {name.removeprefix('x-amz-')}.")
    return directive == "REPLACE"


async def copy_part(endpoint: Endpoint, request: S3Request) -> Response:
    """UploadPartCopy, of the whole source or of a range."""
    source, number = source_of(request), part_number(endpoint, request)
    wanted = _range(request.headers.get("x-amz-copy-source-range"))
    fields: dict[str, Any] = {"range": wanted}
    etag = await endpoint.calls.call(source_etag, endpoint.store, request, source)
    if etag is not None and endpoint.features.part_copy_source_if_match:
        fields["source_if_match"] = etag
    try:
        part = await endpoint.calls.long_call(
            endpoint.store.upload_part_copy,
            request.bucket,
            request.key,
            request.query["uploadId"],
            number,
            *source,
            PartCopyOptions(**fields),
        )
    except (InvalidRange, TooLarge) as error:
        raise await endpoint.calls.call(_beyond, endpoint.store, source, wanted, error) from error
    content = copied(part.etag, part.last_modified) + checksum_elements(part.checksum, typed=False)
    return xml_response(document("CopyPartResult", content))


def _beyond(
    store: Store, source: tuple[str, str], wanted: ByteRange | None, error: InvalidRange | TooLarge
) -> BucketryError:
    """Returns the error of a range that does not lie within the source: a 400, and no 416 as for a read.

    Source: versity/versitygw, issue 610, measured at AWS.
    """
    size = store.head_object(*source).size_bytes
    if wanted is None or (wanted.last or 0) < size:
        return error
    message = f"Range specified is not valid for source object of size: {size}"
    return invalid_argument("x-amz-copy-source-range", str(wanted), message)


def _range(header: str | None) -> ByteRange | None:
    if header is None:
        return None
    try:
        wanted = ByteRange.parse(header)
    except InvalidArgument:
        wanted = ByteRange(None, None)
    if wanted.first is None or wanted.last is None:
        raise invalid_argument(
            "x-amz-copy-source-range",
            header,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
        )
    return wanted
