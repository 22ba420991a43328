"""Multipart uploads: their requests, parts that are copied, and the lists of uploads and parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from bucketry import (
    Body,
    ByteRange,
    CompletedPart,
    CompleteOptions,
    HeadOptions,
    InvalidKey,
    InvalidRange,
    NoSuchKey,
    NoSuchUpload,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PreconditionFailed,
    TooLarge,
    Upload,
    UploadOptions,
)
from bucketry.conditions import check_copy_source
from bucketry.s3 import COPY_SOURCE, MAX_PAGE, MAX_PART_BYTES
from bucketry_s3client import (
    VERSION_ID,
    PathGuard,
    S3ResponseError,
    complete_upload,
    copy_part,
    copy_source_headers,
    create_upload,
    customer_key_headers,
    encryption_fields,
    explaining_customer_key,
    explaining_kms_key,
    explaining_missing_lock,
    is_truncated,
    new_version_headers,
    object_headers,
    one_piece,
    part_page,
    quoted,
    read_upload,
    reading,
    request_target,
    response_date,
    response_etag,
    source_of,
    tag_headers,
    upload_part,
    version_query,
    write_conditions,
)

from bucketry_minio.connection import Connection
from bucketry_minio.keys import check_key, ends_in_dots, may_begin_a_key
from bucketry_minio.objects import Objects

_PARTS: Final = "minio parts"
_FIRST: Final = PageOptions(limit=1)
_TRIES: Final = 5

Place = tuple[str, str, str, int]
"""Bucket, key, upload id and part number."""


class Uploads:
    """Multipart uploads in all buckets. Threads may share it."""

    def __init__(self, connection: Connection, objects: Objects, paths: PathGuard, part_size: int) -> None:
        self._connection = connection
        self._objects = objects
        self._paths = paths
        self._part_size = part_size

    def create(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        self._objects.check_new(bucket, key)
        sent = object_headers(options) | tag_headers(options.tags) | new_version_headers(options)
        with explaining_missing_lock(self._connection, bucket, options), explaining_kms_key(options.encryption):
            received, upload_id = create_upload(self._connection, bucket, key, sent)
        with reading("the response to a new upload"):
            # MinIO tells it of objects alone.
            told = {"encryption": options.encryption, **encryption_fields(received)}
        return Upload(key=key, upload_id=upload_id, initiated_at=response_date(received), **told)

    def send(self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions) -> Part:
        """Stores a part: one request."""
        _check_key(bucket, key)
        with (
            self._explaining_missing_bucket(bucket),
            one_piece(body, self._part_size, MAX_PART_BYTES) as content,
            explaining_customer_key(options.customer_key),
        ):
            received = upload_part(
                self._connection,
                bucket,
                key,
                upload_id,
                part_number,
                content,
                customer_key_headers(options.customer_key),
            )
        with reading("the response to a part"):
            told = encryption_fields(received)
        return Part(
            part_number=part_number,
            etag=response_etag(received),
            size_bytes=body.bytes_read,
            last_modified=response_date(received),
            **told,
        )

    def copy(self, place: Place, source_bucket: str, source_key: str, options: PartCopyOptions) -> Part:
        """Copies a part.

        Args:
            place: Bucket, key, upload id and part number of the copy.
            source_bucket: The bucket of the source.
            source_key: The key of the source.
            options: Which bytes are copied, and the condition.
        """
        _check_key(place[0], place[1])
        try:
            check_key(source_key)
        except InvalidKey as error:
            raise NoSuchKey(error.detail, bucket=source_bucket, key=source_key) from None
        path = request_target(source_bucket, source_key, version_query(options.source_version_id))
        keyed = customer_key_headers(options.customer_key)
        keyed |= customer_key_headers(options.source_customer_key, of_source=True)

        def copy(if_match: str | None, size_bytes: int) -> Part:
            headers = copy_source_headers(path, options.range) | keyed
            if if_match not in {None, "*"}:
                headers[f"{COPY_SOURCE}-if-match"] = quoted(if_match or "")
            with explaining_customer_key(options.customer_key), self._explaining_missing_bucket(place[0]):
                return copy_part(self._connection, *place, headers, size_bytes)

        if options.range is None:
            return self._copy_whole(source_bucket, source_key, options, copy)
        try:
            return copy(options.source_if_match, _length(options.range))
        except S3ResponseError as error:
            if error.code == "InvalidArgument":
                self._check_range(source_bucket, source_key, options)
            raise

    def _copy_whole(
        self, bucket: str, key: str, options: PartCopyOptions, copy: Callable[[str | None, int], Part]
    ) -> Part:
        for _ in range(_TRIES):
            source = self._objects.stored(bucket, key, source_of(options))
            check_copy_source(source, options)
            if source.size_bytes > MAX_PART_BYTES:
                raise TooLarge(
                    f"a part has at most {MAX_PART_BYTES} bytes, and the source {source.size_bytes}",
                    max_size_bytes=MAX_PART_BYTES,
                )
            try:
                return copy(source.etag, source.size_bytes)
            except S3ResponseError as error:
                # The source was written meanwhile. The part has the size that is returned.
                if error.code != "PreconditionFailed":
                    raise
        raise PreconditionFailed("the source is written again and again", condition="source_if_match")

    def _check_range(self, bucket: str, key: str, options: PartCopyOptions) -> None:
        """Raises `InvalidRange` where MinIO says "invalid argument": for a range that ends beyond the source."""
        size = self._objects.stored(bucket, key, source_of(options)).size_bytes
        if options.range is not None and (options.range.last or 0) >= size:
            raise InvalidRange(f"the source has {size} bytes", size_bytes=size)

    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions = _FIRST) -> PartPage:
        """Lists one page of an upload's parts: one request."""
        _check_key(bucket, key)
        with self._explaining_missing_bucket(bucket):
            return part_page(self._connection, _PARTS, bucket, key, upload_id, options)

    def complete(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object: one request, and one for what it is then."""
        _check_key(bucket, key)
        self._paths.check(bucket, key)
        conditions = write_conditions(options.if_match, options.if_none_match)
        conditions |= customer_key_headers(options.customer_key)
        with explaining_customer_key(options.customer_key), self._explaining_missing_bucket(bucket):
            done = complete_upload(self._connection, bucket, key, upload_id, parts, conditions)
        self._paths.wrote(bucket, key)
        made = HeadOptions(version_id=done.get(VERSION_ID), customer_key=options.customer_key)
        return self._objects.stored(bucket, key, made)

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload: two requests, since MinIO says nothing when there is none to end."""
        self.list_parts(bucket, key, upload_id)
        self._connection.request("DELETE", bucket, key, query={"uploadId": upload_id})

    @contextmanager
    def _explaining_missing_bucket(self, bucket: str) -> Iterator[None]:
        """Raises ``NoSuchBucket`` where MinIO says "no such upload" of an id that it cannot read, without a bucket."""
        try:
            yield
        except S3ResponseError as error:
            if error.code == "NoSuchUpload":
                self._connection.find(bucket)
            raise


def _length(wanted: ByteRange) -> int:
    return (wanted.last or 0) + 1 - (wanted.first or 0)


def _check_key(bucket: str, key: str) -> None:
    try:
        check_key(key)
    except InvalidKey as error:
        raise NoSuchUpload(error.detail, bucket=bucket, key=key) from None


def list_uploads(connection: Connection, bucket: str, prefix: str) -> list[Upload]:
    """Returns the uploads in progress, in no order.

    MinIO lists all uploads in one response, but only those that it remembers since it was started. Below a prefix it
    lists only those whose key is the prefix, from disk. So both are asked.
    """
    found = {}
    is_askable = prefix and may_begin_a_key(prefix) and not ends_in_dots(prefix)
    for asked in dict.fromkeys([prefix, ""] if is_askable else [""]):
        query = {"uploads": "", "encoding-type": "url", "max-uploads": str(MAX_PAGE), "prefix": asked}
        _, document = connection.request_xml("GET", bucket, root="ListMultipartUploadsResult", query=query)
        with reading("the list of uploads"):
            uploads = [read_upload(entry) for entry in document.all("Upload")]
            if is_truncated(document):
                raise ValueError("MinIO lists all uploads at once")
        found.update({upload.upload_id: upload for upload in uploads if upload.key.startswith(prefix)})
    return list(found.values())
