"""Objects: reading, writing, copying and deleting them, in MinIO's own way with conditions and times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import ClassVar, Final

import msgspec
from bucketry import (
    BatchDeleteOptions,
    Body,
    CopyOptions,
    CustomerKey,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    GetOptions,
    HeadOptions,
    InvalidKey,
    NoSuchKey,
    ObjectHeaders,
    ObjectInfo,
    ObjectToDelete,
    OpenedObject,
    PreconditionFailed,
    PutOptions,
    Unsupported,
)
from bucketry.conditions import check_copy_source, check_read
from bucketry.features import GIB
from bucketry.object_lock import BYPASS_GOVERNANCE
from bucketry.s3 import COPY_SOURCE, MAX_PART_BYTES
from bucketry_s3client import (
    CHECKSUM_ALGORITHM,
    CHECKSUM_MODE,
    Content,
    CopiedParts,
    FailedUploads,
    PartsUpload,
    PathGuard,
    S3ResponseError,
    batch_entry,
    checksum_headers,
    customer_key_headers,
    delete_versions,
    deleted_in,
    explained,
    explaining_customer_key,
    explaining_kms_key,
    explaining_locks,
    explaining_missing_lock,
    failure_of,
    get_tags,
    in_order,
    new_version_headers,
    object_headers,
    object_info,
    one_piece,
    opened_object,
    part_info,
    part_sizes,
    quoted,
    read_conditions,
    read_copy_result,
    request_target,
    response_date,
    response_etag,
    source_of,
    stored_info,
    tag_headers,
    take,
    version_query,
    write_conditions,
    written_within,
)

from bucketry_minio.connection import Connection
from bucketry_minio.errors import KINDS, classify
from bucketry_minio.keys import check_key
from bucketry_minio.settings import MinioSettings

PART_GROWTH: Final = 24
"""With this, 10,000 parts that begin with 5 MiB hold 5 TiB, MinIO's largest object (``globalMaxObjectSize``)."""

SMALL_BYTES: Final = 64 * 1024
"""Largest object that is put over the client's quick connections. With larger ones they save nothing that counts."""

_LATEST: Final = HeadOptions()
_TRIES: Final = 5
_NANOSECONDS: Final = 10**9
_NO_SUCH_BYTES: Final = frozenset({"InvalidPartNumber", "InvalidRange"})

# XML holds no control characters but three, its readers turn a carriage return into a newline, and U+FFFE and U+FFFF
# are not characters to it (XML 1.0, 2.2 and 2.11).
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")

Written = tuple[Mapping[str, str], datetime | None]
"""Headers of the response to a write, and when the object was written, if they say it for sure."""


class Objects:
    """The objects of all buckets. Threads may share it.

    Attributes:
        max_copy_bytes: What is copied in one request, at most: 5 GiB as in S3 (S3 API reference, CopyObject). MinIO
            would copy more, but sends nothing meanwhile: its response might not come within ``read_timeout``.
        copied_part_bytes: Bytes of one part where more is copied.
    """

    max_copy_bytes: ClassVar[int] = MAX_PART_BYTES
    copied_part_bytes: ClassVar[int] = GIB

    def __init__(
        self, connection: Connection, failed_uploads: FailedUploads, paths: PathGuard, settings: MinioSettings
    ) -> None:
        self._connection = connection
        self._failed_uploads = failed_uploads
        self._paths = paths
        self._settings = settings

    def check_new(self, bucket: str, key: str) -> None:
        """Refuses a key that MinIO cannot hold, or that would hide others."""
        check_key(key)
        self._failed_uploads.sweep()
        self._paths.check(bucket, key)

    def stored(self, bucket: str, key: str, options: HeadOptions = _LATEST) -> ObjectInfo:
        """Returns what a key or a version of it holds: one request."""
        query, headers = version_query(options.version_id), customer_key_headers(options.customer_key)
        with explaining_customer_key(options.customer_key):
            received = self._connection.head(bucket, key, query=query, headers={**headers, **CHECKSUM_MODE})
            return object_info(key, received)

    def _confirmed(self, bucket: str, written: ObjectInfo, customer_key: CustomerKey | None) -> ObjectInfo:
        """Returns what a key holds after a write; where that was deleted meanwhile, what was written."""
        try:
            return self.stored(
                bucket, written.key, HeadOptions(version_id=written.version_id, customer_key=customer_key)
            )
        except S3ResponseError as error:
            if error.code not in {"NoSuchKey", "NoSuchVersion"}:
                raise
            return written

    def head(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content: one request."""
        check_key(key)
        if options.part_number is not None:
            return self._head_part(bucket, key, options)
        query, sent = _read_request(options)
        with explaining_customer_key(options.customer_key):
            info = object_info(key, self._connection.head(bucket, key, query=query, headers=sent))
        check_read(info, options)
        return info

    def _head_part(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        query, sent = _read_request(options)
        try:
            headers = self._connection.head(bucket, key, query=query, headers=sent)
        except S3ResponseError as error:
            self._check_conditions(bucket, key, options, error)
            raise
        info = part_info(key, headers)
        check_read(info, options)
        return info

    def _check_conditions(self, bucket: str, key: str, options: HeadOptions, error: S3ResponseError) -> None:
        """Evaluates the conditions before the range or part (RFC 9110, 13.2.2). MinIO looks at these first."""
        if error.code in _NO_SUCH_BYTES:
            self.head(bucket, key, msgspec.structs.replace(options, part_number=None))

    def get(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object: one request, whose response is read as it comes."""
        check_key(key)
        query, headers = _read_request(options)
        if options.range is not None:
            headers["range"] = str(options.range)
        try:
            with explaining_customer_key(options.customer_key):
                response = self._connection.open_object(bucket, key, query=query, headers=headers)
        except S3ResponseError as error:
            self._check_conditions(bucket, key, options, error)
            raise
        try:
            opened = opened_object(key, response, options.range, options.part_number)
            check_read(opened.info, options)
            return opened
        except BaseException:
            response.close()
            raise

    def put(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object."""
        self.check_new(bucket, key)
        # With if_match the server may miss the object, and has the same code for that.
        encryption = None if options.if_match is not None else options.encryption
        with explaining_missing_lock(self._connection, bucket, options), explaining_kms_key(encryption):
            received, moment = self._put(bucket, key, body, options)
        self._paths.wrote(bucket, key)
        put_at = moment or response_date(received)
        etag = response_etag(received)
        written = stored_info(key, options, body.bytes_read, etag, put_at, len(options.tags), received)
        if options.checksum_algorithm is not None:
            written = msgspec.structs.replace(written, checksum=body.checksum())
        # The response does not tell the lock that the bucket's default gives a version.
        is_told = moment is not None and written.version_id is None and options.retention is None
        return written if is_told else self._confirmed(bucket, written, options.customer_key)

    def _put(self, bucket: str, key: str, body: Body, options: PutOptions) -> Written:
        headers = object_headers(options) | tag_headers(options.tags) | new_version_headers(options)
        conditions = write_conditions(options.if_match, options.if_none_match)
        length, most = body.length, MAX_PART_BYTES
        if key.endswith("/") or options.checksum_algorithm is not None or (length is not None and length <= most):
            # MinIO makes a checksum of the whole content only of what comes in one request. It wants it first.
            # In one request a body takes a third of our time that it takes in parts, and its etag is its MD5.
            first = options.checksum_algorithm is not None and options.checksum is None
            with one_piece(body, self._settings.part_size, most, first=first) as content:
                if options.checksum_algorithm is not None:
                    headers |= checksum_headers(options.checksum or body.checksum())
                return self._put_whole(bucket, key, content, headers, conditions)
        sizes = part_sizes(body.length, self._settings.part_size, growth=PART_GROWTH)
        taken = [take(body, next(sizes)), take(body, next(sizes))]
        if not taken[1]:
            pieces = taken[0]
            content = pieces[0] if len(pieces) == 1 else pieces
            return self._put_whole(bucket, key, content, headers, conditions)
        upload = PartsUpload(self._connection, self._failed_uploads, bucket, key, self._settings)
        # This response may begin long before the object is made (S3 API reference, CompleteMultipartUpload).
        keyed = customer_key_headers(options.customer_key)
        return upload.run(taken, body, sizes, headers, conditions, part_headers=keyed), None

    def _put_whole(
        self, bucket: str, key: str, content: Content, headers: dict[str, str], conditions: dict[str, str]
    ) -> Written:
        sent = headers | conditions
        if not conditions and isinstance(content, bytes) and len(content) <= SMALL_BYTES:
            received, _ = self._connection.request_small("PUT", bucket, key, headers=sent, content=content)
        else:
            # Sent again after it was done, a conditional put would fail because of its own object.
            received, _ = self._connection.request(
                "PUT", bucket, key, headers=sent, content=content, repeatable=not conditions
            )
        return received, written_at(received)

    def copy(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> ObjectInfo:
        """Copies an object: one request for what the source is, and one for the copy."""
        try:
            check_key(source_key)
        except InvalidKey as error:
            raise NoSuchKey(error.detail, bucket=source_bucket, key=source_key) from None
        self.check_new(bucket, key)
        for _ in range(_TRIES):
            source = self.stored(source_bucket, source_key, source_of(options))
            check_copy_source(source, options)
            try:
                with explaining_missing_lock(self._connection, bucket, options):
                    return self._copy((source_bucket, source_key), source, bucket, key, options)
            except S3ResponseError as error:
                # The source was written meanwhile. The copy is of one version, the one whose headers are returned.
                if error.code == "NoSuchKey" and options.encryption is not None:
                    self.stored(source_bucket, source_key, source_of(options))
                    with explaining_kms_key(options.encryption):
                        raise
                if error.code != "PreconditionFailed":
                    raise
        raise PreconditionFailed("the source is written again and again", condition="source_if_match")

    def _copy(
        self, place: tuple[str, str], source: ObjectInfo, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        path = request_target(*place, version_query(options.source_version_id))
        headers: ObjectHeaders = options.headers or source
        pinned = {COPY_SOURCE: path, f"{COPY_SOURCE}-if-match": quoted(source.etag)}
        pinned |= customer_key_headers(options.source_customer_key, of_source=True)
        onto_itself = path == request_target(bucket, key)
        if source.size_bytes > self.max_copy_bytes and not onto_itself:
            if options.checksum_algorithm is not None:
                raise Unsupported(
                    f"MinIO makes no checksum of a copy of more than {self.max_copy_bytes} bytes", feature="checksums"
                )
            tags = options.tags
            if tags is None:
                tags = get_tags(self._connection, *place, options.source_version_id)
            sent = object_headers(headers) | tag_headers(tags) | new_version_headers(options)
            keyed = customer_key_headers(options.customer_key)
            copied = CopiedParts(
                pinned | keyed, source.size_bytes, self.copied_part_bytes, self._settings.upload_threads
            )
            done = copied.run(self._connection, self._failed_uploads, bucket, key, sent)
            self._paths.wrote(bucket, key)
            written = stored_info(key, headers, source.size_bytes, done["etag"], response_date(done), len(tags), done)
            return self._confirmed(bucket, written, options.customer_key)
        # MinIO drops Expires unless it is sent.
        if options.headers is not None or source.expires is not None:
            pinned |= object_headers(headers) | {"x-amz-metadata-directive": "REPLACE"}
        if options.tags is not None:
            pinned |= tag_headers(options.tags) | {"x-amz-tagging-directive": "REPLACE"}
        pinned |= new_version_headers(options)
        if options.checksum_algorithm is not None:
            pinned[CHECKSUM_ALGORITHM] = options.checksum_algorithm
        received, document = self._connection.request_xml("PUT", bucket, key, root="CopyObjectResult", headers=pinned)
        self._paths.wrote(bucket, key)
        etag, moment = read_copy_result(document)
        tag_count = source.tag_count if options.tags is None else len(options.tags)
        moment = moment.replace(microsecond=0)
        written = stored_info(key, headers, source.size_bytes, etag, moment, tag_count, received)
        has_checksum = source.checksum is not None or options.checksum_algorithm is not None
        is_encrypted = options.encryption is not None or options.customer_key is not None
        tells_checksum = written.checksum is not None or not has_checksum
        if written.version_id is None and not is_encrypted and tells_checksum:
            return written
        return self._confirmed(bucket, written, options.customer_key)

    def delete_many(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes up to 1,000 objects or versions: one request, and one for each key that XML cannot hold."""
        deleted: list[DeletedObject] = []
        failed: list[DeleteFailure] = []
        together: list[ObjectToDelete] = []
        for entry in objects:
            try:
                check_key(entry.key)
            except InvalidKey as error:
                failed.append(DeleteFailure(entry.key, error.code, str(error), entry.version_id))
                continue
            if not _NOT_IN_XML.search(entry.key):
                together.append(entry)
            elif isinstance(done := self._delete_alone(bucket, entry, options), DeleteFailure):
                failed.append(done)
            else:
                deleted.append(done)
        if together:
            bypass = options.bypass_governance
            found = delete_versions(self._connection, bucket, together, bypass_governance=bypass)
            deleted += found.deleted
            reasons = [explained(self._connection, bucket, failure) for failure in found.failed]
            failed += [failure_of(failure, KINDS.get(failure.code)) for failure in reasons]
        return in_order(objects, deleted, failed)

    def _delete_alone(
        self, bucket: str, entry: ObjectToDelete, options: BatchDeleteOptions
    ) -> DeletedObject | DeleteFailure:
        asked = DeleteOptions(version_id=entry.version_id, bypass_governance=options.bypass_governance)
        try:
            done = self.delete(bucket, entry.key, asked)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                raise
            verdict = classify(error)
            message = verdict.detail or verdict.kind.sentence
            return DeleteFailure(entry.key, verdict.kind.code, message, entry.version_id)
        return batch_entry(entry, done)

    def delete(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version: one request."""
        check_key(key)
        headers = {BYPASS_GOVERNANCE: "true"} if options.bypass_governance else {}
        query = version_query(options.version_id)
        # Without a version a delete makes a marker, which no lock prevents.
        refused = explaining_locks(self._connection, bucket, key, options.version_id) if query else nullcontext()
        with refused:
            received, _ = self._connection.request("DELETE", bucket, key, query=query, headers=headers)
        return deleted_in(received, options.version_id)


def _read_request(options: HeadOptions) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the parameters and the headers of a read."""
    query = version_query(options.version_id)
    if options.part_number is not None:
        query["partNumber"] = str(options.part_number)
    return query, {**read_conditions(options), **customer_key_headers(options.customer_key), **CHECKSUM_MODE}


def written_at(response: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, from the response to its put; ``None`` if that is not sure.

    MinIO's request id is the time at which it began, in nanoseconds (hexadecimal).
    """
    request_id = response.get("x-amz-request-id", "")
    try:
        begun = int(request_id, 16) // _NANOSECONDS if len(request_id) == 16 else None
    except ValueError:
        return None
    return written_within(begun, response)
