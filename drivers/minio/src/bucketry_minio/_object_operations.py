"""The driver's operations on objects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from bucketry import (
    DONE,
    Body,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    ObjectInfo,
    OpenedObject,
    PresignedUrl,
    PresignOptions,
    PutOptions,
)
from bucketry.conditions import check_read
from bucketry.hookspecs import hookimpl
from bucketry.presigning import presigned_url
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import (
    Content,
    PartsUpload,
    S3ResponseError,
    object_headers,
    object_info,
    one_piece,
    opened_object,
    part_info,
    part_sizes,
    response_date,
    response_etag,
    stored_info,
    tag_headers,
    take,
)
from typing_extensions import override

from bucketry_minio._deleting import delete_batch
from bucketry_minio._headers import of_part, of_read, of_write, written_at
from bucketry_minio._keys import check_key
from bucketry_minio._shared import MinioOperations

_NO_SUCH_BYTES: Final = frozenset({"InvalidPartNumber", "InvalidRange"})

PART_GROWTH: Final = 24
"""With this, 10,000 parts that begin with 5 MiB hold 5 TiB, MinIO's largest object (``globalMaxObjectSize``)."""


Put = tuple[Mapping[str, str], datetime | None]
"""Headers of the answer, and when the object was written, if they say it for sure."""


class ObjectOperations(MinioOperations):
    """Operations on objects."""

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content: one request."""
        check_key(key)
        if options.part_number is not None:
            return self._head_part(bucket, key, options)
        headers = self._connection.head(bucket, key, headers=of_read(options))
        info = object_info(key, headers)
        check_read(info, options)
        return info

    def _head_part(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        try:
            query = of_part(options.part_number)
            headers = self._connection.head(bucket, key, query=query, headers=of_read(options))
        except S3ResponseError as error:
            self._check_conditions(bucket, key, options, error)
            raise
        info = part_info(key, headers)
        check_read(info, options)
        return info

    def _check_conditions(self, bucket: str, key: str, options: HeadOptions, error: S3ResponseError) -> None:
        """Has the conditions come before the range or part (RFC 9110, 13.2.2), which MinIO looks at first."""
        if error.code in _NO_SUCH_BYTES:
            self.head_object(bucket, key, msgspec.structs.replace(options, part_number=None))

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object: one request, whose answer is read as it comes."""
        check_key(key)
        headers = of_read(options)
        if options.range is not None:
            headers["range"] = str(options.range)
        try:
            answer = self._connection.open("GET", bucket, key, query=of_part(options.part_number), headers=headers)
        except S3ResponseError as error:
            self._check_conditions(bucket, key, options, error)
            raise
        try:
            opened = opened_object(key, answer, options.range, options.part_number)
            check_read(opened.info, options)
            return opened
        except BaseException:
            answer.close()
            raise

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object: in one request up to ``part_size``, else in parts.

        MinIO takes no parts for a key that ends in a slash, which is therefore always sent in one request.
        """
        self._check_new(bucket, key)
        answered, moment = self._put(bucket, key, body, options)
        self._paths.wrote(bucket, key)
        put_at = moment or response_date(answered)
        written = stored_info(key, options, body.bytes_read, response_etag(answered), put_at, len(options.tags))
        return self._confirmed(bucket, written) if moment is None else written

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Done:
        """Deletes an object: one request."""
        check_key(key)
        self._connection.request("DELETE", bucket, key)
        return DONE

    @override
    @hookimpl
    def delete_objects(self, bucket: str, keys: tuple[str, ...]) -> DeleteResult:
        """Deletes objects: one request for all whose keys XML can hold, and one for each other."""
        return delete_batch(self._connection, bucket, keys)

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the public endpoint; asks the server nothing."""
        return presigned_url(self._presigner, bucket, key, options)

    def _put(self, bucket: str, key: str, body: Body, options: PutOptions) -> Put:
        headers = object_headers(options) | tag_headers(options.tags)
        conditions = of_write(options.if_match, options.if_none_match)
        if key.endswith("/"):
            with one_piece(body, self._settings.part_size, MAX_PART_BYTES) as content:
                return self._put_whole(bucket, key, content, headers, conditions)
        sizes = part_sizes(body.length, self._settings.part_size, growth=PART_GROWTH)
        taken = [take(body, next(sizes)), take(body, next(sizes))]
        if not taken[1]:
            pieces = taken[0]
            content = pieces[0] if len(pieces) == 1 else pieces
            return self._put_whole(bucket, key, content, headers, conditions)
        upload = PartsUpload(self._connection, self._failed_uploads, bucket, key, self._settings)
        # The head of this answer may come long before the object is made (S3 API reference, CompleteMultipartUpload).
        return upload.run(taken, body, sizes, headers, conditions), None

    def _put_whole(
        self, bucket: str, key: str, content: Content, headers: dict[str, str], conditions: dict[str, str]
    ) -> Put:
        sent = headers | conditions
        # Sent again after it was done, a conditional put would meet itself.
        answered, _ = self._connection.request(
            "PUT", bucket, key, headers=sent, content=content, repeatable=not conditions
        )
        return answered, written_at(answered)
