"""The driver's operations on buckets."""

from __future__ import annotations

from typing import Final

from bucketry import (
    DONE,
    AccessDenied,
    BucketInfo,
    Done,
    ListOptions,
    ObjectPage,
    UploadListOptions,
    UploadPage,
)
from bucketry.hookspecs import hookimpl
from bucketry.s3 import NAMESPACE
from bucketry_s3client import upload_page
from typing_extensions import override

from bucketry_minio._listing import list_page, list_uploads
from bucketry_minio._shared import MinioOperations

_ONE = ListOptions(limit=1, content_type=False)
_NO_CONSTRAINT: Final = "us-east-1"
"""The region that a new bucket is in where its request names none (S3 API reference, CreateBucket)."""

_CREATE: Final = (
    f'<CreateBucketConfiguration xmlns="{NAMESPACE}">'
    "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"
)


class BucketOperations(MinioOperations):
    """Operations on buckets."""

    @override
    @hookimpl
    def create_bucket(self, bucket: str) -> BucketInfo:
        """Creates a bucket; two requests, since MinIO says its time in the list of buckets alone."""
        region = self._settings.region
        content = b"" if region == _NO_CONSTRAINT else _CREATE.format(region).encode()
        # Created again after its answer was lost, it would be taken for another's.
        self._connection.request("PUT", bucket, content=content, repeatable=False)
        return self._bucket(bucket)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns a bucket, out of the list of them."""
        return self._bucket(bucket)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes a bucket; its uploads first, which MinIO would go on showing in a new bucket of that name."""
        uploads = list_uploads(self._connection, bucket, "")
        if uploads and not list_page(self._connection, bucket, _ONE).objects:
            for upload in uploads:
                self._connection.request("DELETE", bucket, upload.key, query={"uploadId": upload.upload_id})
        self._connection.request("DELETE", bucket, repeatable=False)
        return DONE

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page, content types included: one request."""
        return list_page(self._connection, bucket, options)

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of the uploads in progress."""
        self._failed_uploads.sweep()
        uploads = list_uploads(self._connection, bucket, options.prefix)
        return upload_page("minio uploads", uploads, options)

    def _bucket(self, name: str) -> BucketInfo:
        for found in self._buckets():
            if found.name == name:
                return found
        self._connection.request("HEAD", name)  # Raises NoSuchBucket, mostly.
        raise AccessDenied("the credentials may use this bucket, but not see it in the list", bucket=name)
