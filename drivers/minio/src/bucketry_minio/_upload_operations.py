"""The driver's multipart uploads."""

from __future__ import annotations

import tempfile

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
    PartPage,
    Upload,
    UploadOptions,
)
from bucketry.hookspecs import hookimpl
from typing_extensions import override

from bucketry_minio._headers import date_of, etag_of, of_object, of_write
from bucketry_minio._keys import check_key
from bucketry_minio._listing import PartCursor, decode_cursor, list_parts
from bucketry_minio._shared import MinioOperations, missing_fails
from bucketry_minio._uploading import complete, one_piece, send_content


class UploadOperations(MinioOperations):
    """Multipart uploads."""

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        self._check_new(bucket, key)
        headers, document = self._connection.ask(
            "POST", bucket, key, query={"uploads": ""}, headers=of_object(options), repeatable=False
        )
        return Upload(key=key, upload_id=document.text("UploadId"), initiated_at=date_of(headers))

    @override
    @hookimpl
    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Body) -> Part:
        """Stores a part: one request. Where nobody knows its length, it goes through a temporary file first."""
        _check_upload(bucket, key)
        with tempfile.SpooledTemporaryFile(self._settings.part_size) as spool:
            content = one_piece(body, spool, self._settings.part_size)
            query = {"partNumber": str(part_number), "uploadId": upload_id}
            headers = send_content(self._connection, bucket, key, content, query=query)
        return Part(
            part_number=part_number,
            etag=etag_of(headers["etag"]),
            size_bytes=body.bytes_read,
            last_modified=date_of(headers),
        )

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of an upload's parts: one request."""
        _check_upload(bucket, key)
        after = 0 if options.cursor is None else decode_cursor(options.cursor, PartCursor)
        return list_parts(self._connection, bucket, key, upload_id, after, options.limit)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object: one request, and one for what it is then."""
        _check_upload(bucket, key)
        if self._settings.check_paths:
            self._paths.check(bucket, key)
        with missing_fails(options.if_match):
            conditions = of_write(options.if_match, options.if_none_match)
            complete(self._connection, bucket, key, upload_id, parts, conditions)
        self._paths.wrote(bucket, key)
        return self._stored(bucket, key)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload: two requests, since MinIO says nothing when there is none to end."""
        _check_upload(bucket, key)
        list_parts(self._connection, bucket, key, upload_id, 0, 1)
        self._connection.send("DELETE", bucket, key, query={"uploadId": upload_id})
        return DONE


def _check_upload(bucket: str, key: str) -> None:
    try:
        check_key(key)
    except InvalidKey as error:
        raise NoSuchUpload(error.detail, bucket=bucket, key=key) from None
