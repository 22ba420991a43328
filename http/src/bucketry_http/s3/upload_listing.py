"""ListMultipartUploads and ListParts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from bucketry import PageOptions, Part, PartPage, Store, Upload, UploadListOptions
from bucketry.options import MAX_PAGE

from bucketry_http.s3.answers import Answer, xml_answer
from bucketry_http.s3.checksums import checksum_elements
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.parameters import number
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import Encoding, document, element, escape, optional, owner, timestamp

_OWNERS = owner("Initiator") + owner("Owner") + "<StorageClass>STANDARD</StorageClass>"


async def list_uploads(endpoint: Endpoint, request: S3Request) -> Answer:
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
        f"<Upload>{encoding.element('Key', upload.key)}{element('UploadId', upload.upload_id)}{_OWNERS}"
        f"{element('Initiated', timestamp(upload.initiated_at))}"
        f"{_summed(upload.checksum_algorithm, upload.checksum_type)}</Upload>"
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
    return xml_answer(document("ListMultipartUploadsResult", content))


def _summed(algorithm: str | None, kind: str | None) -> str:
    return optional("ChecksumAlgorithm", algorithm) + optional("ChecksumType", kind)


class _Page:
    """One page of uploads.

    Attributes:
        uploads: Those that are not rolled up.
        prefixes: The common prefixes of those that are.
        next_key: The key, or the common prefix, after which the next page begins; empty: this is the last.
        next_id: The upload of that key after which it begins.
    """

    def __init__(self) -> None:
        self.uploads: list[Upload] = []
        self.prefixes: list[str] = []
        self.next_key = self.next_id = ""


def _after(uploads: Iterator[Upload], key_marker: str, id_marker: str) -> Iterator[Upload]:
    """Yields the uploads after the markers. A store knows none, so those before are read and left out.

    Without an upload id only greater keys follow (S3 API reference). Where the upload of that id is gone, as when each
    page is aborted before the next is asked for, all of its key follow: better twice than never.
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
    """Returns the first page of uploads, which are sorted by key, so that those of one common prefix are neighbours."""
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


async def list_parts(endpoint: Endpoint, request: S3Request) -> Answer:
    """ListParts."""
    query = request.query
    limit = min(number(query, "max-parts", MAX_PAGE), MAX_PAGE)
    after = number(query, "part-number-marker", 0)
    page, found = await endpoint.calls.call(_parts_after, endpoint.store, request, after, limit + 1)
    parts = found[:limit]
    shown = "".join(
        f"<Part>{element('PartNumber', part.part_number)}{element('LastModified', timestamp(part.last_modified))}"
        f"<ETag>&quot;{escape(part.etag)}&quot;</ETag>{element('Size', part.size_bytes)}"
        f"{checksum_elements(part.checksum, typed=False)}</Part>"
        for part in parts
    )
    more = len(found) > limit > 0
    content = (
        f"{element('Bucket', request.bucket)}{Encoding(query).element('Key', request.key)}"
        f"{element('UploadId', query['uploadId'])}{_OWNERS}{element('PartNumberMarker', after)}"
        f"{optional('NextPartNumberMarker', parts[-1].part_number if more else None)}{element('MaxParts', limit)}"
        f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
        f"{_summed(page.checksum_algorithm, page.checksum_type)}{shown}"
    )
    return xml_answer(document("ListPartsResult", content))


def _parts_after(store: Store, request: S3Request, after: int, limit: int) -> tuple[PartPage, list[Part]]:
    """Returns the first page, and the parts above a number.

    The store knows its own cursor alone, and an upload has ten pages at most.
    """
    place = request.bucket, request.key, request.query["uploadId"]
    first = store.list_parts(*place)
    following = () if first.cursor is None else store.iter_parts(*place, PageOptions(cursor=first.cursor))
    parts = (part for part in chain(first.parts, following) if part.part_number > after)
    return first, list(islice(parts, limit))
