"""The driver's operations on objects."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from bucketry import (
    DONE,
    Body,
    ByteRange,
    ContentRange,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    InvalidRange,
    ObjectHeaders,
    ObjectInfo,
    OpenedObject,
    PresignedUrl,
    PresignOptions,
    PutOptions,
)
from bucketry.conditions import check_read
from bucketry.hookspecs import hookimpl
from minio.error import S3Error
from typing_extensions import override
from urllib3 import BaseHTTPResponse

from bucketry_minio._connection import Content
from bucketry_minio._deleting import delete_batch
from bucketry_minio._headers import etag_of, object_info, of_object, of_read, of_write, written_at
from bucketry_minio._keys import check_key
from bucketry_minio._shared import MinioOperations, missing_fails
from bucketry_minio._uploading import PartsUpload, one_piece, part_sizes, send_content, take

_CHUNK_BYTES: Final = 256 * 1024


class ObjectOperations(MinioOperations):
    """Operations on objects."""

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content: one request."""
        check_key(key)
        headers, _ = self._connection.send("HEAD", bucket, key, headers=of_read(options))
        info = object_info(key, headers, int(headers["content-length"]))
        check_read(info, options)
        return info

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object: one request, whose answer is read as it comes."""
        check_key(key)
        headers = of_read(options)
        if options.range is not None:
            headers["range"] = str(options.range)
        try:
            answer = self._connection.open("GET", bucket, key, headers=headers)
        except S3Error as error:
            if error.code == "InvalidRange":
                # MinIO looks at the range first; RFC 9110, 13.2.2 has the conditions come before it.
                self.head_object(bucket, key, options)
            raise
        try:
            opened = _opened(key, answer, options.range)
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
        conditions = of_write(options.if_match, options.if_none_match)
        with missing_fails(options.if_match):
            if key.endswith("/"):
                with tempfile.SpooledTemporaryFile(self._settings.part_size) as spool:
                    content = one_piece(body, spool, self._settings.part_size)
                    return self._put_whole(bucket, key, content, (body, options, conditions))
            sizes = part_sizes(body.length, self._settings.part_size)
            taken = [take(body, next(sizes)), take(body, next(sizes))]
            if not taken[1]:
                pieces = taken[0]
                content = pieces[0] if len(pieces) == 1 else pieces
                return self._put_whole(bucket, key, content, (body, options, conditions))
            upload = PartsUpload(self._connection, self._leftovers, bucket, key, self._settings)
            upload.run(taken, body, sizes, options, conditions)
        self._paths.wrote(bucket, key)
        return self._stored(bucket, key)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Done:
        """Deletes an object: one request."""
        check_key(key)
        self._connection.send("DELETE", bucket, key)
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
        now = datetime.now(UTC).replace(microsecond=0)
        query = {}
        if options.response_content_type is not None:
            query["response-content-type"] = options.response_content_type
        if options.response_content_disposition is not None:
            query["response-content-disposition"] = options.response_content_disposition
        headers = {} if options.content_type is None else {"content-type": options.content_type}
        url = self._presigner.presign_url(
            options.method, bucket, key, expires_in=options.expires_in, query=query, headers=headers, now=now
        )
        expires_at = now + timedelta(seconds=options.expires_in)
        return PresignedUrl(url=url, method=options.method, expires_at=expires_at)

    def _put_whole(
        self, bucket: str, key: str, content: Content, about: tuple[Body, PutOptions, Mapping[str, str]]
    ) -> ObjectInfo:
        body, options, conditions = about
        sent = of_object(options) | dict(conditions)
        # Sent again after it was done, a conditional put would meet itself.
        headers = send_content(self._connection, bucket, key, content, headers=sent, repeatable=not conditions)
        self._paths.wrote(bucket, key)
        moment = written_at(headers)
        if moment is None:
            return self._stored(bucket, key)
        return ObjectInfo(
            key=key,
            size_bytes=body.bytes_read,
            etag=etag_of(headers["etag"]),
            last_modified=moment,
            **{field: getattr(options, field) for field in ObjectHeaders.__struct_fields__},
        )


def _opened(key: str, answer: BaseHTTPResponse, wanted: ByteRange | None) -> OpenedObject:
    length = int(answer.headers["content-length"])
    content_range = None
    if wanted is not None:
        content_range = _content_range(answer)
        info = object_info(key, answer.headers, content_range.size_bytes)
    else:
        info = object_info(key, answer.headers, length)

    def close() -> None:
        # Content that was not read would come before the next answer on this connection.
        answer.close()
        answer.release_conn()

    # What is stored is what is given, whatever its content encoding.
    chunks = answer.stream(_CHUNK_BYTES, decode_content=False)
    return OpenedObject(info, chunks, content_range=content_range, close=close)


def _content_range(answer: BaseHTTPResponse) -> ContentRange:
    span, _, size = answer.headers.get("content-range", "").removeprefix("bytes ").partition("/")
    # Asked for the last bytes of an empty object, MinIO gives an empty range.
    if not size.isdecimal() or int(size) == 0:
        raise InvalidRange("the object is empty")
    first, _, last = span.partition("-")
    return ContentRange(int(first), int(last) + 1, int(size))
