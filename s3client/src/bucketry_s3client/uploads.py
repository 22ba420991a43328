"""Multipart uploads: their requests, and a body that is sent in parts side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from datetime import datetime
from hashlib import md5
from heapq import nsmallest
from itertools import repeat
from typing import Any, Final, cast
from urllib.parse import unquote

import msgspec
from bucketry import (
    Body,
    ByteRange,
    CompletedPart,
    InvalidRange,
    OpenedObject,
    PageOptions,
    Part,
    PartPage,
    TooLarge,
    Upload,
    UploadListOptions,
    UploadPage,
)
from bucketry.backend_requests import in_this_context
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.features import MIB
from bucketry.paging import stands_still
from bucketry.s3 import COPY_SOURCE, MAX_PART_BYTES, MAX_PARTS

from bucketry_s3client.body import Content, Pieces, length_of, take
from bucketry_s3client.client import S3Client
from bucketry_s3client.encryption import encryption_fields
from bucketry_s3client.errors import incomplete_response, reading
from bucketry_s3client.failed_uploads import FailedUploads
from bucketry_s3client.headers import read_etag, response_etag
from bucketry_s3client.settings import S3Settings
from bucketry_s3client.version_headers import SOURCE_VERSION_ID
from bucketry_s3client.xml import (
    Element,
    complete_request,
    is_truncated,
    read_checksum,
    read_part,
    read_storage_class,
    read_time,
)

_GROW_AFTER: Final = 1000
_VERSION: Final = "?versionId="

_FREELY: Final = nullcontext()

Headers = Mapping[str, str]
_NO_HEADERS: Final[Headers] = {}


def create_upload(client: S3Client, bucket: str, key: str, headers: Headers) -> tuple[Headers, str]:
    """Begins an upload; returns the headers of the response, and the upload's id.

    It is not sent again: the id of the first upload would be lost.

    Raises:
        Unavailable: The response holds no id.
    """
    root, query = "InitiateMultipartUploadResult", {"uploads": ""}
    received, document = client.request_xml(
        "POST", bucket, key, root=root, query=query, headers=headers, repeatable=False
    )
    upload_id = document.text("UploadId")
    if not upload_id:
        raise incomplete_response("the response to a new upload holds no upload id")
    return received, upload_id


def upload_part(
    client: S3Client,
    bucket: str,
    key: str,
    upload_id: str,
    number: int,
    content: Content,
    headers: Headers = _NO_HEADERS,
) -> Headers:
    """Stores a part; returns the headers of the response."""
    query = {"partNumber": str(number), "uploadId": upload_id}
    return client.request("PUT", bucket, key, query=query, headers=headers, content=content)[0]


def complete_upload(
    client: S3Client, bucket: str, key: str, upload_id: str, parts: Sequence[CompletedPart], conditions: Headers
) -> Headers:
    """Makes these parts the object.

    It is not repeated: the second time, a server would say that there is no such upload.

    Returns:
        The headers of the response, and as ``etag``, as after a put, what its body says.

    Raises:
        Unavailable: The response holds no etag. The object may have been made.
    """
    received, document = client.request_xml(
        "POST",
        bucket,
        key,
        root="CompleteMultipartUploadResult",
        query={"uploadId": upload_id},
        headers=conditions,
        content=complete_request(parts),
        repeatable=False,
    )
    with reading("the response to a completed upload"):
        # RGW 16 leaves it empty.
        etag = document.texts()["ETag"] or _etag_of(parts)
    return {**{name.lower(): value for name, value in received.items()}, "etag": etag}


def _etag_of(parts: Sequence[CompletedPart]) -> str:
    """Returns the etag that S3 gives an object of these parts: the MD5 of their MD5s, and how many they are.

    Raises:
        ValueError: The parts' etags are not MD5s.
    """
    digests = b"".join([bytes.fromhex(part.etag) for part in parts])
    return f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def part_sizes(length: int | None, part_size: int, *, growth: int) -> Iterator[int]:
    """Yields the sizes of an upload's parts, in bytes, such that 10,000 suffice.

    Args:
        length: Length of the whole; ``None`` if it is not known.
        part_size: Least size of a part.
        growth: By how many times ``part_size`` the parts of an unknown length grow after each 1,000 of them.
    """
    if length is not None:
        least = -(-length // MAX_PARTS)
        yield from repeat(max(part_size, -(-least // MIB) * MIB), MAX_PARTS)
        return
    for number in range(MAX_PARTS):
        yield min(MAX_PART_BYTES, part_size * (1 + growth * (number // _GROW_AFTER)))


class PartsUpload:
    """One upload in parts: as many in flight as memory is set aside for, and none left behind when it fails."""

    def __init__(
        self, client: S3Client, failed_uploads: FailedUploads, bucket: str, key: str, settings: S3Settings
    ) -> None:
        """Sends nothing yet.

        Args:
            client: The way to the server.
            failed_uploads: Who aborts the upload if it fails.
            bucket: The object's bucket.
            key: The object's key.
            settings: Their ``part_size`` and ``upload_threads`` say how much is in flight.
        """
        self._client = client
        self._failed_uploads = failed_uploads
        self._bucket = bucket
        self._key = key
        self._threads = settings.upload_threads
        self._part_headers: Headers = _NO_HEADERS
        # In flight, while one more part is taken from the body.
        self._room = settings.part_size * (settings.upload_threads - 1)

    def run(
        self,
        taken: list[Pieces],
        body: Body,
        sizes: Iterator[int],
        headers: Headers,
        conditions: Headers,
        completing: AbstractContextManager[object] = _FREELY,
        part_headers: Headers = _NO_HEADERS,
    ) -> Headers:
        """Sends what was taken already and the rest of the body, and makes it the object.

        Args:
            taken: The first parts. They are removed from this list, so that their memory is free once they are sent.
            body: What is left.
            sizes: The sizes of the parts that are left, of `part_sizes`.
            headers: The object's headers and metadata, of `object_headers`.
            conditions: Headers of the conditions, for when the object is made.
            completing: What is entered while the object is made of its parts.
            part_headers: Headers of each part: a customer's key.

        Returns:
            The headers of the response, as `complete_upload` does.

        Raises:
            TooLarge: The body is longer than its parts hold.
            Exception: What the body, a part or the end fails with. The upload is aborted.
        """
        _, upload_id = create_upload(self._client, self._bucket, self._key, headers)
        self._part_headers = part_headers
        try:
            # Leaving the pool waits for the parts in flight: aborted before they end, they would stay.
            with ThreadPoolExecutor(self._threads, "bucketry-part") as pool:
                parts = self._send_all(pool, upload_id, _parts_of(taken, body, sizes))
            with completing:
                return complete_upload(self._client, self._bucket, self._key, upload_id, parts, conditions)
        except BaseException:  # Also an interrupt: no other code knows of these parts.
            self._failed_uploads.abort(self._bucket, self._key, upload_id)
            raise

    def _send_all(self, pool: ThreadPoolExecutor, upload_id: str, contents: Iterable[Pieces]) -> list[CompletedPart]:
        parts: list[CompletedPart] = []
        flying: dict[Future[CompletedPart], int] = {}
        try:
            for number, pieces in enumerate(contents, 1):
                length = length_of(pieces)
                flying[pool.submit(copy_context().run, self._send, upload_id, number, pieces)] = length
                _land(flying, parts, self._room)
            _land(flying, parts, 0)
        except BaseException:
            for future in flying:
                future.cancel()
            raise
        return sorted(parts, key=lambda part: part.part_number)

    def _send(self, upload_id: str, number: int, pieces: Pieces) -> CompletedPart:
        try:
            received = upload_part(self._client, self._bucket, self._key, upload_id, number, pieces, self._part_headers)
        finally:
            pieces.clear()  # The list may live on, its memory does not.
        return CompletedPart(number, response_etag(received))


def _land(flying: dict[Future[CompletedPart], int], parts: list[CompletedPart], most: int) -> None:
    """Waits until at most ``most`` bytes are in flight; raises what a part failed with."""
    while flying and sum(flying.values()) > most:
        done, _ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            del flying[future]
            parts.append(future.result())


def _parts_of(taken: list[Pieces], body: Body, sizes: Iterator[int]) -> Iterator[Pieces]:
    while taken:
        yield taken.pop(0)
    for size in sizes:
        pieces = take(body, size)
        if not pieces:
            return
        yield pieces
    if body.read(1):
        raise TooLarge(f"it has more than {MAX_PARTS:,} parts hold: send it with its length, or set part_size")


def copy_part(
    client: S3Client,
    bucket: str,
    key: str,
    upload_id: str,
    part_number: int,
    headers: Mapping[str, str],
    size_bytes: int,
) -> Part:
    """Copies a part into an upload: one request.

    Args:
        client: The way to the server.
        bucket: The upload's bucket.
        key: The upload's key.
        upload_id: The upload.
        part_number: The part's number.
        headers: What `copy_source_headers` says, and conditions in the server's own way.
        size_bytes: How much it is, which the server does not say.

    Raises:
        Unavailable: The response does not say what was stored.
    """
    query = {"partNumber": str(part_number), "uploadId": upload_id}
    received, document = client.request_xml("PUT", bucket, key, root="CopyPartResult", query=query, headers=headers)
    etag, moment = read_copy_result(document)
    with reading("the response to a copy"):
        checksum = read_checksum(document.texts())
    return Part(
        part_number=part_number,
        etag=etag,
        size_bytes=size_bytes,
        last_modified=moment,
        checksum=checksum,
        source_version_id=received.get(SOURCE_VERSION_ID),
        **encryption_fields(received),
    )


def is_decoded_twice(key: str) -> bool:
    """Whether Ceph RGW 16.2 would copy a part of another object.

    It decodes the name of the source twice, and then looks for a version in it.
    """
    return unquote(key) != key or _VERSION in key


def part_body(source: OpenedObject, wanted: ByteRange | None) -> Body:
    """Returns what is read of a source as the body of a part, where the server itself would copy another object.

    Raises:
        InvalidRange: The source ends before the range.
        TooLarge: A part cannot have so many bytes.
    """
    found = source.content_range
    if found is not None and wanted is not None and found.stop - 1 != wanted.last:
        raise InvalidRange(f"the source has {found.size_bytes} bytes", size_bytes=found.size_bytes)
    check_part_size(source.length)
    return Body(iter(source), source.length)


def check_part_size(size_bytes: int) -> None:
    """Refuses a part that S3 does not take.

    Raises:
        TooLarge: It has more than 5 GiB (S3 User Guide, "Amazon S3 multipart upload limits").
    """
    if size_bytes > MAX_PART_BYTES:
        raise TooLarge(
            f"a part has at most {MAX_PART_BYTES} bytes, and the source {size_bytes}", max_size_bytes=MAX_PART_BYTES
        )


class CopiedParts:
    """A copy of an object that is too large for one request: its bytes, copied in parts side by side."""

    def __init__(self, source: Headers, size_bytes: int, part_size: int, threads: int) -> None:
        """Sends nothing yet.

        Args:
            source: Headers of each part: the source, a condition that pins it, and customers' keys.
            size_bytes: Size of the source.
            part_size: Least size of a part.
            threads: Parts that are copied side by side.
        """
        self._source = source
        self._spans = tuple(_spans(size_bytes, part_size))
        self._threads = threads

    def run(self, client: S3Client, failed_uploads: FailedUploads, bucket: str, key: str, headers: Headers) -> Headers:
        """Copies, and makes the parts the object.

        Args:
            client: The way to the server.
            failed_uploads: Who aborts the upload if it fails.
            bucket: The copy's bucket.
            key: The copy's key.
            headers: The copy's headers and metadata, of `object_headers`.

        Returns:
            The headers of the response, as `complete_upload` does.
        """
        _, upload_id = create_upload(client, bucket, key, headers)

        def copy(part: tuple[int, str]) -> CompletedPart:
            number, span = part
            query = {"partNumber": str(number), "uploadId": upload_id}
            sent = {**self._source, f"{COPY_SOURCE}-range": span}
            _, document = client.request_xml("PUT", bucket, key, root="CopyPartResult", query=query, headers=sent)
            return CompletedPart(number, read_copy_result(document)[0])

        try:
            with ThreadPoolExecutor(self._threads, "bucketry-copy") as pool:
                parts = list(pool.map(in_this_context(copy), self._spans))
            return complete_upload(client, bucket, key, upload_id, parts, _NO_HEADERS)
        except BaseException:
            failed_uploads.abort(bucket, key, upload_id)
            raise


def _spans(size: int, part_size: int) -> Iterator[tuple[int, str]]:
    start = 0
    for number, length in enumerate(part_sizes(size, part_size, growth=0), 1):
        if start >= size:
            return
        yield number, f"bytes={start}-{min(start + length, size) - 1}"
        start += length


def part_page(client: S3Client, listing: str, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
    """Lists one page of an upload's parts: one request.

    Args:
        client: The way to the server.
        listing: Whose cursors these are, as in `bucketry.cursors.encode_cursor`.
        bucket: The upload's bucket.
        key: The upload's key.
        upload_id: The upload.
        options: Which page is asked for.

    Raises:
        InvalidArgument: The cursor belongs to another listing.
        Unavailable: The response cannot be read, or the page does not move on.
    """
    after = 0 if options.cursor is None else decode_cursor(listing, options.cursor, int)
    query = {"uploadId": upload_id, "max-parts": str(options.limit), "part-number-marker": str(after)}
    _, document = client.request_xml("GET", bucket, key, root="ListPartsResult", query=query)
    with reading("a page of parts"):
        parts = tuple(read_part(entry) for entry in document.all("Part"))
        more = is_truncated(document)
    if (parts and parts[0].part_number <= after) or (more and not parts):
        stands_still("a page of parts ends where it was to begin")
    cursor = encode_cursor(listing, parts[-1].part_number) if more else None
    return PartPage(
        parts=parts,
        cursor=cursor,
        storage_class=read_storage_class(document.text("StorageClass")),
        checksum_algorithm=document.text("ChecksumAlgorithm") or None,
        checksum_type=cast("Any", document.text("ChecksumType") or None),
    )


def read_copy_result(document: Element) -> tuple[str, datetime]:
    """Reads the response to a copy, of an object or a part: its etag, and when it was made.

    Raises:
        Unavailable: It lacks one of them.
    """
    with reading("the response to a copy"):
        texts = document.texts()
        return read_etag(texts["ETag"]), read_time(texts["LastModified"])


def copy_source_headers(path: str, wanted: ByteRange | None = None) -> dict[str, str]:
    """Returns the headers that say what is copied.

    Args:
        path: The source, of `request_target`.
        wanted: The bytes of it, with both ends; ``None``: all.
    """
    sent = {COPY_SOURCE: path}
    return sent if wanted is None else {**sent, f"{COPY_SOURCE}-range": str(wanted)}


class _Place(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Where an upload stands in the order of all."""

    key: bytes
    initiated_at: datetime
    upload_id: str


def upload_page(listing: str, uploads: Iterable[Upload], options: UploadListOptions) -> UploadPage:
    """Returns a page of the uploads in progress, by key and then by time, whatever order the server has them in.

    Args:
        listing: Whose cursors these are, as in `bucketry.cursors.encode_cursor`.
        uploads: All uploads with the prefix that is asked for.
        options: Which page is asked for.

    Raises:
        InvalidArgument: The cursor belongs to another listing.
    """
    after = None if options.cursor is None else decode_cursor(listing, options.cursor, _Place)
    found = (upload for upload in uploads if after is None or _place(upload) > after)
    first = nsmallest(options.limit + 1, found, key=_place)
    shown = tuple(first[: options.limit])
    cursor = encode_cursor(listing, _place(shown[-1])) if len(first) > len(shown) else None
    return UploadPage(uploads=shown, cursor=cursor)


def _place(upload: Upload) -> _Place:
    return _Place(upload.key.encode(), upload.initiated_at, upload.upload_id)
