"""CopyObject and UploadPartCopy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Final, TypeVar

from bucketry import (
    ByteRange,
    CopyOptions,
    HeadOptions,
    InvalidArgument,
    InvalidRange,
    IsDeleteMarker,
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
from bucketry.s3 import COPY_SOURCE, xml_time
from msgspec.structs import replace

from bucketry_http.s3.access_facts import RequestFacts
from bucketry_http.s3.checksums import checksum_elements, requested_algorithm
from bucketry_http.s3.conditions import write_conditions
from bucketry_http.s3.encryption import check_part, encryption_of_part, errors_of_uploads
from bucketry_http.s3.errors import S3Error, invalid_argument, source_condition_failed
from bucketry_http.s3.headers import EXPECTED_SOURCE_OWNER, written_headers, written_tags
from bucketry_http.s3.multipart import part_number
from bucketry_http.s3.request import CopySource, Endpoint, S3Request, copy_source, known_version
from bucketry_http.s3.response import Response, xml_response
from bucketry_http.s3.response_headers import UPLOADING, WRITTEN
from bucketry_http.s3.xml import document, element
from bucketry_http.shared.conditions import read_options
from bucketry_http.shared.deciding import Target
from bucketry_http.shared.headers import TAGGING, encoded
from bucketry_http.shared.response_body import RawHeaders

_CONDITION_PREFIX: Final = f"{COPY_SOURCE}-if-"
_RANGE: Final = f"{COPY_SOURCE}-range"

_MAKES_ANOTHER: Final = frozenset(
    {"storage_class", "website_redirect", "encryption", "customer_key", "source_customer_key"}
)
"""Options with which a copy of an object to itself is not the same object (S3 API reference, CopyObject)."""

T = TypeVar("T")


async def copy_object(endpoint: Endpoint, request: S3Request) -> Response:
    """CopyObject, with the headers and tags of the source or with new ones."""
    headers = request.headers
    replaces_tags = _replaces(headers, "x-amz-tagging-directive")
    source = await _source(endpoint, request, with_tags=not replaces_tags)
    if _RANGE in headers:
        raise S3Error("InvalidRequest", "A range of an object can be copied as a part only: see UploadPartCopy.")
    new_headers = ObjectHeaders(**written_headers(headers)) if _replaces(headers, "x-amz-metadata-directive") else None
    new_tags = written_tags(headers.get(TAGGING, "")) if replaces_tags else None
    if _changes_nothing(request, source) and new_headers is None and new_tags is None:
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    fields: dict[str, Any] = {"headers": new_headers, "tags": new_tags, **request.options}
    fields.update(await write_conditions(endpoint, request))
    algorithm = requested_algorithm(headers)
    if algorithm in endpoint.features.checksum_algorithms:
        fields["checksum_algorithm"] = algorithm

    def copy(found: ObjectInfo | None, of_source: Mapping[str, Any]) -> ObjectInfo:
        named = {**fields, **of_source}
        if new_headers is None and (source.bucket, source.key) == (request.bucket, request.key):
            # The contract wants headers when an object is copied to itself.
            found = found or endpoint.store.head_object(source.bucket, source.key, _head_options(request, source))
            named["headers"] = copy_headers(found, ObjectHeaders)
        return endpoint.store.copy_object(source.bucket, source.key, request.bucket, request.key, CopyOptions(**named))

    info, version_id = await endpoint.calls.long_call(
        _copy, endpoint, request, source, copy, conditional=endpoint.features.copy_source_if_match
    )
    told = _told_version(request, version_id)
    if (facts := WRITTEN.of(info)) != WRITTEN.unset:
        told += WRITTEN.headers(facts)
    return _response("CopyObjectResult", info, checksum_elements(info.checksum), told)


def _changes_nothing(request: S3Request, source: CopySource) -> bool:
    """Says whether a copy without new headers and tags would change nothing.

    A version that is copied becomes the latest one (S3 user guide, "Restoring previous versions").
    """
    return source == (request.bucket, request.key, None) and _MAKES_ANOTHER.isdisjoint(request.options)


async def copy_part(endpoint: Endpoint, request: S3Request) -> Response:
    """UploadPartCopy, of the whole source or of a range."""
    source, number = await _source(endpoint, request), part_number(endpoint, request)
    wanted, upload_id = _range(request.headers.get(_RANGE)), request.query["uploadId"]
    asked = encryption_of_part(endpoint, request)

    def copy(found: ObjectInfo | None, of_source: Mapping[str, Any]) -> Part:
        options = PartCopyOptions(range=wanted, **request.options, **of_source)
        # Once the source was looked at with its key, only the key of the upload can be wrong.
        with nullcontext() if found is None else errors_of_uploads():
            return endpoint.store.upload_part_copy(
                request.bucket, request.key, upload_id, number, source.bucket, source.key, options
            )

    try:
        part, version_id = await endpoint.calls.long_call(
            _copy, endpoint, request, source, copy, conditional=endpoint.features.part_copy_source_if_match
        )
    except (InvalidRange, TooLarge) as error:
        if wanted is None:
            raise
        raise _wrong_range(error, wanted) from error
    check_part(part, asked)
    told = _told_version(request, part.source_version_id or version_id) + UPLOADING.headers(UPLOADING.of(part))
    return _response("CopyPartResult", part, checksum_elements(part.checksum, typed=False), told)


async def _source(endpoint: Endpoint, request: S3Request, *, with_tags: bool = False) -> CopySource:
    """Returns the source, which the caller may read.

    Args:
        endpoint: The endpoint.
        request: The copy.
        with_tags: Whether its tags are copied, too.

    Raises:
        S3Error: The header is malformed, the caller may not read the source, or the store has no such version.
    """
    source = copy_source(request.headers[COPY_SOURCE])
    facts = RequestFacts(endpoint, request, "CopyObject")
    facts.version_id = source.version_id
    named = source.version_id is not None
    if source.version_id is not None:
        source = source._replace(version_id=known_version(endpoint, source.version_id, COPY_SOURCE))
    target = Target(*source, expected_owner=request.headers.get(EXPECTED_SOURCE_OWNER))
    action = "s3:GetObjectVersion" if named else "s3:GetObject"
    try:
        await endpoint.decider.check(request.principal, target, [action], facts)
    except IsDeleteMarker as error:
        raise _marker_as_source() from error
    if with_tags:
        await endpoint.decider.check_tags_of_source(request.principal, target, facts)
    return source


def _copy(
    endpoint: Endpoint,
    request: S3Request,
    source: CopySource,
    copy: Callable[[ObjectInfo | None, Mapping[str, Any]], T],
    *,
    conditional: bool,
) -> tuple[T, str | None]:
    """Makes a copy under the conditions on its source, and returns the version of the source that was copied.

    The source is looked at first if there are conditions, or if its bucket may have versions. The copy then names the
    version that the conditions hold for.

    Args:
        endpoint: The endpoint.
        request: The copy.
        source: The source.
        copy: Makes the copy, from what is known of the source and with the options about it.
        conditional: Whether the store takes a condition on the source.

    Raises:
        S3Error: A condition does not hold, or the source is a delete marker that the request names.
        BucketryError: The copy failed.
    """
    fields: dict[str, Any] = {}
    try:
        found = _checked_source(endpoint.store, request, source)
        if found is not None:
            fields["source_version_id"] = found.version_id or source.version_id
            if conditional and _has_conditions(request.headers):
                fields["source_if_match"] = found.etag
        return copy(found, fields), fields.get("source_version_id")
    except IsDeleteMarker as error:
        raise _marker_as_source() from error


def _marker_as_source() -> S3Error:
    message = "The source of a copy request may not specifically refer to a delete marker by version id."
    return S3Error("InvalidRequest", message)


def _has_conditions(headers: Mapping[str, str]) -> bool:
    return any(name.startswith(_CONDITION_PREFIX) for name in headers)


def _checked_source(store: Store, request: S3Request, source: CopySource) -> ObjectInfo | None:
    """Checks the conditions on the source, and returns it; ``None`` if nothing has to be known of it.

    Raises:
        S3Error: A condition does not hold. A copy has no "not modified".
    """
    start = len(_CONDITION_PREFIX)
    conditions = {
        f"if-{name[start:]}": value for name, value in request.headers.items() if name.startswith(_CONDITION_PREFIX)
    }
    if not conditions and not store.capabilities.features.bucket_versioning:
        return None
    plain = _head_options(request, source)

    def head() -> ObjectInfo:
        return store.head_object(source.bucket, source.key, plain)

    stated = read_options(conditions, head)
    options = replace(stated, version_id=plain.version_id, customer_key=plain.customer_key)
    try:
        return store.head_object(source.bucket, source.key, options)
    except (PreconditionFailed, NotModified) as error:
        raise source_condition_failed(error.condition) from None


def _head_options(request: S3Request, source: CopySource) -> HeadOptions:
    return HeadOptions(version_id=source.version_id, customer_key=request.options.get("source_customer_key"))


def _told_version(request: S3Request, version_id: str | None) -> RawHeaders:
    """Returns the header with the version that was copied, and records it."""
    if version_id is None:
        return []
    if request.record is not None:
        request.record.source_version_id = version_id
    return [(f"{COPY_SOURCE}-version-id".encode(), encoded(version_id))]


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


def _response(name: str, copied: ObjectInfo | Part, checksum: str, headers: RawHeaders) -> Response:
    etag = f'"{copied.etag}"'
    content = element("LastModified", xml_time(copied.last_modified)) + element("ETag", etag) + checksum
    return xml_response(document(name, content), headers)
