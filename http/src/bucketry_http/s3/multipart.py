"""Multipart uploads: create, upload parts, list, complete, abort."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import Any, Final

from bucketry import (
    CHECKSUM_ALGORITHMS,
    Body,
    Checksum,
    CompletedPart,
    CompleteOptions,
    InvalidArgument,
    InvalidChecksum,
    ObjectInfo,
    Owner,
    PageOptions,
    Part,
    PartOptions,
    PartPage,
    Store,
    Upload,
    UploadListOptions,
    UploadOptions,
)
from bucketry.owners import DEFAULT_OWNER
from bucketry.s3 import MAX_PAGE, xml_time

from bucketry_http.s3.body import S3Body, sized_body
from bucketry_http.s3.checksums import (
    ALGORITHM,
    TYPE,
    algorithms_of_uploads,
    checksum_elements,
    checksum_headers,
    kept_checksum,
    object_checksum,
    requested_algorithm,
    requested_type,
)
from bucketry_http.s3.conditions import write_conditions
from bucketry_http.s3.encryption import check_part, encryption_of_part, errors_of_uploads
from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.headers import written_headers, written_tags
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.response_headers import UPLOADING, WRITTEN, abort_headers
from bucketry_http.s3.storage_classes import storage_class_element
from bucketry_http.s3.xml import Encoding, document, element, escape, optional, owner
from bucketry_http.s3.xml_reading import Node, malformed, read_xml
from bucketry_http.shared.headers import TAGGING

_SIZE: Final = "x-amz-mp-object-size"
_SIZE_DIGITS: Final = 19
_CHECKSUM: Final = "Checksum"
"""Begins the names of elements with a checksum."""


async def create_upload(endpoint: Endpoint, request: S3Request) -> Response:
    """CreateMultipartUpload."""
    fields: dict[str, Any] = {**written_headers(request.headers), **request.options}
    if tags := written_tags(request.headers.get(TAGGING)):
        fields["tags"] = tags
    algorithm = requested_algorithm(request.headers)
    kept = algorithms_of_uploads(endpoint)
    if algorithm is None or algorithm in kept:
        fields["checksum_algorithm"] = algorithm
        fields["checksum_type"] = requested_type(request.headers) if kept else None
    upload = await endpoint.calls.call(
        endpoint.store.create_multipart_upload, request.bucket, request.key, UploadOptions(**fields)
    )
    content = element("Bucket", request.bucket) + element("Key", request.key) + element("UploadId", upload.upload_id)
    sent = ((ALGORITHM, upload.checksum_algorithm), (TYPE, upload.checksum_type))
    headers = [(name.encode(), value.encode()) for name, value in sent if value is not None]
    headers += UPLOADING.headers(UPLOADING.of(upload)) + abort_headers(upload.abort)
    return xml_response(document("InitiateMultipartUploadResult", content), headers)


def part_number(endpoint: Endpoint, request: S3Request) -> int:
    """Returns the number of the part that a request is about.

    Raises:
        S3Error: There is no number, or it is out of bounds.
    """
    found = number(request.query, "partNumber", 0, least=1, most=endpoint.features.max_parts)
    if not found:
        raise S3Error("InvalidArgument", "A part needs the parameter partNumber.")
    return found


async def upload_part(endpoint: Endpoint, request: S3Request) -> Response:
    """UploadPart."""
    body, length = sized_body(request, endpoint.features.max_part_size)
    number_of_part, upload_id = part_number(endpoint, request), request.query["uploadId"]
    options = PartOptions(**request.options, **kept_checksum(algorithms_of_uploads(endpoint), body.checksum))
    asked = encryption_of_part(endpoint, request)

    def put(content: bytes | Body) -> Part:
        return endpoint.store.upload_part(request.bucket, request.key, upload_id, number_of_part, content, options)

    with errors_of_uploads():
        part = await endpoint.uploader.send(request.bucket, request.key, put, body, length)
    check_part(part, asked)
    checksum = part.checksum if body.checksum is None else body.checksum.value
    headers = [(b"etag", b'"%s"' % part.etag.encode()), *checksum_headers(checksum, typed=False)]
    return empty_response(200, headers + UPLOADING.headers(UPLOADING.of(part)))


async def complete_upload(endpoint: Endpoint, request: S3Request) -> Response:
    """CompleteMultipartUpload. It responds when it is done, so that an error has its own status."""
    expected = _expected(endpoint, request)
    # minio-go sends the upload's encryption once more. It is checked; the upload decides.
    encryption_of_part(endpoint, request)
    body = await S3Body(request, has_checksum=False).read(endpoint.settings.max_list_bytes)
    root = await read_xml(endpoint.settings, body, "CompleteMultipartUpload")
    features = endpoint.features
    parts = await endpoint.calls.bulk_call(
        len(root), _parts, root, features.max_parts, kept=algorithms_of_uploads(endpoint)
    )
    options = CompleteOptions(**request.options, **expected, **await write_conditions(endpoint, request))

    def complete() -> ObjectInfo:
        upload_id = request.query["uploadId"]
        return endpoint.store.complete_multipart_upload(request.bucket, request.key, upload_id, parts, options)

    try:
        with errors_of_uploads():
            info = await endpoint.calls.long_call(complete)
    except InvalidArgument as error:
        if error.field != "size_bytes":
            raise
        raise S3Error(
            "InvalidRequest", f"The provided '{_SIZE}' header does not match what was computed: {error.detail}."
        ) from error
    location = f"{request.scope['scheme']}://{request.headers.get('host', '')}{request.resource}"
    content = (
        f"{element('Location', location)}{element('Bucket', request.bucket)}{element('Key', request.key)}"
        f"{element('ETag', chr(34) + info.etag + chr(34))}{checksum_elements(info.checksum)}"
    )
    facts = WRITTEN.of(info)
    return xml_response(document("CompleteMultipartUploadResult", content), WRITTEN.headers(facts))


def _expected(endpoint: Endpoint, request: S3Request) -> dict[str, Any]:
    """Returns the options for what the request's headers say of the whole object.

    Raises:
        S3Error: A header is malformed, or this store cannot check it.
    """
    headers = request.headers
    checksum, size = object_checksum(headers), headers.get(_SIZE)
    kept = algorithms_of_uploads(endpoint)
    if not kept or (checksum is not None and checksum.algorithm not in kept):
        if checksum is not None or size is not None:
            # Only the store could compute it without reading the whole object again.
            raise not_implemented("a checksum or size of the whole object in CompleteMultipartUpload of this store")
        return {}
    if size is not None and not (size.isascii() and size.isdecimal() and len(size) <= _SIZE_DIGITS):
        raise S3Error("InvalidRequest", f"Value for {_SIZE} header is invalid.")
    return {
        "checksum": checksum,
        "checksum_type": requested_type(headers),
        "size_bytes": None if size is None else int(size),
    }


def _parts(root: Node, most: int, *, kept: Collection[str]) -> list[CompletedPart]:
    root.only("Part")
    parts: list[CompletedPart] = []
    for entry in root.children("Part"):
        part = _part(entry, kept)
        if parts and parts[-1].part_number == part.part_number:
            # A client lists each time that it sent the part. The last one counts, as in Ceph RGW.
            parts.pop()
        parts.append(part)
    if not 1 <= len(parts) <= most:
        raise malformed(f"CompleteMultipartUpload has 1 to {most} elements Part")
    return parts


def _part(entry: Node, kept: Collection[str]) -> CompletedPart:
    text, etag = entry.required("PartNumber").strip(), entry.required("ETag").strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > 5:
        raise malformed("PartNumber is not a number")
    if not etag.strip('"'):
        raise malformed("ETag is empty")
    checksum = _checksum(entry) if kept else None
    # A checksum that the store does not keep was compared with the part when it came.
    return CompletedPart(int(text), etag, checksum if checksum is not None and checksum.algorithm in kept else None)


def _checksum(part: Node) -> Checksum | None:
    """Returns the checksum in an element ``Part``.

    Raises:
        S3Error: There are several checksums, or the checksum is malformed or of an unknown algorithm.
    """
    given = [
        (child.name.removeprefix(_CHECKSUM), child.text.strip())
        for child in part.children()
        if child.name.startswith(_CHECKSUM)
    ]
    if not given:
        return None
    if unknown := [name for name, _ in given if name not in CHECKSUM_ALGORITHMS]:
        # Nothing would compare it, and a damaged part would become a part of the object.
        raise not_implemented(f"the checksum {_CHECKSUM}{unknown[0][:64]} of a part")
    try:
        (checksum,) = [Checksum.parse(name, text) for name, text in given]
    except (InvalidChecksum, ValueError):
        shown = "".join(f"{name}:{text};" for name, text in given)
        message = "Invalid Base64 or multiple checksums present in request"
        raise invalid_argument("Checksum", shown, message) from None
    return checksum


async def abort_upload(endpoint: Endpoint, request: S3Request) -> Response:
    """AbortMultipartUpload."""
    await endpoint.calls.call(
        endpoint.store.abort_multipart_upload, request.bucket, request.key, request.query["uploadId"]
    )
    return empty_response()


async def list_uploads(endpoint: Endpoint, request: S3Request) -> Response:
    """ListMultipartUploads."""
    query, encoding = request.query, Encoding(request.query)
    limit = min(number(query, "max-uploads", MAX_PAGE, least=1), MAX_PAGE)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    markers = query.get("key-marker", ""), query.get("upload-id-marker", "")
    wanted = UploadListOptions(prefix=prefix)

    def collect() -> _Page:
        following = _after(endpoint.store.iter_multipart_uploads(request.bucket, wanted), *markers)
        return _page(following, prefix, delimiter, markers[0], limit)

    listing = await endpoint.calls.long_call(collect)
    uploads = "".join(
        f"<Upload>{encoding.element('Key', upload.key)}{element('UploadId', upload.upload_id)}"
        f"{_owners(request, upload.owner)}"
        f"{storage_class_element(upload.storage_class)}"
        f"{element('Initiated', xml_time(upload.initiated_at))}"
        f"{_checksum_kind(upload.checksum_algorithm, upload.checksum_type)}</Upload>"
        for upload in listing.uploads
    )
    prefixes = "".join(
        f"<CommonPrefixes>{encoding.element('Prefix', common)}</CommonPrefixes>" for common in listing.prefixes
    )
    content = (
        f"{element('Bucket', request.bucket)}{encoding.element('KeyMarker', markers[0])}"
        f"{element('UploadIdMarker', markers[1])}{encoding.optional('NextKeyMarker', listing.next_key)}"
        f"{optional('NextUploadIdMarker', listing.next_id)}{encoding.element('Prefix', prefix)}"
        f"{encoding.optional('Delimiter', delimiter)}{element('MaxUploads', limit)}"
        f"<IsTruncated>{'true' if listing.next_key else 'false'}</IsTruncated>{encoding.declaration()}"
        f"{uploads}{prefixes}"
    )
    return xml_response(document("ListMultipartUploadsResult", content))


def _checksum_kind(algorithm: str | None, kind: str | None) -> str:
    return optional("ChecksumAlgorithm", algorithm) + optional("ChecksumType", kind)


class _Page:
    """One page of uploads.

    Attributes:
        uploads: The uploads that are not rolled up.
        prefixes: The common prefixes of the other ones.
        next_key: The key, or the common prefix, after which the next page begins; empty on the last page.
        next_id: The upload of that key after which the next page begins.
    """

    def __init__(self) -> None:
        self.uploads: list[Upload] = []
        self.prefixes: list[str] = []
        self.next_key = self.next_id = ""


def _after(uploads: Iterator[Upload], key_marker: str, id_marker: str) -> Iterator[Upload]:
    """Yields the uploads after the markers. A store has no markers, so the uploads before them are read and skipped.

    Without an upload id, only greater keys follow (S3 API reference, ListMultipartUploads). If the upload of that id is
    gone, all uploads of its key follow: a client that aborts each page before it asks for the next one misses nothing.
    """
    of_marker: list[Upload] = []
    for upload in uploads:
        if upload.key > key_marker:
            yield from of_marker
            of_marker.clear()
            yield upload
        elif upload.key == key_marker and id_marker:
            of_marker.append(upload)
            if upload.upload_id == id_marker:
                of_marker.clear()
    yield from of_marker


def _page(uploads: Iterator[Upload], prefix: str, delimiter: str, key_marker: str, limit: int) -> _Page:
    """Returns the first page. The uploads are sorted by key, so those of one common prefix are neighbours."""
    page, last = _Page(), (key_marker, "")
    for upload in uploads:
        common = _common_prefix(upload.key, prefix, delimiter)
        if common and common == last[0]:
            continue
        if len(page.uploads) + len(page.prefixes) == limit:
            page.next_key, page.next_id = last
            break
        if common:
            page.prefixes.append(common)
        else:
            page.uploads.append(upload)
        last = (common, "") if common else (upload.key, upload.upload_id)
    return page


def _common_prefix(key: str, prefix: str, delimiter: str) -> str:
    at = key.find(delimiter, len(prefix)) if delimiter else -1
    return key[: at + len(delimiter)] if at >= 0 else ""


def _owners(request: S3Request, of: Owner | None) -> str:
    """Returns the elements about who began an upload, and who will own the object: the same user."""
    if of is None:
        of = DEFAULT_OWNER if request.access is None else request.access.owner
    return owner(of, name="Initiator") + owner(of)


async def list_parts(endpoint: Endpoint, request: S3Request) -> Response:
    """ListParts."""
    query = request.query
    limit = min(number(query, "max-parts", MAX_PAGE), MAX_PAGE)
    after = number(query, "part-number-marker", 0)
    page, found = await endpoint.calls.call(_parts_after, endpoint.store, request, after, limit + 1)
    parts = found[:limit]
    shown = "".join(
        f"<Part>{element('PartNumber', part.part_number)}{element('LastModified', xml_time(part.last_modified))}"
        f"<ETag>&quot;{escape(part.etag)}&quot;</ETag>{element('Size', part.size_bytes)}"
        f"{checksum_elements(part.checksum, typed=False)}</Part>"
        for part in parts
    )
    more = len(found) > limit > 0
    content = (
        f"{element('Bucket', request.bucket)}{Encoding(query).element('Key', request.key)}"
        f"{element('UploadId', query['uploadId'])}{_owners(request, page.owner)}"
        f"{storage_class_element(page.storage_class)}{element('PartNumberMarker', after)}"
        f"{optional('NextPartNumberMarker', parts[-1].part_number if more else None)}{element('MaxParts', limit)}"
        f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
        f"{_checksum_kind(page.checksum_algorithm, page.checksum_type)}{shown}"
    )
    return xml_response(document("ListPartsResult", content), abort_headers(page.abort))


def _parts_after(store: Store, request: S3Request, after: int, limit: int) -> tuple[PartPage, list[Part]]:
    """Returns the first page, and the parts after a number.

    A store has cursors but no part numbers to begin after. An upload has ten pages at most.
    """
    place = request.bucket, request.key, request.query["uploadId"]
    first = store.list_parts(*place)
    following = () if first.cursor is None else store.iter_parts(*place, PageOptions(cursor=first.cursor))
    parts = (part for part in chain(first.parts, following) if part.part_number > after)
    return first, list(islice(parts, limit))
