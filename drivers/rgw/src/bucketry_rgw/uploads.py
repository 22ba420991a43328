"""Multipart uploads: their requests, parts that are copied, and the lists of uploads and parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

import msgspec
from bucketry import (
    Body,
    CompletedPart,
    CustomerKey,
    GetOptions,
    HeadOptions,
    NoSuchUpload,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartPage,
    Unsupported,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
)
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.paging import stands_still
from bucketry.s3 import MAX_PAGE, MAX_PART_BYTES
from bucketry_s3client import (
    NOT_XML,
    VERSION_ID,
    S3Client,
    S3ResponseError,
    check_part_size,
    complete_upload,
    copy_part,
    copy_source_headers,
    create_upload,
    customer_key_headers,
    explaining_missing_lock,
    incomplete_response,
    is_decoded_twice,
    is_truncated,
    new_version_headers,
    object_headers,
    one_piece,
    parse_xml,
    part_body,
    read_part,
    read_upload,
    reading,
    request_target,
    response_date,
    response_etag,
    source_of,
    upload_page,
    upload_part,
    version_query,
)

from bucketry_rgw.objects import Objects, written_at

_PARTS: Final = "rgw parts"
_UNCLEAR: Final = frozenset({"InternalError", "InvalidPart", "NoSuchKey"})
"""What RGW says when an upload to complete does not exist, or has other parts."""


class Uploads:
    """Multipart uploads in all buckets. Threads may share it."""

    def __init__(self, client: S3Client, objects: Objects, part_size: int) -> None:
        self._client = client
        self._objects = objects
        self._part_size = part_size

    def create(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        sent = object_headers(options) | new_version_headers(options)
        with explaining_missing_lock(self._client, bucket, options):
            received, upload_id = create_upload(self._client, bucket, key, sent)
        return Upload(key=key, upload_id=upload_id, initiated_at=written_at(received) or response_date(received))

    def send(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, customer_key: CustomerKey | None
    ) -> Part:
        """Stores a part."""
        with one_piece(body, self._part_size, MAX_PART_BYTES) as content:
            keyed = customer_key_headers(customer_key)
            received = upload_part(self._client, bucket, key, upload_id, part_number, content, keyed)
        return Part(
            part_number=part_number,
            etag=response_etag(received),
            size_bytes=body.bytes_read,
            last_modified=written_at(received) or response_date(received),
        )

    def copy(
        self,
        place: tuple[str, str, str, int],
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        """Copies a part.

        Args:
            place: Bucket, key, upload id and part number of the copy.
            source_bucket: The bucket of the source.
            source_key: The key of the source.
            options: Which bytes are copied.
        """
        if is_decoded_twice(source_key):
            return self._pass_through(place, source_bucket, source_key, options)
        wanted = options.range
        path = request_target(source_bucket, source_key, version_query(options.source_version_id))
        headers = copy_source_headers(path, wanted) | customer_key_headers(options.customer_key)
        headers |= customer_key_headers(options.source_customer_key, of_source=True)
        if wanted is not None:
            return copy_part(self._client, *place, headers, (wanted.last or 0) + 1 - (wanted.first or 0))
        size = self._objects.head(source_bucket, source_key, source_of(options)).size_bytes
        check_part_size(size)
        part = copy_part(self._client, *place, headers, size)
        # The source may have been written meanwhile, and RGW ignores a condition that would notice.
        bucket, key, upload_id, part_number = place
        stored = next(list_parts(self._client, bucket, key, upload_id, part_number - 1), None)
        if stored is None or (stored.part_number, stored.etag) != (part_number, part.etag):
            return part
        return msgspec.structs.replace(part, size_bytes=stored.size_bytes)

    def _pass_through(
        self, place: tuple[str, str, str, int], source_bucket: str, source_key: str, options: PartCopyOptions
    ) -> Part:
        source = source_of(options)
        asked = GetOptions(range=options.range, version_id=source.version_id, customer_key=source.customer_key)
        with self._objects.get(source_bucket, source_key, asked) as opened:
            part = self.send(*place, part_body(opened, options.range), options.customer_key)
            return msgspec.structs.replace(part, source_version_id=opened.info.version_id)

    def list(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists a page of the uploads in progress. RGW has them in another order, so each page looks at all of them."""
        return upload_page("rgw uploads", list_uploads(self._client, bucket, options.prefix), options)

    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists a page of an upload's parts.

        Raises:
            InvalidArgument: The cursor belongs to another listing.
            NoSuchUpload: The upload is not in progress.
        """
        after = 0 if options.cursor is None else decode_cursor(_PARTS, options.cursor, int)
        first = []
        with _missing_upload():
            for part in list_parts(self._client, bucket, key, upload_id, after):
                first.append(part)
                if len(first) > options.limit:
                    break
        shown = tuple(first[: options.limit])
        cursor = encode_cursor(_PARTS, shown[-1].part_number) if len(first) > len(shown) else None
        return PartPage(parts=shown, cursor=cursor)

    def complete(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        parts: tuple[CompletedPart, ...],
        customer_key: CustomerKey | None,
    ) -> ObjectInfo:
        """Makes the parts the object, and asks what it is then."""
        with self._objects.writing(bucket, key):
            try:
                done = complete_upload(self._client, bucket, key, upload_id, parts, customer_key_headers(customer_key))
            except S3ResponseError as error:
                if error.code in _UNCLEAR:
                    self._raise_clearer(bucket, key, upload_id, parts)
                raise
            made = HeadOptions(version_id=done.get(VERSION_ID), customer_key=customer_key)
            return self._objects.stored(bucket, key, made)

    def _raise_clearer(self, bucket: str, key: str, upload_id: str, listed: tuple[CompletedPart, ...]) -> None:
        """Raises why an upload was not completed, where that is clearer than what RGW said."""
        with _missing_upload():
            stored = {part.part_number: part.etag for part in list_parts(self._client, bucket, key, upload_id)}
        if len(stored) > len(listed) and all(stored.get(part.part_number) == part.etag for part in listed):
            raise Unsupported(
                f"RGW completes an upload with all of its parts only: {len(stored)} are stored, {len(listed)} listed",
                feature="complete_subset",
            )

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload."""
        with _missing_upload():
            self._client.request("DELETE", bucket, key, query={"uploadId": upload_id}, repeatable=False)


@contextmanager
def _missing_upload() -> Iterator[None]:
    """Raises `NoSuchUpload` where RGW says of a missing upload that the key is missing."""
    try:
        yield
    except S3ResponseError as error:
        if error.code == "NoSuchKey":
            raise NoSuchUpload from error
        raise


def list_uploads(client: S3Client, bucket: str, prefix: str = "") -> Iterator[Upload]:
    """Yields all uploads in progress, in RGW's own order: that of ``KEY.UPLOAD_ID``, which is not that of the keys."""
    marker: dict[str, str] = {}
    while True:
        query = {"uploads": "", "max-uploads": str(MAX_PAGE), **({"prefix": prefix} if prefix else {}), **marker}
        _, body = client.request("GET", bucket, query=query)
        with reading("a page of uploads"):
            document = parse_xml(_encoded(body))
            found = [read_upload(entry) for entry in document.all("Upload")]
            more = is_truncated(document)
        if document.name != "ListMultipartUploadsResult":
            raise incomplete_response("the response is not a list of uploads")
        following = {"key-marker": found[-1].key, "upload-id-marker": found[-1].upload_id} if found else marker
        if more and _place(following) <= _place(marker):
            stands_still("a page of uploads ends where it was to begin")
        yield from found
        if not more:
            return
        marker = following


def _place(marker: Mapping[str, str]) -> tuple[bytes, ...]:
    """Returns where a marker stands in RGW's order, that of its own objects for uploads. So a repeated page shows."""
    return (f"{marker['key-marker']}.{marker['upload-id-marker']}.meta".encode(),) if marker else ()


def _encoded(document: bytes) -> bytes:
    """Writes what XML cannot hold as ``%HH``: this listing takes no ``encoding-type``."""
    return NOT_XML.sub(_as_percent, document.replace(b"%", b"%25").replace(b"+", b"%2B"))


def _as_percent(match: re.Match[bytes]) -> bytes:
    if not match[0].startswith(b"&#"):
        return b"".join(b"%%%02X" % byte for byte in match[0])
    digits = match[0][2:-1].lower()
    code = int(digits[1:], 16) if digits.startswith(b"x") else int(digits)
    return quote(chr(code), safe="").encode()


def list_parts(client: S3Client, bucket: str, key: str, upload_id: str, after: int = 0) -> Iterator[Part]:
    """Yields the parts of an upload whose number is higher than ``after``, in ascending number.

    Raises:
        S3ResponseError: The upload is not in progress: ``NoSuchKey`` or ``NoSuchUpload``.
        Unavailable: A page does not move on.
    """
    while True:
        query = {"uploadId": upload_id, "max-parts": str(MAX_PAGE), "part-number-marker": str(after)}
        _, document = client.request_xml("GET", bucket, key, root="ListPartsResult", query=query)
        with reading("a page of parts"):
            found = [read_part(entry) for entry in document.all("Part")]
            more = is_truncated(document)
        if (found and found[0].part_number <= after) or (more and not found):
            stands_still("a page of parts does not begin after the one before it")
        yield from found
        if not more:
            return
        after = found[-1].part_number
