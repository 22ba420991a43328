"""The driver's multipart uploads."""

from __future__ import annotations

from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    Done,
    InvalidKey,
    NoSuchUpload,
    ObjectInfo,
    PageOptions,
    Part,
    PartOptions,
    PartPage,
    Upload,
    UploadOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import (
    complete_upload,
    create_upload,
    object_headers,
    one_piece,
    response_date,
    response_etag,
    tag_headers,
    upload_part,
)
from typing_extensions import override

from bucketry_minio._headers import of_write
from bucketry_minio._keys import check_key
from bucketry_minio._listing import list_parts
from bucketry_minio._shared import MinioOperations


class UploadOperations(MinioOperations):
    """Multipart uploads."""

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        self._check_new(bucket, key)
        headers, upload_id = create_upload(
            self._connection, bucket, key, object_headers(options) | tag_headers(options.tags)
        )
        return Upload(key=key, upload_id=upload_id, initiated_at=response_date(headers))

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part: one request. Where nobody knows its length, it goes through a temporary file first."""
        _check_upload(bucket, key)
        with one_piece(body, self._settings.part_size, MAX_PART_BYTES) as content:
            headers = upload_part(self._connection, bucket, key, upload_id, part_number, content)
        return Part(
            part_number=part_number,
            etag=response_etag(headers),
            size_bytes=body.bytes_read,
            last_modified=response_date(headers),
        )

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of an upload's parts: one request."""
        _check_upload(bucket, key)
        return list_parts(self._connection, bucket, key, upload_id, options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object: one request, and one for what it is then."""
        _check_upload(bucket, key)
        if self._settings.check_paths:
            self._paths.check(bucket, key)
        conditions = of_write(options.if_match, options.if_none_match)
        complete_upload(self._connection, bucket, key, upload_id, parts, conditions)
        self._paths.wrote(bucket, key)
        return self._stored(bucket, key)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload: two requests, since MinIO says nothing when there is none to end."""
        _check_upload(bucket, key)
        list_parts(self._connection, bucket, key, upload_id)
        self._connection.request("DELETE", bucket, key, query={"uploadId": upload_id})
        return DONE


def _check_upload(bucket: str, key: str) -> None:
    try:
        check_key(key)
    except InvalidKey as error:
        raise NoSuchUpload(error.detail, bucket=bucket, key=key) from None
