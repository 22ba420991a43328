"""Parts of uploads that are copied within the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bucketry import (
    ByteRange,
    InvalidKey,
    InvalidRange,
    NoSuchKey,
    NoSuchUpload,
    Part,
    PartCopyOptions,
    PreconditionFailed,
    TooLarge,
)
from bucketry.conditions import check_copy_source
from bucketry.hookspecs import hookimpl
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import S3ResponseError, copy_part, copy_source_headers, quoted, request_target
from typing_extensions import override

from bucketry_minio._keys import check_key
from bucketry_minio._shared import MinioOperations

_TRIES = 5


class PartCopyOperations(MinioOperations):
    """Copies of parts."""

    @override
    @hookimpl
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        """Copies a part: one request for a range, and one more where the size of the source has to be known."""
        _check_keys(bucket, key, source_bucket, source_key)
        path = request_target(source_bucket, source_key)

        def copy(if_match: str | None, size_bytes: int) -> Part:
            headers: Mapping[str, str] = copy_source_headers(path, options.range)
            if if_match not in {None, "*"}:
                headers = {**headers, "x-amz-copy-source-if-match": quoted(if_match or "")}
            return copy_part(self._connection, bucket, key, upload_id, part_number, headers, size_bytes)

        if options.range is None:
            return self._copy_whole(source_bucket, source_key, options, copy)
        try:
            return copy(options.source_if_match, _length(options.range))
        except S3ResponseError as error:
            if error.code == "InvalidArgument":
                self._check_range(source_bucket, source_key, options.range)
            raise

    def _copy_whole(
        self, bucket: str, key: str, options: PartCopyOptions, copy: Callable[[str | None, int], Part]
    ) -> Part:
        for _ in range(_TRIES):
            source = self._stored(bucket, key)
            check_copy_source(source, options)
            if source.size_bytes > MAX_PART_BYTES:
                raise TooLarge(f"a part has at most {MAX_PART_BYTES} bytes, and the source {source.size_bytes}")
            try:
                return copy(source.etag, source.size_bytes)
            except S3ResponseError as error:
                # Written meanwhile: the part is to have the size that is answered.
                if error.code != "PreconditionFailed":
                    raise
        raise PreconditionFailed("the source is written again and again")

    def _check_range(self, bucket: str, key: str, wanted: ByteRange) -> None:
        """Raises `InvalidRange` for what MinIO calls an invalid argument: a range that ends beyond the source."""
        size = self._stored(bucket, key).size_bytes
        if (wanted.last or 0) >= size:
            raise InvalidRange(f"the source has {size} bytes", size_bytes=size)


def _length(wanted: ByteRange) -> int:
    return (wanted.last or 0) + 1 - (wanted.first or 0)


def _check_keys(bucket: str, key: str, source_bucket: str, source_key: str) -> None:
    try:
        check_key(key)
    except InvalidKey as error:
        raise NoSuchUpload(error.detail, bucket=bucket, key=key) from None
    try:
        check_key(source_key)
    except InvalidKey as error:
        raise NoSuchKey(error.detail, bucket=source_bucket, key=source_key) from None
