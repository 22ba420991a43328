"""Steps: the calls that writers make, with what each changes in the world."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar, Final

import msgspec
from bucketry import (
    CompletedPart,
    CopyOptions,
    DeleteOptions,
    EncryptionSettings,
    IncompleteBody,
    LifecycleSettings,
    Store,
    TagSettings,
    VersioningSettings,
)
from bucketry.bucket_settings import LifecycleExpiration, LifecycleRule, Tag
from bucketry.features import MIB
from msgspec.structs import replace

from tests.crash.contents import Contents, md5_of, sha256_of, size_of
from tests.crash.world import (
    NULL,
    BucketItem,
    ObjectItem,
    PartOfUpload,
    SettingItem,
    UploadItem,
    Version,
    World,
    parts_of,
    versions_of,
)

TAGS: Final = "tags"
VERSIONING: Final = "versioning"
LIFECYCLE: Final = "lifecycle"
ENCRYPTION: Final = "encryption"
PAST: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""When objects have expired that a rule is about."""

TAG: Final = "number"
"""The key of the tag that steps change, of buckets and of objects."""


class Base(msgspec.Struct, frozen=True, tag=True):
    """One step.

    Attributes:
        bucket: The bucket that it is about.
    """

    is_atomic: ClassVar[bool] = True

    bucket: str

    def run(self, store: Store) -> str:
        """Makes the call, and returns the id of the version or upload that it made; empty: it makes none."""
        raise NotImplementedError

    def changes(self, world: World, new_id: str) -> World:
        """Returns the items that it changes, with their new values."""
        raise NotImplementedError

    def _keeps_versions(self, world: World) -> bool:
        return SettingItem(self.bucket, VERSIONING) in world

    def _written(self, world: World, key: str, version: Version) -> World:
        """Returns a new latest version of an object."""
        item = ObjectItem(self.bucket, key)
        if self._keeps_versions(world):
            return {item: (version, *versions_of(world, item))}
        return {item: (replace(version, version_id=NULL),)}

    def _deleted(self, world: World, key: str, new_id: str) -> World:
        """Returns an object after a delete without the id of a version."""
        if self._keeps_versions(world):
            return self._written(world, key, Version(new_id, None))
        return {ObjectItem(self.bucket, key): None}


class CreateBucket(Base, frozen=True):
    """Creates a bucket."""

    def run(self, store: Store) -> str:
        store.create_bucket(self.bucket)
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {BucketItem(self.bucket): True}


class DeleteBucket(Base, frozen=True):
    """Deletes a bucket that holds no objects. Its settings go with it."""

    def run(self, store: Store) -> str:
        store.delete_bucket(self.bucket)
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {item: None for item in world if item.bucket == self.bucket}


class PutBucketTags(Base, frozen=True):
    """Replaces the tags of a bucket."""

    text: str

    def run(self, store: Store) -> str:
        store.put_bucket_settings(self.bucket, TagSettings(tags=(Tag(key=TAG, value=self.text),)))
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {SettingItem(self.bucket, TAGS): self.text}


class DeleteBucketTags(Base, frozen=True):
    """Deletes the tags of a bucket."""

    def run(self, store: Store) -> str:
        store.delete_bucket_settings(self.bucket, TagSettings)
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {SettingItem(self.bucket, TAGS): None}


class EnableVersioning(Base, frozen=True):
    """Lets an empty bucket keep versions."""

    def run(self, store: Store) -> str:
        store.put_bucket_settings(self.bucket, VersioningSettings(status="Enabled"))
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {SettingItem(self.bucket, VERSIONING): "Enabled"}


class Encrypt(Base, frozen=True):
    """Lets an empty bucket encrypt what is written. Etags stay as they are."""

    def run(self, store: Store) -> str:
        store.put_bucket_settings(self.bucket, EncryptionSettings(algorithm="AES256"))
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {SettingItem(self.bucket, ENCRYPTION): "AES256"}


class Put(Base, frozen=True):
    """Stores an object, new or over another one."""

    key: str
    contents: Contents

    def run(self, store: Store) -> str:
        pieces = [content.data() for content in self.contents]
        body = pieces[0] if len(pieces) == 1 else iter(pieces)
        return store.put_object(self.bucket, self.key, body).version_id or NULL

    def changes(self, world: World, new_id: str) -> World:
        version = Version(new_id, sha256_of(self.contents), size_of(self.contents))
        return self._written(world, self.key, version)


class BreakOff(Base, frozen=True):
    """Begins to store an object, and breaks off. Nothing changes."""

    key: str

    def run(self, store: Store) -> str:
        with contextlib.suppress(IncompleteBody):
            store.put_object(self.bucket, self.key, _broken())
            raise AssertionError("a body that broke off was stored")
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {}


def _broken() -> Iterator[bytes]:
    """Yields so much of a body that the driver has begun a file, and fails."""
    yield bytes(MIB)
    raise BrokenPipeError


class Copy(Base, frozen=True):
    """Copies an object, with its tags."""

    key: str
    source_bucket: str
    source_key: str

    def run(self, store: Store) -> str:
        info = store.copy_object(self.source_bucket, self.source_key, self.bucket, self.key, CopyOptions())
        return info.version_id or NULL

    def changes(self, world: World, new_id: str) -> World:
        source = versions_of(world, ObjectItem(self.source_bucket, self.source_key))[0]
        return self._written(world, self.key, replace(source, version_id=new_id))


class PutTags(Base, frozen=True):
    """Replaces the tags of the latest version of an object."""

    key: str
    text: str

    def run(self, store: Store) -> str:
        store.put_object_tagging(self.bucket, self.key, {TAG: self.text})
        return ""

    def changes(self, world: World, new_id: str) -> World:
        item = ObjectItem(self.bucket, self.key)
        latest, *others = versions_of(world, item)
        return {item: (replace(latest, tags=self.text), *others)}


class Delete(Base, frozen=True):
    """Deletes an object, or puts a delete marker over it."""

    key: str

    def run(self, store: Store) -> str:
        return store.delete_object(self.bucket, self.key).version_id or NULL

    def changes(self, world: World, new_id: str) -> World:
        return self._deleted(world, self.key, new_id)


class DeleteVersion(Base, frozen=True):
    """Deletes one version of an object, or a delete marker."""

    key: str
    version_id: str

    def run(self, store: Store) -> str:
        store.delete_object(self.bucket, self.key, DeleteOptions(version_id=self.version_id))
        return ""

    def changes(self, world: World, new_id: str) -> World:
        item = ObjectItem(self.bucket, self.key)
        return {item: tuple(v for v in versions_of(world, item) if v.version_id != self.version_id) or None}


class DeleteBatch(Base, frozen=True):
    """Deletes objects of a bucket without versions in one call, each for itself."""

    is_atomic: ClassVar[bool] = False

    keys: tuple[str, ...]

    def run(self, store: Store) -> str:
        result = store.delete_objects(self.bucket, self.keys)
        assert not result.failed, result.failed
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {ObjectItem(self.bucket, key): None for key in self.keys}


class Expire(Base, frozen=True):
    """Has lifecycle delete the objects below a prefix, in a bucket without versions; `StopExpiring` removes the rule.

    The rule is stored first, and carried out by whoever opens the store next if this process is killed meanwhile.
    """

    prefix: str

    def run(self, store: Store) -> str:
        rule = LifecycleRule(status="Enabled", prefix=self.prefix, expiration=LifecycleExpiration(date=PAST))
        store.put_bucket_settings(self.bucket, LifecycleSettings(rules=(rule,)))
        store.clock.advance()
        return ""

    def changes(self, world: World, new_id: str) -> World:
        objects = [item for item in world if isinstance(item, ObjectItem) and item.bucket == self.bucket]
        expired = [item for item in objects if item.key.startswith(self.prefix)]
        return {SettingItem(self.bucket, LIFECYCLE): self.prefix, **dict.fromkeys(expired)}


class StopExpiring(Base, frozen=True):
    """Deletes the lifecycle rules of a bucket."""

    def run(self, store: Store) -> str:
        store.delete_bucket_settings(self.bucket, LifecycleSettings)
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {SettingItem(self.bucket, LIFECYCLE): None}


class CreateUpload(Base, frozen=True):
    """Begins a multipart upload."""

    key: str

    def run(self, store: Store) -> str:
        return store.create_multipart_upload(self.bucket, self.key).upload_id

    def changes(self, world: World, new_id: str) -> World:
        return {UploadItem(self.bucket, self.key, new_id): ()}


class OfUpload(Base, frozen=True):
    """A step of an upload in progress."""

    key: str
    upload_id: str

    @property
    def item(self) -> UploadItem:
        """The upload."""
        return UploadItem(self.bucket, self.key, self.upload_id)


class PutPart(OfUpload, frozen=True):
    """Stores a part, new or over another one."""

    number: int
    contents: Contents

    def run(self, store: Store) -> str:
        body = b"".join(content.data() for content in self.contents)
        store.upload_part(self.bucket, self.key, self.upload_id, self.number, body)
        return ""

    def changes(self, world: World, new_id: str) -> World:
        parts = {part.number: part for part in parts_of(world, self.item)}
        parts[self.number] = PartOfUpload(self.number, md5_of(self.contents), size_of(self.contents))
        return {self.item: tuple(parts[number] for number in sorted(parts))}


class CopyPart(PutPart, frozen=True):
    """Stores a part whose content is that of an object of the same bucket."""

    source_key: str

    def run(self, store: Store) -> str:
        store.upload_part_copy(self.bucket, self.key, self.upload_id, self.number, self.bucket, self.source_key)
        return ""


class Complete(OfUpload, frozen=True):
    """Makes some parts of an upload the object, in one step."""

    parts: tuple[tuple[int, Contents], ...]

    def run(self, store: Store) -> str:
        parts = [CompletedPart(number, md5_of(contents)) for number, contents in self.parts]
        done = store.complete_multipart_upload(self.bucket, self.key, self.upload_id, parts)
        return done.version_id or NULL

    def changes(self, world: World, new_id: str) -> World:
        contents = tuple(content for _, contents in self.parts for content in contents)
        version = Version(new_id, sha256_of(contents), size_of(contents))
        return {self.item: None, **self._written(world, self.key, version)}


class Abort(OfUpload, frozen=True):
    """Ends an upload, whose parts are gone then."""

    def run(self, store: Store) -> str:
        store.abort_multipart_upload(self.bucket, self.key, self.upload_id)
        return ""

    def changes(self, world: World, new_id: str) -> World:
        return {self.item: None}


Step = (
    CreateBucket | DeleteBucket | PutBucketTags | DeleteBucketTags | EnableVersioning | Encrypt | Put | BreakOff
    | Copy | PutTags | Delete | DeleteVersion | DeleteBatch | Expire | StopExpiring | CreateUpload | PutPart
    | CopyPart | Complete | Abort
)  # fmt: skip
"""All steps."""
