"""The suite's own buckets, which it removes at the end, and short ways to use one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from bucketry import (
    Body,
    BodySource,
    BucketNotEmpty,
    BucketryError,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    InvalidKey,
    ListOptions,
    NoSuchKey,
    NotificationSettings,
    ObjectInfo,
    ObjectLocked,
    Part,
    PartOptions,
    PutOptions,
    Store,
    Upload,
    UploadOptions,
    VersionOptions,
)

from bucketry_contract._pages import entries_of, listed, pages_of, parts_of, uploads_of
from bucketry_contract.backend import Backend, CannotLook

SCRATCH_PREFIX: Final = "bucketry-contract-"
"""Prefix of the names of all buckets that the suite creates."""

# A broken driver may list objects that it does not delete. No test leaves so many.
_MOST_ROUNDS: Final = 5
_MOST_UPLOADS: Final = 1000

_PATIENCE: Final = 0.5
"""Seconds to wait for a locked version before it is deleted again."""

_SHOWN: Final = 60
"""Characters of a key in a report."""


class Scratch:
    """The suite's buckets on one store: created when needed, emptied and used again, and removed at the end."""

    def __init__(self, store: Store, backend: Backend) -> None:
        self.store = store
        self.backend = backend
        self.prefix = f"{SCRATCH_PREFIX}{secrets.token_hex(4)}-"
        self._names: dict[str, None] = {}
        self._made = 0
        self._free: list[str] = []

    def new_name(self, ending: str = "") -> str:
        """Returns the name of a bucket that does not exist; if a test creates it, it is removed in the end."""
        self._made += 1
        name = f"{self.prefix}{ending or self._made}"
        self._names[name] = None
        return name

    def create(self, ending: str = "", options: CreateBucketOptions | None = None) -> str:
        """Creates an empty bucket and returns its name."""
        name = self.new_name(ending)
        self.store.create_bucket(name, options or CreateBucketOptions())
        return name

    def take(self) -> str:
        """Returns the name of an empty bucket, which may have been used before."""
        return self._free.pop() if self._free else self.create()

    def give_back(self, name: str) -> None:
        """Empties a bucket for the next test. A bucket that cannot be emptied is not used again."""
        with suppress(Exception):  # A broken driver fails its tests, not the tidying up after them.
            if empty(self.store, name):
                self._free.append(name)

    def remove_all(self) -> list[str]:
        """Removes all buckets. Returns the names of those that cannot be removed."""
        return [name for name in self._names if not self._remove(name)]

    def _remove(self, name: str) -> bool:
        with suppress(Exception):
            empty(self.store, name)
        try:
            self.store.delete_bucket(name)
        except BucketNotEmpty:
            with suppress(Exception):
                delete_versions(self.store, name)
                self.store.delete_bucket(name)
        except Exception:  # noqa: BLE001, S110 - what cannot be removed is reported
            pass
        try:
            self.store.list_objects(name)
        except BucketryError as error:
            return error.code == "no_such_bucket"
        return False


def empty(store: Store, bucket: str) -> bool:
    """Deletes all objects of a bucket and ends its uploads, relying on neither order nor cursors.

    Returns:
        Whether no object is left.
    """
    for _ in range(_MOST_ROUNDS):
        keys = [info.key for info in store.list_objects(bucket, ListOptions(content_type=False)).objects]
        if not keys:
            break
        _delete(store, bucket, keys)
    else:
        return False
    if {"list_multipart_uploads", "abort_multipart_upload"} <= store.capabilities.operations:
        for upload in uploads_of(store, bucket)[:_MOST_UPLOADS]:
            store.abort_multipart_upload(bucket, upload.key, upload.upload_id)
    return True


def delete_versions(store: Store, bucket: str) -> None:
    """Deletes all versions of a bucket, locked ones too; waits a little for retentions that end soon."""
    bypass = store.capabilities.features.bucket_object_lock
    for _ in range(_MOST_ROUNDS):
        left = store.list_object_versions(bucket).versions
        if not left:
            return
        for version in left:
            options = DeleteOptions(version_id=version.version_id, bypass_governance=bypass)
            try:
                store.delete_object(bucket, version.key, options)
            except ObjectLocked:
                store.put_object_legal_hold(bucket, version.key, False, VersionOptions(version_id=version.version_id))
                time.sleep(_PATIENCE)


def _delete(store: Store, bucket: str, keys: list[str]) -> None:
    if "delete_objects" in store.capabilities.operations:
        store.delete_objects(bucket, keys)
        return
    for key in keys:
        store.delete_object(bucket, key)


class Bucket:
    """One scratch bucket, and short ways to use it. Options are given as the fields of the operation's Struct.

    Attributes:
        store: The store that it is in.
        name: Its name.
    """

    def __init__(self, store: Store, name: str, backend: Backend, note: Callable[[str, str], None]) -> None:
        self.store = store
        self.name = name
        self._backend = backend
        self._note = note

    @property
    def notifications(self) -> tuple[NotificationSettings, NotificationSettings] | None:
        """Two notification configurations that the backend takes; ``None``: it takes any."""
        return self._backend.notifications

    def put(self, key: str, content: BodySource | Body = b"content", **options: Any) -> ObjectInfo:
        """Stores an object."""
        return self.store.put_object(self.name, key, content, PutOptions(**options))

    def put_all(self, *keys: str) -> None:
        """Stores an object under each key, whose content is the key itself."""
        for key in keys:
            self.put(key, key.encode())

    def put_if_held(self, key: str, content: bytes) -> bool:
        """Stores an object unless the backend cannot hold its key, which goes into the report."""
        try:
            self.put(key, content)
        except InvalidKey:
            self._note("refused_keys", _shown(key))
            return False
        return True

    def read(self, key: str, **options: Any) -> bytes:
        """Returns an object's content."""
        with self.store.get_object(self.name, key, GetOptions(**options)) as opened:
            return opened.read()

    def head(self, key: str, **options: Any) -> ObjectInfo:
        """Returns an object's headers."""
        return self.store.head_object(self.name, key, HeadOptions(**options))

    def holds(self, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self.head(key)
        except NoSuchKey:
            return False
        return True

    def delete(self, key: str, **options: Any) -> Deleted:
        """Deletes an object or a version."""
        return self.store.delete_object(self.name, key, DeleteOptions(**options))

    def entries(self, **options: Any) -> list[str]:
        """Returns the keys and common prefixes of all pages."""
        return listed(self.store, self.name, **options)

    def first_entries(self, **options: Any) -> list[str]:
        """Returns the keys and common prefixes of the first page."""
        return entries_of(next(pages_of(self.store, self.name, **options)))

    def listed_info(self, key: str, **options: Any) -> ObjectInfo:
        """Returns an object as the listing gives it."""
        (info,) = [i for page in pages_of(self.store, self.name, **options) for i in page.objects if i.key == key]
        return info

    def stored(self, key: str) -> bytes | None:
        """Returns the content that the backend really holds. If the backend cannot look, asks the driver."""
        found = self._backend.raw_object(self.name, key)
        if not isinstance(found, CannotLook):
            return found
        self._note("not_looked_at", "objects behind the driver's back (raw_object)")
        return self.read(key) if self.holds(key) else None

    def copy(self, source: str, key: str, **options: Any) -> ObjectInfo:
        """Copies an object within the bucket."""
        return self.store.copy_object(self.name, source, self.name, key, CopyOptions(**options))

    def upload(self, key: str, **options: Any) -> MultipartUpload:
        """Begins a multipart upload."""
        return MultipartUpload(self, self.store.create_multipart_upload(self.name, key, UploadOptions(**options)))

    def upload_ids(self) -> list[str]:
        """Returns the uploads that take up room in the backend. If the backend cannot look, asks the driver."""
        found = self._backend.raw_uploads(self.name)
        if not isinstance(found, CannotLook):
            return list(found)
        self._note("not_looked_at", "uploads behind the driver's back (raw_uploads)")
        if "list_multipart_uploads" in self.store.capabilities.operations:
            return [upload.upload_id for upload in uploads_of(self.store, self.name)]
        self._note("not_looked_at", "uploads at all: the driver does not list them")
        return []


class MultipartUpload:
    """A multipart upload in progress, and short ways to use it."""

    def __init__(self, bucket: Bucket, begun: Upload) -> None:
        self.bucket = bucket
        self.key = begun.key
        self.upload_id = begun.upload_id
        self.begun = begun

    def send(self, part_number: int, content: BodySource | Body = b"part", **options: Any) -> Part:
        """Sends a part."""
        chosen = PartOptions(**options)
        return self.bucket.store.upload_part(self.bucket.name, self.key, self.upload_id, part_number, content, chosen)

    def complete(self, *parts: Part | CompletedPart, **options: Any) -> ObjectInfo:
        """Makes these parts the object."""
        chosen = CompleteOptions(**options)
        return self.bucket.store.complete_multipart_upload(self.bucket.name, self.key, self.upload_id, parts, chosen)

    def abort(self) -> None:
        """Ends the upload."""
        self.bucket.store.abort_multipart_upload(self.bucket.name, self.key, self.upload_id)

    def parts(self) -> list[Part]:
        """Returns the parts that were stored."""
        return parts_of(self.bucket.store, self.bucket.name, self.key, self.upload_id)


def _shown(key: str) -> str:
    """Shows a key in a report: in ASCII, and shortened."""
    shown = ascii(key)[1:-1]
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}… ({len(key.encode())} bytes)"
