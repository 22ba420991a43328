"""A bucket: its objects, their sorted keys, its versions, its size and its uploads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import final

import msgspec
from bucketry import (
    DELETED,
    Acl,
    AnyBucketSettings,
    BatchDeleteOptions,
    BucketAccess,
    BucketInfo,
    BucketNotEmpty,
    BucketryError,
    CopyOptions,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    EncryptionSettings,
    Expiration,
    IsDeleteMarker,
    LifecycleSettings,
    ListOptions,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    ObjectInfo,
    ObjectLockSettings,
    ObjectToDelete,
    Owner,
    PutOptions,
    Retention,
    RetentionOptions,
    UploadOptions,
    Usage,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
)
from bucketry.bucket_rules import (
    KINDS_OF_ACCESS,
    access_with_settings,
    check_lock_of_write,
    require_lock,
    retention_of_write,
)
from bucketry.conditions import check_copy_source, check_delete, check_write
from bucketry.object_lock import check_new_retention, check_retention_change, check_version_delete
from bucketry.options import WriteConditions
from bucketry.owners import DEFAULT_OWNER
from bucketry.s3 import NULL_VERSION
from bucketry.version_facts import VersionFacts
from bucketry.version_ids import new_version_id, number_in
from sortedcontainers import SortedList

from bucketry_memory.access import acl_of, with_acl, with_object
from bucketry_memory.bucket_settings import SettingsTable
from bucketry_memory.encryption import KmsKeys, check_customer_key, digest_of
from bucketry_memory.listing import Entries, list_entries
from bucketry_memory.objects import StoredObject, StoredTimes
from bucketry_memory.quota import Quota
from bucketry_memory.uploads import UploadTable
from bucketry_memory.versions import (
    History,
    StoredMarker,
    Version,
    VersionEntries,
    list_versions,
)


@final
class Bucket:
    """A bucket. Call whatever changes it under the store's lock. It takes and gives back its share of the quota.

    Attributes:
        info: The bucket as the contract describes it.
        access: What is set on it about who may use it.
        objects: The current object of each key: its newest version, unless that is a delete marker. One look-up needs
            no lock: an object is never changed, only replaced.
        keys: The same keys in order. Python compares strings by code point, which is the byte order of UTF-8.
        size_bytes: The sum of the objects' sizes.
        history: All other versions; ``None``: the bucket never had versions.
        adds_facts: Whether `describe` adds anything.
        encrypts: Whether it may have a default encryption.
        uploads: Its uploads in progress.
        settings: Its settings.
        is_deleted: Whether it was deleted. A caller that found it before that must not write to it.
    """

    __slots__ = (
        "_quota",
        "access",
        "adds_facts",
        "encrypts",
        "history",
        "info",
        "is_deleted",
        "keys",
        "objects",
        "settings",
        "size_bytes",
        "uploads",
    )

    def __init__(
        self,
        name: str,
        created_at: datetime,
        quota: Quota,
        owner: Owner = DEFAULT_OWNER,
        region: str | None = None,
    ) -> None:
        """Makes an empty bucket; ``region`` is its own if it is not the store's.

        Raises:
            QuotaExceeded: It would exceed the store's limit on entries.
        """
        quota.take(0, entries=1)
        self._quota = quota
        self.info = BucketInfo(name=name, created_at=created_at, owner=owner, region=region)
        self.access = BucketAccess(owner=owner, foreign_objects=False)
        self.objects: dict[str, StoredObject] = {}
        self.keys: SortedList[str] = SortedList()
        self.size_bytes = 0
        self.history: History | None = None
        self.adds_facts = False
        self.encrypts = False
        self.uploads = UploadTable(quota)
        self.settings = SettingsTable(quota)
        self.is_deleted = False

    def list_entries(self, options: ListOptions) -> Entries:
        """Lists one page of objects."""
        return list_entries(self.keys, options)

    def list_versions(self, options: VersionListOptions) -> VersionEntries | None:
        """Lists one page of versions; ``None``: there never were any, so each object is its own."""
        if self.history is None:
            if options.start_after_version:
                number_in(options.start_after_version, "start_after_version")
            return None
        return list_versions(self, self.history, options)

    def check_write(self, key: str, conditions: WriteConditions | PutOptions) -> None:
        """Checks the conditions of a write against what the key holds.

        Raises:
            PreconditionFailed: A condition does not hold.
        """
        current = self.objects.get(key)
        check_write(current, conditions)

    def check_copy(self, key: str, source: StoredObject, options: CopyOptions) -> None:
        """Checks the conditions of a copy to a key of this bucket, and the customer's key of its source."""
        check_customer_key(source.facts.key_digest, options.source_customer_key)
        check_copy_source(source, options)
        self.check_write(key, options)

    def checked_facts(
        self, facts: VersionFacts, options: PutOptions | CopyOptions | UploadOptions, kms: KmsKeys, now: datetime
    ) -> VersionFacts:
        """Returns the facts of a new version with its encryption, which may be the default.

        Raises:
            NoSuchKmsKey: There is no such key.
            BucketryError: As `check_lock_of_write`.
        """
        check_lock_of_write(facts.retention, facts.legal_hold, self.lock, now)
        if options.customer_key is not None:
            return msgspec.structs.replace(facts, key_digest=digest_of(options.customer_key))
        encryption = self.default_encryption.applied(facts.encryption, None)
        return facts if encryption is None else msgspec.structs.replace(facts, encryption=kms.resolve(encryption))

    def put(self, key: str, stored: StoredObject, reserved: int = 0, entries: int = 0) -> StoredObject:
        """Stores an object: as a new version, or in place of the one that the key held.

        Args:
            key: The key.
            stored: The object.
            reserved: Bytes that were reserved for it. It uses all of them or gives them back.
            entries: Entries that were reserved for it, likewise.

        Returns:
            The object as it was stored: in a bucket with versions, with its id and the default retention.

        Raises:
            QuotaExceeded: A limit would be exceeded. Nothing was changed.
        """
        if stored.extras is not None:
            self.access = with_object(self.access, stored.facts)
        if self.history is not None:
            return self._put_version(self.history, key, stored, reserved, entries)
        previous = self.objects.get(key)
        growth = len(stored.content)
        if previous is None:
            self._quota.take(growth - reserved, 1 - entries)
            self.keys.add(key)
        else:
            growth -= len(previous.content)
            if growth != reserved or entries:
                self._quota.take(growth - reserved, -entries)
        self.objects[key] = stored
        self.size_bytes += growth
        return stored

    def _put_version(
        self, history: History, key: str, stored: StoredObject, reserved: int, entries: int
    ) -> StoredObject:
        replaced, current = self._replaced(key), self.objects.get(key)
        freed = 0 if replaced is None else replaced.size_bytes
        self._quota.take(stored.size_bytes - reserved - freed, (1 if replaced is None else 0) - entries)
        number = history.next_number()
        facts = stored.facts
        facts = msgspec.structs.replace(
            facts,
            number=number,
            version_id=new_version_id(number) if self.makes_versions else None,
            retention=retention_of_write(facts.retention, self.lock, stored.last_modified),
        )
        stored = stored.with_facts(facts)
        self._make_way(history, key, replaced)
        if current is None:
            self.keys.add(key)
        self.objects[key] = stored
        self.size_bytes += stored.size_bytes
        return stored

    def _replaced(self, key: str) -> Version | None:
        """Returns the version that a write replaces: while versioning is suspended, the version ``null``."""
        return None if self.makes_versions else self.find(key, NULL_VERSION)

    def _make_way(self, history: History, key: str, replaced: Version | None) -> None:
        """Moves the current object of a key to the older versions, or frees it if it is replaced.

        ``objects`` still holds it: a reader without the lock finds the old version or the new one.
        """
        current = self.objects.get(key)
        if replaced is not None and replaced is not current:
            history.remove(key, replaced)
        if current is not None:
            self.size_bytes -= current.size_bytes
            if replaced is not current:
                history.add(key, current)

    def _remove(self, key: str) -> None:
        """Deletes the object of a bucket that never had versions, if there is one."""
        stored = self.objects.pop(key, None)
        if stored is not None:
            self.keys.remove(key)
            self.size_bytes -= len(stored.content)
            self._quota.give(len(stored.content), entries=1)

    def delete_object(self, key: str, options: DeleteOptions, clock: StoredTimes) -> Deleted:
        """Deletes an object or a version, or makes a delete marker.

        Raises:
            NoSuchKey: There is a condition, and no object or version.
            PreconditionFailed: A condition does not hold.
            ObjectLocked: The version is locked.
            InvalidArgument: The id of the version is malformed.
            QuotaExceeded: There is no room for a delete marker.
        """
        version_id = options.version_id
        if options.if_match is not None or options.if_last_modified is not None:
            check_delete(self.objects.get(key) if version_id is None else self.find(key, version_id), options)
        if version_id is not None:
            return self._delete_version(key, version_id, clock.now(), bypass_governance=options.bypass_governance)
        if self.history is not None:
            return self._mark(self.history, key, clock.now())
        self._remove(key)
        return DELETED

    def delete_entries(
        self, entries: Iterable[ObjectToDelete], options: BatchDeleteOptions, clock: StoredTimes
    ) -> DeleteResult:
        """Deletes the entries of a batch. One that fails does not stop the others."""
        deleted, failed = [], []
        for entry in entries:
            try:
                deleted.append(self._delete_entry(entry, options, clock))
            except BucketryError as error:
                failed.append(DeleteFailure(entry.key, error.code, str(error), entry.version_id))
        return DeleteResult(tuple(deleted), tuple(failed))

    def _delete_entry(self, entry: ObjectToDelete, options: BatchDeleteOptions, clock: StoredTimes) -> DeletedObject:
        key, named = entry.key, entry.version_id
        if self.history is None and named is None:
            self._remove(key)
            return DeletedObject(key)
        wanted = DeleteOptions(version_id=named, bypass_governance=options.bypass_governance)
        done = self.delete_object(key, wanted, clock)
        return DeletedObject(key, named, done.delete_marker, done.version_id if done.delete_marker else None)

    def _delete_version(self, key: str, version_id: str, now: datetime, *, bypass_governance: bool) -> Deleted:
        version = self.find(key, version_id)
        if version is None:
            return Deleted(version_id=version_id)
        if isinstance(version, StoredObject):
            check_version_delete(version.facts, now, bypass_governance=bypass_governance)
        return self._remove_version(key, version)

    def _mark(self, history: History, key: str, now: datetime) -> Deleted:
        """Makes a delete marker, whether or not the key holds an object.

        Raises:
            QuotaExceeded: There is no room for it. Nothing was changed.
        """
        replaced = self._replaced(key)
        freed = 0 if replaced is None else replaced.size_bytes
        self._quota.take(-freed, 1 if replaced is None else 0)
        number = history.next_number()
        marker = StoredMarker(number, now, new_version_id(number) if self.makes_versions else NULL_VERSION)
        self._make_way(history, key, replaced)
        history.add(key, marker)
        if self.objects.pop(key, None) is not None:
            self.keys.remove(key)
        return Deleted(version_id=marker.version_id, delete_marker=True)

    def _remove_version(self, key: str, version: Version) -> Deleted:
        """Deletes a version for good. If it was the newest one, the one before becomes the newest."""
        current, history = self.objects.get(key), self.history
        if version is not current and history is not None:
            history.remove(key, version)
        elif isinstance(current, StoredObject):
            self.size_bytes -= current.size_bytes
        self._quota.give(version.size_bytes, entries=1)
        if version is current or current is None:
            self._promote(key)
        return Deleted(version_id=version.version_id, delete_marker=isinstance(version, StoredMarker))

    def _promote(self, key: str) -> None:
        """Makes the newest of the older versions the current object, if it is an object."""
        newest = None if self.history is None else self.history.newest(key)
        if isinstance(newest, StoredObject) and self.history is not None:
            self.history.remove(key, newest)
            if key not in self.objects:
                self.keys.add(key)
            self.objects[key] = newest
            self.size_bytes += newest.size_bytes
        elif self.objects.pop(key, None) is not None:
            self.keys.remove(key)

    def find(self, key: str, version_id: str) -> Version | None:
        """Returns the version of this id, if there is one.

        Raises:
            InvalidArgument: The id is malformed.
        """
        current = self.objects.get(key)
        if current is not None and current.version_id == version_id:
            return current
        if self.history is not None:
            return self.history.find(key, version_id)
        number_in(version_id)
        return None

    def read(self, key: str, version_id: str | None) -> StoredObject:
        """Returns a version, or the current object. Call it under the store's lock.

        Raises:
            NoSuchBucket: The bucket was deleted.
            NoSuchKey: There is no current object.
            NoSuchVersion: There is no version of this id.
            IsDeleteMarker: The version is a delete marker.
            InvalidArgument: The id is malformed.
        """
        bucket = self.info.name
        if self.is_deleted:
            raise NoSuchBucket(bucket=bucket)
        version = self.objects.get(key) if version_id is None else self.find(key, version_id)
        if isinstance(version, StoredObject):
            return version
        if version_id is None:
            raise self._no_such_key(key)
        if version is None:
            raise NoSuchVersion(version_id=version_id, bucket=bucket, key=key)
        raise IsDeleteMarker(version_id=version.version_id, last_modified=version.last_modified, bucket=bucket, key=key)

    def _no_such_key(self, key: str) -> NoSuchKey:
        marker = None if self.history is None else self.history.newest(key)
        if marker is None:
            return NoSuchKey(bucket=self.info.name, key=key)
        return NoSuchKey(delete_marker=True, version_id=marker.version_id, bucket=self.info.name, key=key)

    def replace(self, key: str, stored: StoredObject, changed: StoredObject) -> None:
        """Puts an object with other tags or another lock in the place of a version that is here."""
        if self.history is None or self.objects.get(key) is stored:
            self.objects[key] = changed
        else:
            self.history.replace(key, stored, changed)

    def describe(self, info: ObjectInfo, stored: StoredObject) -> ObjectInfo:
        """Returns an object with what depends on its bucket.

        That is the id of a version without an id of its own, and when lifecycle deletes the current version.
        """
        if self.history is not None and info.version_id is None:
            info = msgspec.structs.replace(info, version_id=NULL_VERSION)
        rules = self.settings.get(LifecycleSettings).rules
        if rules and self.objects.get(info.key) is stored:
            from bucketry.lifecycle import expiration_of  # Only here: most buckets have no rules.

            size, tags = len(stored.content), stored.tags
            expiration = expiration_of(rules, info.key, size, stored.last_modified, tags)
            info = msgspec.structs.replace(info, expiration=expiration)
        return info

    def abort_of(self, key: str, initiated_at: datetime) -> Expiration | None:
        """Says when lifecycle aborts an upload."""
        rules = self.settings.get(LifecycleSettings).rules
        if not rules:
            return None
        from bucketry.lifecycle import abort_of  # Only here, as above.

        return abort_of(rules, key, initiated_at)

    def put_retention(self, key: str, retention: Retention, options: RetentionOptions, now: datetime) -> None:
        """Replaces the retention of a version.

        Raises:
            BucketryError: As `read` and `check_retention_change`.
            InvalidBucketState: The bucket has no object lock.
            InvalidArgument: The retention ends in the past.
        """
        require_lock(self.lock)
        check_new_retention(retention, now)
        stored = self.read(key, options.version_id)
        check_retention_change(stored.facts.retention, retention, now, bypass_governance=options.bypass_governance)
        kept = None if retention.mode is None else retention
        self.replace(key, stored, stored.with_facts(msgspec.structs.replace(stored.facts, retention=kept)))

    def put_legal_hold(self, key: str, legal_hold: bool, options: VersionOptions) -> None:
        """Sets or removes the legal hold of a version.

        Raises:
            BucketryError: As `read`.
            InvalidBucketState: The bucket has no object lock.
        """
        require_lock(self.lock)
        stored = self.read(key, options.version_id)
        self.replace(key, stored, stored.with_facts(msgspec.structs.replace(stored.facts, legal_hold=legal_hold)))

    def acl(self, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version.

        Raises:
            BucketryError: As `read`.
        """
        return acl_of(self.read(key, options.version_id).facts, self.access)

    def put_acl(self, key: str, acl: Acl, options: VersionOptions) -> None:
        """Replaces the access control list of a version.

        Raises:
            BucketryError: As `read`.
        """
        stored = self.read(key, options.version_id)
        changed = stored.with_facts(with_acl(stored.facts, acl))
        self.replace(key, stored, changed)
        self.access = with_object(self.access, changed.facts)

    def usage(self, as_of: datetime) -> Usage:
        """Returns how much it holds."""
        history = self.history
        return Usage(
            object_count=len(self.objects),
            size_bytes=self.size_bytes,
            source="index",
            as_of=as_of,
            noncurrent_count=0 if history is None else history.count,
            noncurrent_bytes=0 if history is None else history.size_bytes,
        )

    @property
    def makes_versions(self) -> bool:
        """Whether writes make versions with ids of their own."""
        return self.settings.get(VersioningSettings).status == "Enabled"

    @property
    def lock(self) -> ObjectLockSettings:
        """Its object lock."""
        return self.settings.get(ObjectLockSettings)

    @property
    def default_encryption(self) -> EncryptionSettings:
        """How it encrypts new versions by default."""
        return self.settings.get(EncryptionSettings)

    def put_settings(self, settings: AnyBucketSettings) -> None:
        """Replaces its settings of one kind.

        Raises:
            InvalidBucketState: Other settings exclude them. Nothing was changed.
            QuotaExceeded: A limit would be exceeded. Nothing was changed.
        """
        self.settings.put(settings)
        if isinstance(settings, VersioningSettings):
            self.history = self.history or History()
            self.adds_facts = True
        elif isinstance(settings, LifecycleSettings):
            self.adds_facts = True
        elif isinstance(settings, EncryptionSettings):
            self.encrypts = True
        elif isinstance(settings, ObjectLockSettings):
            self.info = msgspec.structs.replace(self.info, object_lock=True)
        if type(settings) in KINDS_OF_ACCESS:
            self.access = access_with_settings(self.access, self.settings)

    def delete_settings(self, kind: type[AnyBucketSettings]) -> None:
        """Deletes its settings of one kind.

        Raises:
            InvalidBucketState: Settings of this kind can be changed, but not removed.
        """
        self.settings.remove(kind)
        if kind in KINDS_OF_ACCESS:
            self.access = access_with_settings(self.access, self.settings)

    def delete(self) -> None:
        """Deletes the bucket, and aborts its uploads.

        Raises:
            BucketNotEmpty: It holds an object, a version or a delete marker. Nothing was changed.
        """
        if self.objects or (self.history is not None and self.history.count):
            raise BucketNotEmpty
        self.uploads.abort_all()
        self.settings.clear()
        self.is_deleted = True
        self._quota.give(0, entries=1)
