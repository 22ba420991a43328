"""A bucket: its objects, their sorted keys, its sizes and its uploads."""

from __future__ import annotations

from datetime import datetime
from typing import final

from bucketry import BucketInfo, BucketNotEmpty, CorsRule, PutOptions
from bucketry.conditions import check_write
from bucketry.options import WriteConditions
from sortedcontainers import SortedList

from bucketry_memory._room import Room
from bucketry_memory._stored import StoredObject
from bucketry_memory._uploads import UploadTable


@final
class Bucket:
    """A bucket. Everything that changes it is called under the store's lock, and takes or gives the room for it.

    Attributes:
        info: What the contract says of a bucket.
        objects: What each key holds. One look-up needs no lock: an object is never changed, only replaced.
        keys: The same keys in order. Python compares strings by code point, which is the byte order of UTF-8.
        size_bytes: The objects' sizes, added up.
        uploads: Its uploads in progress.
        cors: Its rules for pages of other origins.
        is_deleted: Whether it was deleted; who found it before that must not write to it.
    """

    __slots__ = ("_room", "cors", "info", "is_deleted", "keys", "objects", "size_bytes", "uploads")

    def __init__(self, name: str, created_at: datetime, room: Room) -> None:
        """Makes an empty bucket.

        Raises:
            QuotaExceeded: There is no room for it.
        """
        room.take(0, entries=1)
        self._room = room
        self.info = BucketInfo(name=name, created_at=created_at)
        self.objects: dict[str, StoredObject] = {}
        self.keys: SortedList[str] = SortedList()
        self.size_bytes = 0
        self.uploads = UploadTable(room)
        self.cors: tuple[CorsRule, ...] = ()
        self.is_deleted = False

    def check_write(self, key: str, conditions: WriteConditions | PutOptions) -> None:
        """Evaluates conditions on what the key holds.

        Raises:
            PreconditionFailed: One does not hold.
        """
        current = self.objects.get(key)
        check_write(None if current is None else current.info(key), conditions)

    def put(self, key: str, stored: StoredObject, reserved: int = 0, entries: int = 0) -> None:
        """Has the key hold an object.

        Args:
            key: The key.
            stored: The object.
            reserved: Bytes of room that were reserved for it; it uses or gives back all of them.
            entries: Likewise entries.

        Raises:
            QuotaExceeded: There is no room for it; nothing was changed.
        """
        previous = self.objects.get(key)
        growth = len(stored.content)
        if previous is None:
            self._room.take(growth - reserved, 1 - entries)
            self.keys.add(key)
        else:
            growth -= len(previous.content)
            self._room.take(growth - reserved, -entries)
        self.objects[key] = stored
        self.size_bytes += growth

    def remove(self, key: str) -> None:
        """Takes an object out, if there is one."""
        stored = self.objects.pop(key, None)
        if stored is not None:
            self.keys.remove(key)
            self.size_bytes -= len(stored.content)
            self._room.give(len(stored.content), entries=1)

    def delete(self) -> None:
        """Ends its uploads, and the bucket itself.

        Raises:
            BucketNotEmpty: It holds an object; nothing was changed.
        """
        if self.objects:
            raise BucketNotEmpty
        self.uploads.abort_all()
        self.is_deleted = True
        self._room.give(0, entries=1)
