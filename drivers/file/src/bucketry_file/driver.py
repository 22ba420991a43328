"""The driver: every operation of the contract, on a folder."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from sqlite3 import Connection, Error
from typing import Final

from bucketry import (
    DONE,
    Acl,
    AnyBucketSettings,
    AttributesOptions,
    BatchDeleteOptions,
    Body,
    BucketAccess,
    BucketInfo,
    BucketryError,
    Classified,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    ListOptions,
    NoSuchBucket,
    ObjectAttributes,
    ObjectInfo,
    ObjectPage,
    ObjectToDelete,
    OpenedObject,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    Retention,
    RetentionOptions,
    Status,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
    Usage,
    UsageReport,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.bucket_rules import acl_of_version, kept_acl, require_lock
from bucketry.clock import Clock
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.object_lock import check_new_retention, check_retention_change
from bucketry.object_parts import attributes_of
from bucketry.owners import DEFAULT_OWNER
from bucketry.presigning import Presigners, presigned_url
from bucketry.tagging import NO_TAGS
from bucketry.version_ids import number_in
from msgspec.structs import replace
from typing_extensions import override

from bucketry_file import buckets, listing, uploads, versions
from bucketry_file.buckets import Buckets
from bucketry_file.buckets import usage as usage_of
from bucketry_file.cleaning import Garbage, forget_session, recover, tidy_session
from bucketry_file.encryption import Keys
from bucketry_file.errors import classify
from bucketry_file.features import FEATURES, features_of
from bucketry_file.folder import open_folder
from bucketry_file.index import Index
from bucketry_file.multipart import Multipart
from bucketry_file.objects import Objects
from bucketry_file.reading import Reader
from bucketry_file.receiving import Receiver
from bucketry_file.records import BucketRecord, StoredObject
from bucketry_file.reserve import Reserve
from bucketry_file.sessions import Session
from bucketry_file.settings import FileSettings
from bucketry_file.times import StoredTimes

logger: Final = logging.getLogger("bucketry")


class FileDriver(DriverSpec):
    """Keeps buckets and objects in a folder. Threads may share it, and processes may share the folder."""

    name = "file"
    contract_version = 3
    Settings = FileSettings
    features = FEATURES
    lifecycle = "core"

    def __init__(self, settings: FileSettings) -> None:
        """Opens the folder, and clears away what processes left behind that were killed.

        Raises:
            InvalidSettings: A setting is malformed, or the folder is not a store that this driver knows.
            AccessDenied: The folder cannot be written to.
            Unavailable: The folder cannot be used.
        """
        self.features, self.lacks = features_of(settings)
        self._settings = settings
        self._presigners = Presigners(settings)
        keys = Keys(settings.encryption_keys)
        self._times = StoredTimes(Clock())
        self._folder = open_folder(settings.location)
        try:
            self._open_with_room(keys)
        except (OSError, Error) as error:
            found = classify(error)
            raise found.kind(found.detail) from error
        _live.add(self)

    def _open_with_room(self, keys: Keys) -> None:
        """Opens the folder. On a full disk it takes the room for deletes: otherwise nobody could delete anything."""
        try:
            self._open(keys)
        except (OSError, Error):
            reserve = Reserve(self._folder.reserve)
            if not (reserve.is_needed() and reserve.give_up()):
                raise
            self._open(keys)
            self._index.reserve.keep_again(given_up=True)
        else:
            self._index.reserve.keep()

    def _open(self, keys: Keys) -> None:
        settings, folder = self._settings, self._folder
        self._index = index = Index(folder, sync=settings.sync, busy_timeout=settings.busy_timeout)
        try:
            recover(folder, index, sync=settings.sync)
            self._session = Session(folder, index, sync=settings.sync)
            self._garbage = Garbage(folder, index, sync=settings.sync)
            self._garbage.collect()
            self._garbage.flush()
        except BaseException:
            index.close()
            raise
        self._buckets = Buckets()
        reader = Reader(folder, index, self._session, keys)
        receiver = Receiver(folder, index, self._session, sync=settings.sync)
        self._objects = Objects(index, self._buckets, reader, receiver, self._garbage, keys, self._times)
        self._multipart = Multipart(index, self._buckets, self._objects, receiver, self._garbage, keys, self._times)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._folder.path}>"

    @property
    def clock(self) -> Clock:
        """The store's clock, which stored times follow."""
        return self._times.clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._times.clock = clock

    def after_fork(self) -> None:
        """Leaves files to the process that this one was forked from."""
        self._session.after_fork()
        self._garbage.after_fork()

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.path

    def reading(self) -> AbstractContextManager[Connection]:
        """Gives a connection to the index that sees one state of it until the block ends. Not an operation."""
        return self._index.reading()

    def compact(self) -> None:
        """Deletes what nothing needs any more, and makes the index as small as it can be. Not an operation.

        Raises:
            sqlite3.Error: Another process uses the index, or the disk has no room for a second one.
        """
        self._garbage.collect_all()
        self._garbage.flush()
        self._index.compact()

    # The store

    @override
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        """Looks an error of SQLite or of the file system up by its code."""
        return classify(error)

    @override
    @hookimpl
    def status(self) -> Status:
        """Returns the URL of the S3 endpoint that serves this store, and whether the index can be read."""
        try:
            with self._index.reading() as connection:
                connection.execute("SELECT count(*) FROM buckets").fetchone()
        except (OSError, Error) as error:
            detail = f"the folder {self._folder.path} cannot be read: {classify(error).detail}"
            return Status(
                available=False, endpoint=self._presigners.endpoint, region=self._settings.region, detail=detail
            )
        return Status(available=True, endpoint=self._presigners.endpoint, region=self._settings.region)

    @override
    @hookimpl
    def close(self) -> Done:
        """Closes the folder. What was deleted while it was read goes when the folder is opened again."""
        _live.discard(self)
        try:
            self._garbage.flush()
            if self._session.end():
                tidy_session(self._folder, self._session.name, sync=self._settings.sync)
                forget_session(self._index, self._session.name)
        except (OSError, Error) as error:  # As of a folder that was removed. Recovery does it when it is opened again.
            logger.warning("the folder %s was not closed well: %s", self._folder.path, classify(error).detail)
        finally:
            self._index.close()
            self._session.release()
        return DONE

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Returns the usage of each bucket."""
        as_of = self.clock.now()
        with self._index.reading() as connection:
            found = buckets.reports(connection)
        return UsageReport(source="index", as_of=as_of, buckets=found)

    # Buckets

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets."""
        with self._index.reading() as connection:
            return tuple(bucket.info for bucket in self._buckets.all(connection))

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Returns the usage of each of these buckets, from figures that every write keeps up to date."""
        with self._index.reading() as connection:
            as_of = self.clock.now()
            found = {name: usage_of(connection, name, as_of) for name in buckets}
        return {name: usage for name, usage in found.items() if usage is not None}

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket."""
        region = None if options.region == self._settings.region else options.region

        def work(connection: Connection) -> BucketInfo:
            record = BucketRecord(self._times.now(), options.owner or DEFAULT_OWNER, region)
            buckets.create(connection, bucket, record, object_lock=options.object_lock)
            return self._buckets.find(connection, bucket, writing=True).info

        return self._index.write(work)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket."""
        with self._index.reading() as connection:
            return self._buckets.find(connection, bucket).info

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes an empty bucket, and aborts its uploads."""
        self._index.free(lambda connection: buckets.delete(connection, self._for_write(connection, bucket)))
        self._garbage.collect()
        return DONE

    def _for_write(self, connection: Connection, bucket: str) -> buckets.Bucket:
        return self._buckets.find(connection, bucket, writing=True)

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind, as they were put."""
        with self._index.reading() as connection:
            return self._buckets.find(connection, bucket).get(kind)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces a bucket's settings of one kind."""
        self._index.write(
            lambda connection: buckets.put_settings(connection, self._for_write(connection, bucket), settings)
        )
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind."""
        self._index.free(
            lambda connection: buckets.delete_settings(connection, self._for_write(connection, bucket), kind)
        )
        return DONE

    @override
    @hookimpl
    def get_bucket_access(self, bucket: str) -> BucketAccess:
        """Returns what is set on a bucket about who may use it."""
        with self._index.reading() as connection:
            return self._buckets.find(connection, bucket).access

    @override
    def peek_bucket_access(self, bucket: str) -> BucketAccess | None:
        """Returns what is set on a bucket, if this process knows it as it is now."""
        found = self._index.look(lambda connection: self._buckets.known(connection, bucket))
        return None if found is None else found.access

    # Objects

    @override
    def answers_at_once(self, bucket: str, key: str) -> bool:
        """Says whether this is a small object that was used lately: the system keeps in memory what was read of it."""
        return self._objects.recent.has((bucket, key))

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page of objects."""
        with self._index.reading() as connection:
            return listing.list_objects(connection, self._buckets.find(connection, bucket), options)

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content."""
        return self._objects.head((bucket, key), options)

    @override
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns an object with one page of its parts."""
        wanted = HeadOptions(version_id=options.version_id, customer_key=options.customer_key)
        with self._index.reading() as connection:
            row, info = self._objects.find(connection, (bucket, key), wanted)
            parts = versions.parts_of(connection, row)
        return attributes_of(info, options, parts.ends, parts.digests)

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object. Its bytes stay the same, even if the key is written meanwhile."""
        return self._objects.open((bucket, key), options)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object, once its body is complete."""
        return self._objects.put((bucket, key), body, options)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object, which shares its bytes with the original unless only one of them is encrypted."""
        return self._objects.copy((source_bucket, source_key), (bucket, key), options)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version, or makes a delete marker."""
        deleted = self._index.free(lambda connection: self._delete(connection, bucket, key, options))
        self._garbage.collect()
        return deleted

    def _delete(self, connection: Connection, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        found = self._for_write(connection, bucket)
        return versions.delete(connection, found, key.encode(), options, self._times.now())

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes many objects or versions in one step."""

        def work(connection: Connection) -> DeleteResult:
            self._for_write(connection, bucket)
            deleted, failed = [], []
            for entry in objects:
                named = entry.version_id
                wanted = DeleteOptions(version_id=named, bypass_governance=options.bypass_governance)
                try:
                    done = self._delete(connection, bucket, entry.key, wanted)
                except BucketryError as error:
                    failed.append(DeleteFailure(entry.key, error.code, str(error), named))
                else:
                    marker = done.version_id if done.delete_marker else None
                    deleted.append(DeletedObject(entry.key, named, done.delete_marker, marker))
            return DeleteResult(tuple(deleted), tuple(failed))

        result = self._index.free(work)
        self._garbage.collect()
        return result

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the S3 endpoint that serves this store."""
        region = self._settings.region
        with suppress(NoSuchBucket):  # A URL can be made before the bucket is.
            region = self.head_bucket(bucket).region or region
        return presigned_url(self._presigners.of(region), bucket, key, options, now=self.clock.now())

    # Tags of objects: they change neither the etag nor the time of an object.

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags."""
        with self._index.reading() as connection:
            found = self._buckets.find(connection, bucket)
            return versions.read(connection, found, key.encode(), options.version_id).stored.tags

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces an object's tags."""

        def changed(_: buckets.Bucket, stored: StoredObject) -> StoredObject:
            return replace(stored, stored_tags=dict(tags))

        return self._change(bucket, key, options.version_id, changed)

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Deletes all tags of an object."""
        return self.put_object_tagging(bucket, key, NO_TAGS, options)

    def _change(
        self,
        bucket: str,
        key: str,
        version_id: str | None,
        changed: Callable[[buckets.Bucket, StoredObject], StoredObject],
    ) -> Done:
        """Gives a version another record."""

        def work(connection: Connection) -> None:
            found = self._for_write(connection, bucket)
            row = versions.read(connection, found, key.encode(), version_id)
            stored = changed(found, row.stored)
            versions.change(connection, row, stored)
            buckets.note_owner(connection, found, stored.facts)

        self._index.write(work)
        return DONE

    # Versions and their locks

    @override
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists one page of versions and delete markers."""
        if options.start_after_version:
            number_in(options.start_after_version, "start_after_version")
        with self._index.reading() as connection:
            found = self._buckets.find(connection, bucket)
            if found.has_versions:
                return listing.list_versions(connection, found, options)
            return VersionPage.without_versioning(listing.list_objects(connection, found, options.of_objects()))

    @override
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version."""
        now = self.clock.now()

        def changed(_: buckets.Bucket, stored: StoredObject) -> StoredObject:
            before, bypass = stored.facts.retention, options.bypass_governance
            check_retention_change(before, retention, now, bypass_governance=bypass)
            kept = None if retention.mode is None else retention
            return replace(stored, facts=replace(stored.facts, retention=kept))

        self._require_lock(bucket)
        check_new_retention(retention, now)
        return self._change(bucket, key, options.version_id, changed)

    @override
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version."""

        def changed(_: buckets.Bucket, stored: StoredObject) -> StoredObject:
            return replace(stored, facts=replace(stored.facts, legal_hold=legal_hold))

        self._require_lock(bucket)
        return self._change(bucket, key, options.version_id, changed)

    def _require_lock(self, bucket: str) -> None:
        with self._index.reading() as connection:
            require_lock(self._buckets.find(connection, bucket).lock)

    @override
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version."""
        with self._index.reading() as connection:
            found = self._buckets.find(connection, bucket)
            facts = versions.read(connection, found, key.encode(), options.version_id).stored.facts
        return acl_of_version(facts.acl, facts.owner, found.access.owner)

    @override
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        """Replaces the access control list of a version."""

        def changed(_: buckets.Bucket, stored: StoredObject) -> StoredObject:
            return replace(stored, facts=replace(stored.facts, acl=kept_acl(acl)))

        return self._change(bucket, key, options.version_id, changed)

    # Multipart uploads

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of uploads in progress."""
        with self._index.reading() as connection:
            return uploads.list_uploads(connection, self._buckets.find(connection, bucket), options)

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        return self._multipart.begin((bucket, key), options)

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part, once its body is complete and if the upload is still in progress."""
        return self._multipart.put_part((bucket, key), upload_id, part_number, body, options)

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
        """Stores a part that shares its bytes with an object, unless that is small or only one of them is encrypted."""
        most = self.features.max_part_size
        source = (source_bucket, source_key)
        return self._multipart.copy_part((bucket, key), upload_id, part_number, source, options, most)

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of parts."""
        with self._index.reading() as connection:
            found = self._buckets.find(connection, bucket)
            upload = uploads.find(connection, found, key.encode(), upload_id)
            return uploads.list_parts(connection, found, upload, options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes an object of the parts, without copying their bytes."""
        limits = uploads.Limits(self.features.min_part_size, self.features.max_object_size)
        return self._multipart.complete((bucket, key), upload_id, parts, options, limits)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Aborts an upload."""
        self._multipart.abort((bucket, key), upload_id)
        return DONE


_live: Final[weakref.WeakSet[FileDriver]] = weakref.WeakSet()


def _after_fork() -> None:
    for driver in tuple(_live):
        driver.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
