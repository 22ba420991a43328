"""The driver's operations on buckets."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from bucketry import (
    DONE,
    AccessDenied,
    BucketAlreadyExists,
    BucketInfo,
    Done,
    InvalidBucketName,
    ListOptions,
    NoSuchBucket,
    ObjectPage,
    UploadListOptions,
    UploadPage,
)
from bucketry.hookspecs import hookimpl
from bucketry.s3 import NAMESPACE
from bucketry_s3client import S3ResponseError, upload_page
from typing_extensions import override

from bucketry_rgw._headers import begun_at
from bucketry_rgw._inflight import uploads
from bucketry_rgw._state import RgwState

_CREATE: Final = (
    f'<CreateBucketConfiguration xmlns="{NAMESPACE}">'
    "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"
)


class BucketOperations(RgwState):
    """Operations on buckets."""

    @override
    @hookimpl
    def create_bucket(self, bucket: str) -> BucketInfo:
        """Creates a bucket.

        RGW answers 200 for one that the user has already. So it is looked for before, and its age is looked at after.
        Threads of one store that create one name go one after the other. Of two processes that create it within one
        second, both may hear that they did; nothing is lost by that, since creating again changes nothing.
        """
        self._check_bucket(bucket)
        with self._creating.alone(bucket):
            if self._exists(bucket):
                raise BucketAlreadyExists(bucket=bucket)
            begun = self._create(bucket)
            made = next((info for info in self._buckets.all() if info.name == bucket), None)
        if made is None:
            raise NoSuchBucket("it was deleted as soon as it was created", bucket=bucket)
        if begun is not None and made.created_at.timestamp() < begun:
            raise BucketAlreadyExists(bucket=bucket)
        return made

    def _exists(self, bucket: str) -> bool:
        try:
            self._client.request("HEAD", bucket)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                return False
            if error.code == "AccessDenied":
                return True  # It is another user's.
            raise
        return True

    def _create(self, bucket: str) -> int | None:
        """Creates it; returns the second in which RGW began with that, if it said so."""
        constraint = self._settings.location_constraint
        content = _CREATE.format(escape(constraint)).encode() if constraint else b""
        try:
            headers, _ = self._client.request("PUT", bucket, content=content)
        except S3ResponseError as error:
            if error.code == "MethodNotAllowed":
                raise InvalidBucketName("RGW keeps this name for a path of its own", bucket=bucket) from error
            raise
        return begun_at(headers)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket of the user."""
        self._check_bucket(bucket)
        for info in self._buckets.all():
            if info.name == bucket:
                return info
        self._client.request("HEAD", bucket)
        raise AccessDenied("it is another user's, and RGW tells when it was created to him alone", bucket=bucket)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes an empty bucket; RGW lets uploads in progress end with it."""
        self._check_bucket(bucket)
        self._client.request("DELETE", bucket, repeatable=False)
        return DONE

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists a page.

        Costs one request; where content types are asked for and the Swift API cannot be used, one more for each object.
        """
        self._check_bucket(bucket)
        return self._lister.page(bucket, options)

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists a page of the uploads in progress. RGW has them in another order, so each page looks at all of them."""
        self._check_bucket(bucket)
        return upload_page("rgw uploads", uploads(self._client, bucket, options.prefix), options)
