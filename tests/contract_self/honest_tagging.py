"""The honest driver's tags of objects and settings of buckets, and its reads of one part."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from bucketry import (
    DONE,
    AclSettings,
    AnyBucketSettings,
    ContentRange,
    Done,
    InvalidBucketState,
    InvalidRange,
    LifecycleSettings,
    ObjectInfo,
    OwnershipSettings,
    VersionOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry.lifecycle import expiration_of
from bucketry.tagging import NO_TAGS

from tests.contract_self.honest_state import HonestState, Stored


class HonestTagging(HonestState):
    """Tags lie beside an object's content, settings beside a bucket's objects."""

    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        return self.stored(bucket, key).tags

    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        with self.lock:
            stored = self.stored(bucket, key)
            info = msgspec.structs.replace(stored.info, tag_count=len(tags))
            self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info, tags=tags)
        return DONE

    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        return self.put_object_tagging(bucket, key, NO_TAGS, options)

    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        return self.bucket(bucket).settings.get(kind, kind())

    def with_expiration(self, bucket: str, info: ObjectInfo) -> ObjectInfo:
        lifecycle = self.bucket(bucket).settings.get(LifecycleSettings)
        if not isinstance(lifecycle, LifecycleSettings):
            return info
        tags = self.stored(bucket, info.key).tags
        at = expiration_of(lifecycle.rules, info.key, info.size_bytes, info.last_modified, tags)
        return msgspec.structs.replace(info, expiration=at)

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        with self.lock:
            kept = self.bucket(bucket).settings
            wanted = kept | {type(settings): settings}
            acl, ownership = wanted.get(AclSettings), wanted.get(OwnershipSettings)
            if ownership == OwnershipSettings(ownership="BucketOwnerEnforced") and acl is not None:
                raise InvalidBucketState("an ACL gives rights to others")
            kept[type(settings)] = settings
        return DONE

    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        with self.lock:
            if not kind.removable and kind in self.bucket(bucket).settings:
                raise InvalidBucketState("it can be changed, but not removed")
            self.bucket(bucket).settings.pop(kind, None)
        return DONE

    def part_info(self, stored: Stored, number: int) -> ObjectInfo:
        """An object as one sees it who asks for one part."""
        sizes = stored.part_sizes or (stored.info.size_bytes,)
        if number > len(sizes):
            raise InvalidRange
        stop = sum(sizes[:number])
        part_range = ContentRange(stop - sizes[number - 1], stop, stored.info.size_bytes)
        return msgspec.structs.replace(
            stored.info,
            checksum=stored.part_checksums[number - 1] if stored.part_sizes else stored.info.checksum,
            part_range=part_range,
            parts_count=len(stored.part_sizes) or None,
        )
