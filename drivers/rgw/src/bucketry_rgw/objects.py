"""Objects: reading, writing, copying and deleting them, in RGW's own way with conditions and times."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bucketry import (
    BatchDeleteOptions,
    Body,
    ContentRange,
    CopyOptions,
    CustomerKey,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    GetOptions,
    HeadOptions,
    InvalidRange,
    NoSuchKey,
    NotModified,
    NotModifiedInfo,
    ObjectInfo,
    ObjectToDelete,
    OpenedObject,
    PreconditionFailed,
    PutOptions,
    Throttled,
)
from bucketry.conditions import check_read
from bucketry.object_lock import BYPASS_GOVERNANCE
from bucketry.s3 import COPY_SOURCE, MAX_PART_BYTES, http_date
from bucketry.tagging import NO_TAGS
from bucketry_s3client import (
    VERSION_ID,
    Content,
    FailedUploads,
    Feed,
    NameLocks,
    PartsUpload,
    Pieces,
    S3Client,
    S3ResponseError,
    batch_entry,
    check_lock,
    classify_code,
    customer_key_headers,
    delete_versions,
    deleted_in,
    explained,
    explaining_locks,
    explaining_missing_lock,
    get_tags,
    in_order,
    length_of,
    new_version_headers,
    object_headers,
    object_info,
    one_piece,
    opened_object,
    part_sizes,
    put_legal_hold,
    put_retention,
    put_tags,
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

from bucketry_rgw.errors import DETAILS, KINDS
from bucketry_rgw.settings import RgwSettings

if TYPE_CHECKING:
    from typing import NoReturn

_LATEST: Final = HeadOptions()
_GROWTH: Final = 1
"""By how many times ``part_size`` the parts of a body of unknown length grow after each 1,000 of them."""

_NEW_SECOND: Final = 0.25
"""Seconds after a full second in which a ``Date`` of the second before is not trusted."""

# What XML 1.0 cannot hold (2.2), and what a parser turns into something else (2.11).
_NOT_IN_XML: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff]")

Written = tuple[Mapping[str, str], datetime | None]
"""Headers of the response to a write, and when the object was written, if they say it for sure."""


class Objects:
    """The objects of all buckets. Threads may share it."""

    def __init__(self, client: S3Client, failed_uploads: FailedUploads, settings: RgwSettings) -> None:
        self._client = client
        self._failed_uploads = failed_uploads
        self._settings = settings
        self._locks = NameLocks()

    def writing(self, bucket: str, *keys: str) -> AbstractContextManager[None]:
        """Keeps the other threads of this store from writing or deleting these objects meanwhile.

        Where one object is put and deleted at the same moment, RGW now and then keeps it and loses it from the bucket's
        index for good: it can be read, and is in no listing. Two programs may still do that to each other.
        """
        return self._locks.hold(*[f"{bucket}/{key}" for key in keys])

    def stored(self, bucket: str, key: str, options: HeadOptions = _LATEST) -> ObjectInfo:
        """Returns what a key or a version of it holds: one request."""
        query, sent = version_query(options.version_id), customer_key_headers(options.customer_key)
        headers, _ = self._client.request("HEAD", bucket, key, query=query, headers=sent)
        return object_info(key, headers)

    def head(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content: one request.

        The conditions are evaluated here, so that `NotModified` says what RGW's 304 does not.
        """
        try:
            info = self.stored(bucket, key, options)
        except S3ResponseError as error:
            if error.code == "NoSuchKey":
                # A response to HEAD does not say whether the key is missing or the bucket.
                self._client.request("HEAD", bucket)
            raise
        check_read(info, options)
        return info

    def get(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object."""
        wanted = options.range
        if wanted is not None and wanted.first is None and not wanted.last:
            # RGW gives the whole object for its last 0 bytes.
            info = self.head(bucket, key, options)
            raise InvalidRange(f"the object has {info.size_bytes} bytes", size_bytes=info.size_bytes)
        query, headers = version_query(options.version_id), read_conditions(options)
        headers |= customer_key_headers(options.customer_key)
        if wanted is not None:
            headers["range"] = str(wanted)
        try:
            response = self._client.open_object(bucket, key, query=query, headers=headers)
        except S3ResponseError as error:
            if error.code == "InvalidRange" and wanted is not None and wanted.first is None:
                return self._last_bytes_of_nothing(bucket, key, options, error)
            raise
        try:
            opened = opened_object(key, response, wanted)
            _check_any(opened.info, options)
            return opened
        except BaseException:
            response.close()
            raise

    def _last_bytes_of_nothing(
        self, bucket: str, key: str, options: GetOptions, error: S3ResponseError
    ) -> OpenedObject:
        """Opens an empty object of which the last bytes were asked for: RGW refuses every range of it."""
        info = self.head(bucket, key, options)
        if info.size_bytes:
            raise Throttled("another request wrote the same key at the same moment") from error
        return OpenedObject(info, (), content_range=ContentRange(0, 0, 0))

    def put(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object."""
        try:
            with explaining_missing_lock(self._client, bucket, options):
                received, moment = self._put(bucket, key, body, options)
        except S3ResponseError as error:
            if options.if_match is not None and error.code in {"UnknownError", "PreconditionFailed"}:
                self._raise_failed_condition(bucket, key, options.if_match, error)
            raise
        put_at = moment or response_date(received)
        etag = response_etag(received)
        written = stored_info(key, options, body.bytes_read, etag, put_at, len(options.tags), received)
        # The response does not tell the lock that the bucket's default gives a version.
        is_told = moment is not None and written.version_id is None and options.retention is None
        return written if is_told else self._confirmed(bucket, written, options.customer_key)

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

    def _raise_failed_condition(self, bucket: str, key: str, if_match: str, error: S3ResponseError) -> NoReturn:
        """Says what became of a condition.

        Of two writers at once, RGW sends 500 to the one that loses (its ``ECANCELED``). Where there is no object it
        sends 412 or, as S3 does, 404.
        """
        try:
            holds = if_match in {"*", self.stored(bucket, key).etag}
        except S3ResponseError as gone:
            if gone.code == "NoSuchKey":
                raise NoSuchKey("if_match asks for an object") from error
            raise
        if error.code == "PreconditionFailed":
            raise error
        if holds:
            raise Throttled("another request wrote the same key at the same moment") from error
        raise PreconditionFailed("another request wrote the key meanwhile", condition="if_match") from error

    def _put(self, bucket: str, key: str, body: Body, options: PutOptions) -> Written:
        """Sends the body: in one piece, or in parts side by side.

        With a condition or tags it goes in one piece, whatever its length: RGW ignores conditions where an upload in
        parts is completed, and loses the tags that it began with.

        Raises:
            TooLarge: A body with a condition or tags is larger than RGW takes in one piece (``rgw_max_put_size``), or a
                body of unknown length is longer than 10,000 parts hold.
        """
        part_size = self._settings.part_size
        if options.tags or _is_conditional(options):
            with one_piece(body, part_size, MAX_PART_BYTES) as content:
                return self._put_piece(bucket, key, content, options)
        taken = []
        if body.length is None or body.length <= part_size:
            taken.append(take(body, part_size))
            if length_of(taken[0]) == part_size and body.length is None:
                taken.append(take(body, part_size))
            if len(taken) == 1 or not taken[1]:
                return self._put_piece(bucket, key, taken[0], options)
        return self._put_parts(bucket, key, body, options, taken)

    def _put_piece(self, bucket: str, key: str, content: Content, options: PutOptions) -> Written:
        conditions = write_conditions(options.if_match, options.if_none_match, quotes=False)
        headers = object_headers(options) | tag_headers(options.tags) | new_version_headers(options) | conditions
        # Sent again after it was done, a conditional put would fail because of its own object.
        repeatable = not conditions
        whole = content[0] if isinstance(content, list) and len(content) == 1 else content
        # What is sent as it comes may take long. Others do not wait for its sender.
        lock = nullcontext() if isinstance(whole, Feed) else self.writing(bucket, key)
        with lock:
            received, _ = self._client.request(
                "PUT", bucket, key, headers=headers, content=whole, repeatable=repeatable
            )
        return received, written_at(received)

    def _put_parts(self, bucket: str, key: str, body: Body, options: PutOptions, taken: list[Pieces]) -> Written:
        sizes = part_sizes(body.length, self._settings.part_size, growth=_GROWTH)
        for _ in taken:
            next(sizes)
        upload = PartsUpload(self._client, self._failed_uploads, bucket, key, self._settings)
        headers = object_headers(options) | new_version_headers(options)
        keyed = customer_key_headers(options.customer_key)
        received = upload.run(taken, body, sizes, headers, {}, self.writing(bucket, key), keyed)
        # This response may begin long before the object is made (S3 API reference, CompleteMultipartUpload).
        return received, None

    def copy(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> ObjectInfo:
        """Copies an object within RGW, and asks what the copy is.

        With new headers RGW drops the tags. They are read before, and written again after.
        """
        check_lock(self._client, bucket, options)  # It is set after the copy.
        tags = NO_TAGS
        source = request_target(source_bucket, source_key, version_query(options.source_version_id))
        headers = {COPY_SOURCE: source, **new_version_headers(options)}
        headers |= customer_key_headers(options.source_customer_key, of_source=True)
        if options.source_if_match is not None and options.source_if_match != "*":
            # RGW reads the condition under a name of its own.
            headers[f"{COPY_SOURCE}-if-match"] = headers["x-amz-copy-if-match"] = options.source_if_match
        if options.headers is not None:
            headers |= {"x-amz-metadata-directive": "REPLACE", **object_headers(options.headers)}
            tags = get_tags(self._client, source_bucket, source_key, options.source_version_id, may_be_empty=True)
        with self.writing(bucket, key), explaining_missing_lock(self._client, bucket, options):
            try:
                received, document = self._client.request_xml(
                    "PUT", bucket, key, root="CopyObjectResult", headers=headers
                )
            except S3ResponseError as error:
                if error.code == "InvalidRequest" and options.source_version_id is not None:
                    self.stored(source_bucket, source_key, source_of(options))  # Fails if it is a delete marker.
                raise
            read_copy_result(document)  # RGW begins its response before it has copied.
            made = received.get(VERSION_ID)
            if tags:
                put_tags(self._client, bucket, key, tags, made)
            self._lock_copy(bucket, key, made, options)
            return self.stored(bucket, key, HeadOptions(version_id=made, customer_key=options.customer_key))

    def _lock_copy(self, bucket: str, key: str, version_id: str | None, options: CopyOptions) -> None:
        """Locks a copy: RGW ignores the headers that ask for it."""
        if options.retention is not None and options.retention.mode is not None:
            put_retention(self._client, bucket, key, options.retention, version_id, bypass_governance=False)
        if options.legal_hold is not None:
            put_legal_hold(self._client, bucket, key, options.legal_hold, version_id)

    def delete(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version. It succeeds where there is none."""
        headers = {BYPASS_GOVERNANCE: "true"} if options.bypass_governance else {}
        query = version_query(options.version_id)
        with self.writing(bucket, key):
            try:
                with explaining_locks(self._client, bucket, key, options.version_id) if query else nullcontext():
                    received, _ = self._client.request("DELETE", bucket, key, query=query, headers=headers)
            except S3ResponseError as error:
                if error.code not in {"NoSuchKey", "NoSuchVersion"}:
                    raise
                received = {}
        return deleted_in(received, options.version_id)

    def delete_many(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes up to 1,000 objects or versions: one request, and one for each key that XML cannot hold.

        Every entry is either deleted or failed.

        Raises:
            S3ResponseError: The bucket does not exist, or RGW refuses the whole request.
            Unavailable: RGW does not say of each entry what became of it.
        """
        together = [entry for entry in objects if not _NOT_IN_XML.search(entry.key)]
        deleted: list[DeletedObject] = []
        failed: list[DeleteFailure] = []
        if together:
            with self.writing(bucket, *[entry.key for entry in together]):
                bypass = options.bypass_governance
                found = delete_versions(self._client, bucket, together, bypass_governance=bypass)
            gone = [failure for failure in found.failed if failure.code in {"NoSuchKey", "NoSuchVersion"}]
            deleted += [*found.deleted, *(DeletedObject(failure.key, failure.version_id) for failure in gone)]
            kept = [explained(self._client, bucket, failure) for failure in found.failed if failure not in gone]
            failed += [_failure(failure.key, failure.code, failure.version_id) for failure in kept]
        for entry in objects:
            if _NOT_IN_XML.search(entry.key):
                done = self._delete_alone(bucket, entry, options)
                if isinstance(done, DeleteFailure):
                    failed.append(done)
                else:
                    deleted.append(done)
        return in_order(objects, deleted, failed)

    def _delete_alone(
        self, bucket: str, entry: ObjectToDelete, options: BatchDeleteOptions
    ) -> DeletedObject | DeleteFailure:
        """Deletes one entry of many."""
        if "\0" in entry.key:
            return _failure(entry.key, "InvalidObjectName", entry.version_id)
        asked = DeleteOptions(version_id=entry.version_id, bypass_governance=options.bypass_governance)
        try:
            return batch_entry(entry, self.delete(bucket, entry.key, asked))
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                raise
            return _failure(entry.key, error.code, entry.version_id)


def _failure(key: str, code: str, version_id: str | None) -> DeleteFailure:
    verdict = classify_code(code, 0, "", KINDS, DETAILS)
    return DeleteFailure(key, verdict.kind.code, str(verdict.kind(verdict.detail)), version_id)


def _is_conditional(options: PutOptions) -> bool:
    return options.if_match is not None or options.if_none_match is not None


def _check_any(info: ObjectInfo, options: HeadOptions) -> None:
    """Evaluates ``if_none_match="*"`` on an object that exists: RGW compares the asterisk with the etag."""
    if options.if_none_match == "*":
        raise NotModified("the key holds an object", info=NotModifiedInfo.of(info))


def read_conditions(options: HeadOptions) -> dict[str, str]:
    """Returns the headers of a read's conditions. RGW takes etags unquoted, and takes an asterisk as an etag."""
    sent = {}
    if options.if_match is not None:
        if options.if_match != "*":
            sent["if-match"] = options.if_match
    elif options.if_unmodified_since is not None:
        sent["if-unmodified-since"] = http_date(options.if_unmodified_since)
    if options.if_none_match is not None:
        if options.if_none_match != "*":
            sent["if-none-match"] = options.if_none_match
    elif options.if_modified_since is not None:
        sent["if-modified-since"] = http_date(options.if_modified_since)
    return sent


def begun_at(response: Mapping[str, str]) -> int | None:
    """Returns the second, since 1970, in which RGW began with a request. It stands in the request id.

    ``tx000001719098c7d200174-006b0358fd-1010-default``: the second number is hexadecimal (``rgw_tools``,
    ``XMLTransactionId``).
    """
    parts = response.get("x-amz-request-id", "").split("-")
    if len(parts) < 3 or not parts[0].startswith("tx"):
        return None
    try:
        return int(parts[1], 16)
    except ValueError:
        return None


def written_at(response: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, from the response to its put; ``None`` if that is not sure.

    RGW takes an object's time from the exact clock, and ``Date`` from ``time(2)`` (``rgw_asio_client.cc``,
    ``dump_date_header``). That may say the second before until the kernel's next tick (up to 10 ms). So just after a
    full second, by this machine's clock, the response is not sure. Where this clock is behind RGW's, the moment may be
    a second too early.
    """
    moment = written_within(begun_at(response), response)
    if moment is not None and 0 <= time.time() - moment.timestamp() - 1 < _NEW_SECOND:
        return None
    return moment
