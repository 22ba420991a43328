"""ListMultipartUploads and ListParts."""

from __future__ import annotations

from bucketry import PageOptions, Part, Store, Upload, UploadListOptions
from bucketry.options import MAX_PAGE

from bucketry_http.s3.answers import Answer, xml_answer
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.parameters import number
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import Encoding, document, element, escape, optional, owner, timestamp

_OWNERS = owner("Initiator") + owner("Owner") + "<StorageClass>STANDARD</StorageClass>"
_CURSOR = "cursor."
"""What an upload id marker begins with that is the store's own cursor: no upload has such an id."""


async def list_uploads(endpoint: Endpoint, request: S3Request) -> Answer:
    """ListMultipartUploads."""
    query, encoding = request.query, Encoding(request.query)
    limit = min(number(query, "max-uploads", MAX_PAGE, least=1), MAX_PAGE)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    markers = query.get("key-marker", ""), query.get("upload-id-marker", "")
    listing = _Uploads(endpoint.store, request.bucket, prefix, delimiter, limit)
    await endpoint.calls.call(listing.run, *markers)
    more = listing.next_marker is not None
    next_key, next_id = listing.next_marker or ("", "")
    uploads = "".join(
        f"<Upload>{encoding.element('Key', upload.key)}{element('UploadId', upload.upload_id)}{_OWNERS}"
        f"{element('Initiated', timestamp(upload.initiated_at))}</Upload>"
        for upload in listing.uploads
    )
    prefixes = "".join(
        f"<CommonPrefixes>{encoding.element('Prefix', common)}</CommonPrefixes>" for common in listing.prefixes
    )
    content = (
        f"{element('Bucket', request.bucket)}{encoding.element('KeyMarker', markers[0])}"
        f"{element('UploadIdMarker', markers[1])}{encoding.optional('NextKeyMarker', next_key)}"
        f"{optional('NextUploadIdMarker', next_id)}{encoding.element('Prefix', prefix)}"
        f"{encoding.optional('Delimiter', delimiter)}{element('MaxUploads', limit)}"
        f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{encoding.declaration()}{uploads}{prefixes}"
    )
    return xml_answer(document("ListMultipartUploadsResult", content))


class _Uploads:
    """One page of uploads, collected from the store's pages."""

    def __init__(self, store: Store, bucket: str, prefix: str, delimiter: str, limit: int) -> None:
        self._store = store
        self._bucket = bucket
        self._prefix = prefix
        self._delimiter = delimiter
        self._limit = limit
        self.uploads: list[Upload] = []
        self.prefixes: list[str] = []
        self._rolled_before = self._last = ""
        self.next_marker: tuple[str, str] | None = None

    def run(self, key_marker: str, id_marker: str) -> None:
        """Collects what comes after the markers.

        The store knows no such markers, only its own cursor: which stands in the upload id marker that this endpoint
        gives out. With markers of another's making the uploads before them are read and left out. Where a page ends
        with rolled-up uploads, the key marker is their prefix, which the next page leaves out.
        """
        self._rolled_before = key_marker
        cursor = id_marker.removeprefix(_CURSOR) if id_marker.startswith(_CURSOR) else None
        skipping = cursor is None and bool(key_marker)
        seen_marker = not id_marker
        while True:
            # Rolled-up uploads take no room on the page, so it is filled one by one where there is a delimiter.
            wanted = 1 if self._delimiter and len(self.uploads) + len(self.prefixes) + 1 >= self._limit else MAX_PAGE
            limit = min(wanted, self._limit - len(self.uploads) - len(self.prefixes)) if not skipping else MAX_PAGE
            options = UploadListOptions(prefix=self._prefix, cursor=cursor, limit=max(limit, 1))
            page = self._store.list_multipart_uploads(self._bucket, options)
            for position, upload in enumerate(page.uploads):
                if skipping and upload.key < key_marker:
                    continue
                if skipping and upload.key == key_marker:
                    # Without an upload id marker only greater keys follow (S3 API reference).
                    if not id_marker or not seen_marker:
                        seen_marker = seen_marker or upload.upload_id == id_marker
                        continue
                elif skipping and upload.key > key_marker:
                    seen_marker = True
                self._add(upload)
                if self._is_full and position + 1 < len(page.uploads):
                    self.next_marker = (self._last, upload.upload_id)
                    return
            if page.cursor is None:
                return
            cursor = page.cursor
            if self._is_full:
                self.next_marker = (self._last, _CURSOR + cursor)
                return

    @property
    def _is_full(self) -> bool:
        return len(self.uploads) + len(self.prefixes) >= self._limit

    def _add(self, upload: Upload) -> None:
        at = upload.key.find(self._delimiter, len(self._prefix)) if self._delimiter else -1
        if at < 0:
            self.uploads.append(upload)
            self._last = upload.key
            return
        common = upload.key[: at + len(self._delimiter)]
        if common not in self.prefixes and common != self._rolled_before:
            self.prefixes.append(common)
            self._last = common


async def list_parts(endpoint: Endpoint, request: S3Request) -> Answer:
    """ListParts."""
    query = request.query
    limit = min(number(query, "max-parts", MAX_PAGE), MAX_PAGE)
    after = number(query, "part-number-marker", 0)
    found = await endpoint.calls.call(_parts_after, endpoint.store, request, after, limit + 1)
    parts = found[:limit]
    shown = "".join(
        f"<Part>{element('PartNumber', part.part_number)}{element('LastModified', timestamp(part.last_modified))}"
        f"<ETag>&quot;{escape(part.etag)}&quot;</ETag>{element('Size', part.size_bytes)}</Part>"
        for part in parts
    )
    more = len(found) > limit > 0
    content = (
        f"{element('Bucket', request.bucket)}{Encoding(query).element('Key', request.key)}"
        f"{element('UploadId', query['uploadId'])}{_OWNERS}{element('PartNumberMarker', after)}"
        f"{optional('NextPartNumberMarker', parts[-1].part_number if more else None)}{element('MaxParts', limit)}"
        f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{shown}"
    )
    return xml_answer(document("ListPartsResult", content))


def _parts_after(store: Store, request: S3Request, after: int, limit: int) -> list[Part]:
    """Returns the parts above a number: the store knows its own cursor alone, and an upload has ten pages at most."""
    found: list[Part] = []
    options = PageOptions()
    while True:
        page = store.list_parts(request.bucket, request.key, request.query["uploadId"], options)
        found.extend(part for part in page.parts if part.part_number > after)
        if page.cursor is None or len(found) >= limit:
            return found[:limit]
        options = PageOptions(cursor=page.cursor)
