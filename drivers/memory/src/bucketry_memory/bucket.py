"""A bucket: its objects, their sorted keys, its size and its uploads."""

from __future__ import annotations

from datetime import datetime
from typing import final

from bucketry import AnyBucketSettings, BucketInfo, BucketNotEmpty, PutOptions
from bucketry.conditions import check_write
from bucketry.options import WriteConditions
from sortedcontainers import SortedList

from bucketry_memory.objects import StoredObject
from bucketry_memory.quota import Quota
from bucketry_memory.uploads import UploadTable


@final
class Bucket:
    """A bucket. Call whatever changes it under the store's lock. It takes and gives back its share of the quota.

    Attributes:
        info: The bucket as the contract describes it.
        objects: The object of each key. One look-up needs no lock: an object is never changed, only replaced.
        keys: The same keys in order. Python compares strings by code point, which is the byte order of UTF-8.
        size_bytes: The sum of the objects' sizes.
        uploads: Its uploads in progress.
        settings: What is set of each kind of settings.
        is_deleted: Whether it was deleted. A caller that found it before that must not write to it.
    """

    __slots__ = ("_quota", "info", "is_deleted", "keys", "objects", "settings", "size_bytes", "uploads")

    def __init__(self, name: str, created_at: datetime, quota: Quota) -> None:
        """Makes an empty bucket.

        Raises:
            QuotaExceeded: It would exceed the store's limit on entries.
        """
        quota.take(0, entries=1)
        self._quota = quota
        self.info = BucketInfo(name=name, created_at=created_at)
        self.objects: dict[str, StoredObject] = {}
        self.keys: SortedList[str] = SortedList()
        self.size_bytes = 0
        self.uploads = UploadTable(quota)
        self.settings: dict[type[AnyBucketSettings], AnyBucketSettings] = {}
        self.is_deleted = False

    def check_write(self, key: str, conditions: WriteConditions | PutOptions) -> None:
        """Checks the conditions of a write against what the key holds.

        Raises:
            PreconditionFailed: A condition does not hold.
        """
        current = self.objects.get(key)
        check_write(current, conditions)

    def put(self, key: str, stored: StoredObject, reserved: int = 0, entries: int = 0) -> None:
        """Stores an object, in place of the one that the key held.

        Args:
            key: The key.
            stored: The object.
            reserved: Bytes that were reserved for it. It uses all of them or gives them back.
            entries: Entries that were reserved for it, likewise.

        Raises:
            QuotaExceeded: A limit would be exceeded. Nothing was changed.
        """
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

    def remove(self, key: str) -> None:
        """Deletes an object if there is one."""
        stored = self.objects.pop(key, None)
        if stored is not None:
            self.keys.remove(key)
            self.size_bytes -= len(stored.content)
            self._quota.give(len(stored.content), entries=1)

    def delete(self) -> None:
        """Deletes the bucket, and aborts its uploads.

        Raises:
            BucketNotEmpty: It holds an object. Nothing was changed.
        """
        if self.objects:
            raise BucketNotEmpty
        self.uploads.abort_all()
        self.is_deleted = True
        self._quota.give(0, entries=1)
