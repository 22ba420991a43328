"""CopyObject and UploadPartCopy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bucketry import (
    ByteRange,
    CopyOptions,
    InvalidArgument,
    InvalidRange,
    NotModified,
    ObjectHeaders,
    ObjectInfo,
    Part,
    PartCopyOptions,
    PreconditionFailed,
    Store,
    TooLarge,
)
from bucketry.headers import copy_headers
from bucketry.s3 import xml_time

from bucketry_http.s3.authentication import authorise
from bucketry_http.s3.checksums import checksum_elements, requested_algorithm
from bucketry_http.s3.conditions import write_conditions
from bucketry_http.s3.errors import S3Error, invalid_argument, source_condition_failed
from bucketry_http.s3.headers import written_headers, written_tags
from bucketry_http.s3.multipart import part_number
from bucketry_http.s3.request import Endpoint, S3Request, copy_source
from bucketry_http.s3.response import Response, xml_response
from bucketry_http.s3.xml import document, element
from bucketry_http.shared.conditions import read_options

_CONDITION_PREFIX: Final = "x-amz-copy-source-if-"
_RANGE: Final = "x-amz-copy-source-range"


async def copy_object(endpoint: Endpoint, request: S3Request) -> Response:
    """CopyObject, with the headers and tags of the source or with new ones."""
    source, headers = _source(request), request.headers
    if _RANGE in headers:
        raise S3Error("InvalidRequest", "A range of an object can be copied as a part only: see UploadPartCopy.")
    new_headers = ObjectHeaders(**written_headers(headers)) if _replaces(headers, "x-amz-metadata-directive") else None
    new_tags = written_tags(headers.get("x-amz-tagging", "")) if _replaces(headers, "x-amz-tagging-directive") else None
    to_itself = source == (request.bucket, request.key)
    if to_itself and new_headers is None and new_tags is None:
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    fields: dict[str, Any] = {"headers": new_headers, "tags": new_tags, **await write_conditions(endpoint, request)}
    etag = await _checked_etag(endpoint, request, source)
    if etag is not None and endpoint.features.copy_source_if_match:
        fields["source_if_match"] = etag
    algorithm = requested_algorithm(headers)
    if algorithm in endpoint.features.checksum_algorithms:
        fields["checksum_algorithm"] = algorithm
    info = await endpoint.calls.long_call(_copy, endpoint.store, request, source, fields)
    return _response("CopyObjectResult", info, checksum_elements(info.checksum))


def _copy(store: Store, request: S3Request, source: tuple[str, str], fields: dict[str, Any]) -> ObjectInfo:
    if fields["headers"] is None and source == (request.bucket, request.key):
        # Only the tags are new. The contract wants headers too when an object is copied to itself.
        fields["headers"] = copy_headers(store.head_object(*source), ObjectHeaders)
    return store.copy_object(*source, request.bucket, request.key, CopyOptions(**fields))


async def copy_part(endpoint: Endpoint, request: S3Request) -> Response:
    """UploadPartCopy, of the whole source or of a range."""
    source, number = _source(request), part_number(endpoint, request)
    fields: dict[str, Any] = {"range": _range(request.headers.get(_RANGE))}
    etag = await _checked_etag(endpoint, request, source)
    if etag is not None and endpoint.features.part_copy_source_if_match:
        fields["source_if_match"] = etag
    options, upload_id = PartCopyOptions(**fields), request.query["uploadId"]

    def copy() -> Part:
        return endpoint.store.upload_part_copy(request.bucket, request.key, upload_id, number, *source, options)

    try:
        part = await endpoint.calls.long_call(copy)
    except (InvalidRange, TooLarge) as error:
        if options.range is None:
            raise
        raise _wrong_range(error, options.range) from error
    return _response("CopyPartResult", part, checksum_elements(part.checksum, typed=False))


def _source(request: S3Request) -> tuple[str, str]:
    """Returns bucket and key of the source, which the caller may read.

    Raises:
        S3Error: The header is malformed, or the caller may not read the source.
    """
    source = copy_source(request.headers["x-amz-copy-source"])
    authorise(request.rights, source[0], write=False)
    return source


async def _checked_etag(endpoint: Endpoint, request: S3Request, source: tuple[str, str]) -> str | None:
    """Checks the conditions on the source, and returns the etag that they hold for; ``None`` without conditions.

    Raises:
        S3Error: A condition does not hold. A copy has no "not modified".
    """
    start = len(_CONDITION_PREFIX)
    conditions = {
        f"if-{name[start:]}": value for name, value in request.headers.items() if name.startswith(_CONDITION_PREFIX)
    }
    if not conditions:
        return None
    store = endpoint.store

    def head() -> ObjectInfo:
        return store.head_object(*source)

    def checked_head() -> ObjectInfo:
        return store.head_object(*source, read_options(conditions, head))

    try:
        return (await endpoint.calls.call(checked_head)).etag
    except (PreconditionFailed, NotModified) as error:
        raise source_condition_failed(error.condition) from None


def _replaces(headers: Mapping[str, str], name: str) -> bool:
    directive = headers.get(name, "COPY")
    if directive not in {"COPY", "REPLACE"}:
        raise invalid_argument(name, directive, f"Unknown {name.removeprefix('x-amz-')}.")
    return directive == "REPLACE"


def _range(header: str | None) -> ByteRange | None:
    if header is None:
        return None
    try:
        wanted = ByteRange.parse(header)
    except InvalidArgument:
        wanted = ByteRange(None, None)
    if wanted.first is None or wanted.last is None:
        raise invalid_argument(
            _RANGE,
            header,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
        )
    return wanted


def _wrong_range(error: InvalidRange | TooLarge, wanted: ByteRange) -> S3Error:
    """Returns the error of a range that ends after the source, or is larger than a part: a 400, not a read's 416.

    Source: versity/versitygw, issue 610, measured at AWS.
    """
    if isinstance(error, TooLarge):
        return invalid_argument(_RANGE, str(wanted), f"Range specified is not valid: {error.detail}")
    size = "" if error.size_bytes is None else f" of size: {error.size_bytes}"
    return invalid_argument(_RANGE, str(wanted), f"Range specified is not valid for source object{size}")


def _response(name: str, copied: ObjectInfo | Part, checksum: str) -> Response:
    etag = f'"{copied.etag}"'
    content = element("LastModified", xml_time(copied.last_modified)) + element("ETag", etag) + checksum
    return xml_response(document(name, content))
