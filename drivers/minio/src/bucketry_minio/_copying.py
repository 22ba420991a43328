"""Copies objects within the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from bucketry import (
    CompletedPart,
    CopyOptions,
    InvalidKey,
    NoSuchKey,
    ObjectHeaders,
    ObjectInfo,
    PreconditionFailed,
)
from bucketry.conditions import check_copy_source
from bucketry.features import GIB
from bucketry.hookspecs import hookimpl
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import (
    S3ResponseError,
    complete_upload,
    create_upload,
    get_tags,
    object_headers,
    part_sizes,
    quoted,
    read_copy_result,
    request_target,
    response_date,
    stored_info,
    tag_headers,
)
from typing_extensions import override

from bucketry_minio._keys import check_key
from bucketry_minio._shared import MinioOperations

_TRIES = 5


class CopyOperations(MinioOperations):
    """Copies.

    Attributes:
        most_at_once: What is copied in one request, in bytes: 5 GiB as in S3 (S3 API reference, CopyObject). MinIO
            would copy more, but shows no sign of life meanwhile: the answer might not come within ``read_timeout``.
        copied_part: Bytes of one part where more is copied.
    """

    most_at_once: ClassVar[int] = MAX_PART_BYTES
    copied_part: ClassVar[int] = GIB

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object: one request for what the source is, and one for the copy."""
        try:
            check_key(source_key)
        except InvalidKey as error:
            raise NoSuchKey(error.detail, bucket=source_bucket, key=source_key) from None
        self._check_new(bucket, key)
        for _ in range(_TRIES):
            source = self._stored(source_bucket, source_key)
            check_copy_source(source, options)
            try:
                return self._copy((source_bucket, source_key), source, bucket, key, options)
            except S3ResponseError as error:
                # Written meanwhile: the copy is to be of one version, and of the one whose headers are answered.
                if error.code != "PreconditionFailed":
                    raise
        raise PreconditionFailed("the source is written again and again")

    def _copy(
        self, place: tuple[str, str], source: ObjectInfo, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        path = request_target(*place)
        headers: ObjectHeaders = options.headers or source
        pinned = {"x-amz-copy-source": path, "x-amz-copy-source-if-match": quoted(source.etag)}
        onto_itself = path == request_target(bucket, key)
        if source.size_bytes > self.most_at_once and not onto_itself:
            tags = options.tags
            if tags is None:
                tags = get_tags(self._connection, *place)
            done = self._copy_parts(pinned, source.size_bytes, bucket, key, object_headers(headers) | tag_headers(tags))
            self._paths.wrote(bucket, key)
            written = stored_info(key, headers, source.size_bytes, done["etag"], response_date(done), len(tags))
            return self._confirmed(bucket, written)
        # MinIO drops Expires unless it is sent.
        if options.headers is not None or source.expires is not None:
            pinned |= object_headers(headers) | {"x-amz-metadata-directive": "REPLACE"}
        if options.tags is not None:
            pinned |= tag_headers(options.tags) | {"x-amz-tagging-directive": "REPLACE"}
        _, document = self._connection.request_xml("PUT", bucket, key, root="CopyObjectResult", headers=pinned)
        self._paths.wrote(bucket, key)
        etag, moment = read_copy_result(document)
        tag_count = source.tag_count if options.tags is None else len(options.tags)
        return stored_info(key, headers, source.size_bytes, etag, moment.replace(microsecond=0), tag_count)

    def _copy_parts(
        self, pinned: dict[str, str], size: int, bucket: str, key: str, headers: dict[str, str]
    ) -> Mapping[str, str]:
        _, upload_id = create_upload(self._connection, bucket, key, headers)

        def copy(part: tuple[int, str]) -> CompletedPart:
            number, span = part
            query = {"partNumber": str(number), "uploadId": upload_id}
            sent = {**pinned, "x-amz-copy-source-range": span}
            _, document = self._connection.request_xml(
                "PUT", bucket, key, root="CopyPartResult", query=query, headers=sent
            )
            return CompletedPart(number, read_copy_result(document)[0])

        try:
            with ThreadPoolExecutor(self._settings.upload_threads, "bucketry-minio-copy") as pool:
                parts = list(pool.map(copy, _spans(size, self.copied_part)))
            return complete_upload(self._connection, bucket, key, upload_id, parts, {})
        except BaseException:
            self._failed_uploads.abort(bucket, key, upload_id)
            raise


def _spans(size: int, part_size: int) -> Iterator[tuple[int, str]]:
    start = 0
    for number, length in enumerate(part_sizes(size, part_size, growth=0), 1):
        if start >= size:
            return
        yield number, f"bytes={start}-{min(start + length, size) - 1}"
        start += length
