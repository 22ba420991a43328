"""A layer that bounds what buckets, and the buckets of an owner together, may hold."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from bucketry._validation import check_bucket, check_key
from bucketry.bucket_settings import AnyBucketSettings, VersioningSettings
from bucketry.errors import InvalidArgument, InvalidDriver, NoSuchBucket, NoSuchUpload
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.models import (
    BucketInfo,
    BucketReport,
    Deleted,
    DeletedObject,
    DeleteResult,
    Done,
    ObjectInfo,
    ObjectToDelete,
    Part,
    Upload,
    UsageReport,
)
from bucketry.models import Quota as QuotaReport
from bucketry.options import CopyOptions, DeleteOptions, PartCopyOptions
from bucketry.quotas._rules import QuotaRule, QuotaRules, QuotaUse

if TYPE_CHECKING:
    from bucketry.body import Body
    from bucketry.quotas._accounts import Accounts, Write
    from bucketry.quotas._backend import Held

RECOUNT_SECONDS: Final = 3600.0
"""How often a bucket is counted again, unless a layer is told otherwise."""


class Quota:
    """Refuses writes that would leave a bucket, or an owner's buckets, with more than a quota allows (`QuotaExceeded`).

    What counts: the bytes of all versions of objects and of the parts of uploads in progress; and as objects all
    versions, delete markers and uploads in progress. An overwrite is judged by what it changes. Deletes are never
    refused, not even those that make a delete marker. Everything that passes the layer counts: puts, copies, parts,
    deletes, and what core's lifecycle deletes.

    A put is refused before its body is read if its length is known, and otherwise while it is read. Writes in progress
    count with what they will add at most, so that two of them cannot share the last room.

    The figures are exact for everything that passes the layer, in all threads and in all processes that share a folder.
    They start from the backend's usage: a bucket is counted before the first write to it, and an owner's buckets
    likewise. What is changed past the layer (by another server, by the backend's own lifecycle, with the backend's own
    presigned URLs) counts from the next count on: after ``recount_seconds``, before a write is refused by figures that
    are older than a minute, and after a write whose outcome the backend did not tell.

    A write to a bucket that never had versions asks the backend once more, for the size of what it replaces.
    """

    def __init__(self, *rules: QuotaRule, folder: Path | None = None, recount_seconds: float = RECOUNT_SECONDS) -> None:
        """Makes the layer.

        Args:
            rules: The quotas. The first that matches a bucket counts for it, and the first that matches its owner.
            folder: A folder that several processes over the same backend share. They are then exact together. Only
                they may use it, and nothing in it needs to be kept. ``None``: the process counts for itself.
            recount_seconds: How often buckets are counted again, if others can change them.
        """
        self._rules = QuotaRules(rules)
        self._folder = folder
        self._recount_seconds = recount_seconds
        self._accounts: Accounts | None = None
        self._driver: DriverSpec | None = None

    def attach(self, driver: DriverSpec) -> None:
        """Takes the driver below the layers. The store calls it when it opens.

        Raises:
            InvalidDriver: The layer belongs to another driver already.
        """
        from bucketry.quotas._accounts import Accounts

        if self._driver is None:
            self._driver = driver
            self._accounts = Accounts(self._rules, driver, folder=self._folder, recount_seconds=self._recount_seconds)
        elif self._driver is not driver:
            raise InvalidDriver("a layer Quota belongs to one driver: make another one for this store")

    def uses(self) -> tuple[QuotaUse, ...]:
        """Returns how much is used of each quota, for the buckets that were counted so far and their owners."""
        return self._attached().uses()

    def require_room(self, bucket: str, key: str, size_bytes: int, objects: int) -> None:
        """Checks that a write would fit now. Servers ask it before they read a body.

        Args:
            bucket: The bucket.
            key: The key.
            size_bytes: Size of the body.
            objects: How many objects it makes: 1, or 0 for a part of an upload.

        Raises:
            QuotaExceeded: It does not fit.
            InvalidArgument: Bucket or key is not valid.
        """
        check_bucket(bucket)
        check_key(key)
        with self._attached().begin(bucket, key) as write:
            write.want(size_bytes, objects, lambda: self._replaced(write, bucket, key))
            write.settle()

    # Buckets

    @hookimpl(wrapper=True)
    def create_bucket(self, bucket: str) -> Generator[None, BucketInfo, BucketInfo]:
        """Forgets what an older bucket of that name held. The new one is counted with its first write."""
        with self._attached().begin(bucket, counts=False) as write:
            write.lock(_whole())
            info = yield
            self._attached().ledger.remove_bucket(bucket)
            write.settle()
        return info

    @hookimpl(wrapper=True)
    def delete_bucket(self, bucket: str) -> Generator[None, Done, Done]:
        """Gives back what the bucket held."""
        with self._attached().begin(bucket, counts=False) as write:
            write.lock(_whole())
            try:
                done = yield
            except NoSuchBucket:
                self._attached().ledger.remove_bucket(bucket)
                raise
            self._attached().ledger.remove_bucket(bucket)
            write.settle()
        return done

    @hookimpl(wrapper=True)
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Generator[None, Done, Done]:
        """Notices that a bucket makes versions from now on, or no more."""
        if not isinstance(settings, VersioningSettings):
            return (yield)
        with self._attached().begin(bucket, counts=False) as write:
            write.lock(_whole())
            done = yield
            self._attached().ledger.set_versioning(bucket, settings.status or "")
            write.settle()
        return done

    @hookimpl(wrapper=True)
    def usage_report(self) -> Generator[None, UsageReport, UsageReport]:
        """Says which quotas the buckets have: the tighter of the backend's and those of this layer."""
        report = yield
        return msgspec.structs.replace(report, buckets=tuple([self._with_quota(each) for each in report.buckets]))

    # Objects

    @hookimpl(wrapper=True)
    def put_object(self, bucket: str, key: str, body: Body) -> Generator[None, ObjectInfo, ObjectInfo]:
        """Counts an object."""
        with self._attached().begin(bucket, key) as write:
            sent = _Sent(write, body, lambda: self._replaced(write, bucket, key), _of_key(key), objects=1)
            info = yield
            self._settle_version(write, info.version_id, sent.size)
        return info

    @hookimpl(wrapper=True)
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> Generator[None, ObjectInfo, ObjectInfo]:
        """Counts a copy. Its source stays the same meanwhile."""
        with self._attached().begin(bucket, key) as write:
            write.lock(_of_key(key), also=((source_bucket, _of_key(source_key)),))
            size = 0
            if write.counts:
                size = self._attached().backend.size_of_source(source_bucket, source_key, options)
                write.commit(size, 1, self._replaced(write, bucket, key))
            info = yield
            self._settle_version(write, info.version_id, size)
        return info

    @hookimpl(wrapper=True)
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Generator[None, Deleted, Deleted]:
        """Gives back what was deleted, and counts a delete marker."""
        with self._attached().begin(bucket, key) as write:
            write.lock(_of_key(key))
            entries = (ObjectToDelete(key, options.version_id),)
            before = self._deleted(write, bucket, entries)
            deleted = yield
            after = self._left(write, bucket, entries)
            write.settle(*_freed(before, after, (DeletedObject(key, options.version_id, deleted.delete_marker),)))
        return deleted

    @hookimpl(wrapper=True)
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...]
    ) -> Generator[None, DeleteResult, DeleteResult]:
        """Gives back what was deleted, and counts delete markers."""
        with self._attached().begin(bucket) as write:
            write.lock(*(_of_key(entry.key) for entry in objects))
            before = self._deleted(write, bucket, objects)
            result = yield
            after = self._left(write, bucket, objects)
            write.settle(*_freed(before, after, result.deleted))
        return result

    # Uploads

    @hookimpl(wrapper=True)
    def create_multipart_upload(self, bucket: str, key: str) -> Generator[None, Upload, Upload]:
        """Counts an upload as an object."""
        with self._attached().begin(bucket, key) as write:
            write.lock(f"new upload {write.number}")
            write.want(0, 1, _nothing)
            upload = yield
            ledger = self._attached().ledger
            write.settle(also=lambda db: ledger.add_upload(db, bucket, upload.upload_id))
        return upload

    @hookimpl(wrapper=True)
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body
    ) -> Generator[None, Part, Part]:
        """Counts a part."""
        with self._attached().begin(bucket, key) as write:
            replaced = self._replaced_part(write, bucket, key, upload_id, part_number)
            sent = _Sent(write, body, replaced, _of_part(upload_id, part_number), objects=0)
            part = yield
            self._settle_part(write, bucket, upload_id, part_number, sent.size)
        return part

    @hookimpl(wrapper=True)
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Generator[None, Part, Part]:
        """Counts a part that is a copy. Its source stays the same meanwhile."""
        with self._attached().begin(bucket, key) as write:
            replaced = self._replaced_part(write, bucket, key, upload_id, part_number)
            write.lock(_of_part(upload_id, part_number), also=((source_bucket, _of_key(source_key)),))
            size = 0
            if write.counts:
                size = self._size_of_source(source_bucket, source_key, options)
                write.commit(size, 0, replaced())
            part = yield
            self._settle_part(write, bucket, upload_id, part_number, size)
        return part

    @hookimpl(wrapper=True)
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str
    ) -> Generator[None, ObjectInfo, ObjectInfo]:
        """Counts an object in place of its upload. It is never larger than the upload's parts."""
        ledger = self._attached().ledger
        with self._attached().begin(bucket, key) as write:
            self._know_upload(write, bucket, key, upload_id)
            write.lock(_of_key(key), _of_upload(upload_id))
            before = self._replaced(write, bucket, key) if write.counts else None
            info = yield
            if before is None or not ledger.has_upload(bucket, upload_id):
                write.settle()  # It was completed before, and nothing has changed now.
                return info
            write.before = before
            self._settle_version(
                write, info.version_id, info.size_bytes, lambda db: ledger.remove_upload(db, bucket, upload_id)
            )
        return info

    @hookimpl(wrapper=True)
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Generator[None, Done, Done]:
        """Gives back an upload with its parts."""
        ledger = self._attached().ledger
        with self._attached().begin(bucket, key) as write:
            self._know_upload(write, bucket, key, upload_id)
            write.lock(_of_upload(upload_id))
            try:
                done = yield
            except NoSuchUpload:  # It ended past this layer.
                write.settle(also=lambda db: ledger.remove_upload(db, bucket, upload_id))
                raise
            write.settle(also=lambda db: ledger.remove_upload(db, bucket, upload_id))
        return done

    @hookimpl(wrapper=True)
    def close(self) -> Generator[None, Done, Done]:
        """Closes the accounts."""
        done = yield
        self._attached().ledger.close()
        return done

    # How

    def _attached(self) -> Accounts:
        if self._accounts is None:
            raise InvalidDriver("the layer Quota is not attached to a driver: open a store with it")
        return self._accounts

    def _with_quota(self, bucket: BucketReport) -> BucketReport:
        limit = self._attached().limit_of(bucket.name)
        if limit is None:
            return bucket
        told = bucket.quota or QuotaReport()
        quota = QuotaReport(
            max_size_bytes=_tighter(told.max_size_bytes, limit.max_size_bytes),
            max_objects=_tighter(told.max_objects, limit.max_objects),
        )
        return msgspec.structs.replace(bucket, quota=quota)

    def _replaced(self, write: Write, bucket: str, key: str) -> Held:
        """Returns what a write to a key replaces for good."""
        from bucketry.quotas._backend import ENABLED, NOTHING, SUSPENDED

        if write.known.versioning == ENABLED or not write.counts:
            return NOTHING
        backend = self._attached().backend
        return backend.null_version(bucket, key) if write.known.versioning == SUSPENDED else backend.held(bucket, key)

    def _settle_version(
        self, write: Write, version_id: str | None, size: int, also: Callable[..., tuple[int, int]] | None = None
    ) -> None:
        write.check_versioning(version_id)
        write.settle(size - write.before.size, 1 - write.before.objects, also)

    def _deleted(self, write: Write, bucket: str, objects: Iterable[ObjectToDelete]) -> dict[ObjectToDelete, Held]:
        """Returns what these deletes will free."""
        if not write.counts:
            return {}
        versioning = write.known.versioning
        named = [entry for entry in objects if entry.version_id is not None or not versioning]
        return self._attached().backend.held_by_many(bucket, named) | self._left(write, bucket, objects)

    def _left(self, write: Write, bucket: str, objects: Iterable[ObjectToDelete]) -> dict[ObjectToDelete, Held]:
        """Returns the versions ``null`` of keys, while versioning is suspended: deletes make markers of them.

        Not every backend says that it made one.
        """
        from bucketry.quotas._backend import SUSPENDED

        if not write.counts or write.known.versioning != SUSPENDED:
            return {}
        backend = self._attached().backend
        return {entry: backend.null_version(bucket, entry.key) for entry in objects if entry.version_id is None}

    def _size_of_source(self, bucket: str, key: str, options: PartCopyOptions) -> int:
        size = self._attached().backend.size_of_source(bucket, key, options)
        if options.range is None:
            return size
        try:
            wanted = options.range.resolve(size)
        except InvalidArgument:  # The driver says so itself.
            return 0
        return wanted.stop - wanted.start

    def _know_upload(self, write: Write, bucket: str, key: str, upload_id: str) -> None:
        """Counts an upload that was begun past this layer."""
        accounts = self._attached()
        if not write.counts or accounts.ledger.has_upload(bucket, upload_id):
            return
        try:
            parts = accounts.backend.parts_of(bucket, key, upload_id)
        except NoSuchBucket:
            return
        if parts is None:
            return
        with accounts.begin(bucket, key) as adopting:
            adopting.lock(_of_upload(upload_id))
            adopting.settle(also=lambda db: accounts.ledger.add_upload(db, bucket, upload_id, parts))

    def _replaced_part(
        self, write: Write, bucket: str, key: str, upload_id: str, part_number: int
    ) -> Callable[[], Held]:
        from bucketry.quotas._backend import Held

        self._know_upload(write, bucket, key, upload_id)
        ledger = self._attached().ledger
        return lambda: Held(ledger.part_size(bucket, upload_id, part_number), 0)

    def _settle_part(self, write: Write, bucket: str, upload_id: str, part_number: int, size: int) -> None:
        ledger = self._attached().ledger
        write.settle(also=lambda db: ledger.set_part(db, bucket, upload_id, part_number, size))


class _Sent:
    """A body on its way into the store. What it replaces is locked once the body has ended.

    Attributes:
        size: Its bytes so far.
    """

    def __init__(self, write: Write, body: Body, replaced: Callable[[], Held], lock: str, *, objects: int) -> None:
        """Reserves the body's declared length.

        Raises:
            QuotaExceeded: It does not fit.
        """
        self.size = 0
        self._write = write
        self._replaced = replaced
        self._lock = lock
        self._objects = objects
        self._declared = body.length
        write.want(body.length or 0, objects, replaced)
        if body.length == 0:  # A driver need not read it.
            self._commit()
        else:
            body.wrap(self._pieces)

    def _pieces(self, source: Iterator[bytes]) -> Iterator[bytes]:
        for piece in source:
            self.size += len(piece)
            if self._declared is None:
                self._write.grow(len(piece), self._replaced)
            yield piece
        self._commit()

    def _commit(self) -> None:
        self._write.lock(self._lock)
        self._write.commit(self.size, self._objects, self._replaced())


def _whole() -> str:
    from bucketry.quotas._ledger import WHOLE

    return WHOLE


def _of_key(key: str) -> str:
    return f"key {key}"


def _of_upload(upload_id: str) -> str:
    return f"upload {upload_id}"


def _of_part(upload_id: str, number: int) -> str:
    return f"part {number} {upload_id}"


def _nothing() -> Held:
    from bucketry.quotas._backend import NOTHING

    return NOTHING


def _tighter(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _freed(
    before: dict[ObjectToDelete, Held], after: dict[ObjectToDelete, Held], deleted: Iterable[DeletedObject]
) -> tuple[int, int]:
    """Returns how many bytes and objects there are more after these deletes: mostly fewer."""
    size = objects = 0
    for entry in deleted:
        named = ObjectToDelete(entry.key, entry.version_id)
        held, left = before.get(named), after.get(named)
        if held is not None:
            size, objects = size - held.size, objects - held.objects
        if left is not None:
            size, objects = size + left.size, objects + left.objects
        elif entry.delete_marker and entry.version_id is None:
            objects += 1
    return size, objects
