"""Reads everything that a store holds, and checks that its ways of saying it agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bucketry import (
    BackendError,
    DeleteMarker,
    EncryptionSettings,
    GetOptions,
    LifecycleSettings,
    ListOptions,
    ObjectVersion,
    Store,
    TagSettings,
    VersioningSettings,
    VersionOptions,
)

from tests.crash.contents import md5, sha256
from tests.crash.steps import ENCRYPTION, LIFECYCLE, TAG, TAGS, VERSIONING
from tests.crash.world import (
    UNREADABLE,
    BucketItem,
    Item,
    ObjectItem,
    PartOfUpload,
    SettingItem,
    UploadItem,
    Value,
    Version,
)

_PAGE = 7
"""Keys in a page of a listing, so that listings have several."""


def found_in(store: Store) -> tuple[dict[Item, Value], list[str]]:
    """Returns what a store holds, and what does not fit together: listings, contents, etags, usage.

    Lifecycle rules that stand are carried out first. A content that cannot be read has the digest `UNREADABLE`.
    """
    store.clock.advance()
    found, problems = dict[Item, Value](), list[str]()
    for bucket in store.list_buckets():
        found[BucketItem(bucket.name)] = True
        found |= {SettingItem(bucket.name, kind): text for kind, text in _settings(store, bucket.name) if text}
        found |= dict(_uploads(store, bucket.name))
        objects, unfit = _objects(store, bucket.name)
        found |= objects
        problems += unfit
    return found, problems


def _settings(store: Store, bucket: str) -> Iterator[tuple[str, str | None]]:
    yield TAGS, "".join(tag.value for tag in store.get_bucket_settings(bucket, TagSettings).tags)
    yield VERSIONING, store.get_bucket_settings(bucket, VersioningSettings).status
    yield ENCRYPTION, store.get_bucket_settings(bucket, EncryptionSettings).algorithm
    yield LIFECYCLE, "".join(rule.prefix or "" for rule in store.get_bucket_settings(bucket, LifecycleSettings).rules)


def _uploads(store: Store, bucket: str) -> Iterator[tuple[UploadItem, tuple[PartOfUpload, ...]]]:
    for upload in store.iter_multipart_uploads(bucket):
        parts = store.iter_parts(bucket, upload.key, upload.upload_id)
        found = tuple(PartOfUpload(part.part_number, part.etag, part.size_bytes) for part in parts)
        yield UploadItem(bucket, upload.key, upload.upload_id), found


def _objects(store: Store, bucket: str) -> tuple[dict[Item, Value], list[str]]:
    """Returns all versions of all objects, whose contents are read, and what does not fit together."""
    found, problems = defaultdict[ObjectItem, list[Version]](list), list[str]()
    latest, others = dict[str, int](), list[int]()
    for entry in store.iter_object_versions(bucket):
        version, unfit = _version(store, bucket, entry)
        problems += unfit
        found[ObjectItem(bucket, entry.key)].append(version)
        if entry.is_latest and isinstance(entry, ObjectVersion):
            latest[entry.key] = version.size
        else:
            others.append(version.size)
        if entry.is_latest != (len(found[ObjectItem(bucket, entry.key)]) == 1):
            problems.append(f"{bucket}/{entry.key}: is_latest is {entry.is_latest} at {version.version_id}")
    problems += _listing_problems(store, bucket, latest)
    usage = store.bucket_usage(bucket)
    told = (usage.object_count, usage.size_bytes, usage.noncurrent_count, usage.noncurrent_bytes)
    counted = (len(latest), sum(latest.values()), len(others), sum(others))
    if told != counted:
        problems.append(f"{bucket}: usage is {told}, the objects are {counted}")
    return {item: tuple(versions) for item, versions in found.items()}, problems


def _version(store: Store, bucket: str, entry: ObjectVersion | DeleteMarker) -> tuple[Version, list[str]]:
    if isinstance(entry, DeleteMarker):
        return Version(entry.version_id, None), []
    content = _content(store, bucket, entry)
    tags = store.get_object_tagging(bucket, entry.key, VersionOptions(version_id=entry.version_id))
    if content is None:
        return Version(entry.version_id, UNREADABLE, entry.info.size_bytes, tags.get(TAG, "")), []
    version = Version(entry.version_id, sha256(content), len(content), tags.get(TAG, ""))
    problems = []
    if entry.info.size_bytes != len(content):
        problems.append(f"{bucket}/{entry.key}: {len(content)} bytes, listed with {entry.info.size_bytes}")
    if "-" not in entry.info.etag and entry.info.etag != md5(content):
        problems.append(f"{bucket}/{entry.key}: etag {entry.info.etag}, MD5 {md5(content)}")
    return version, problems


def _content(store: Store, bucket: str, entry: ObjectVersion) -> bytes | None:
    try:
        with store.get_object(bucket, entry.key, GetOptions(version_id=entry.version_id)) as opened:
            return b"".join(opened)
    except BackendError:
        return None


def _listing_problems(store: Store, bucket: str, latest: dict[str, int]) -> Iterator[str]:
    listed = {info.key: info.size_bytes for info in store.iter_objects(bucket, ListOptions(limit=_PAGE))}
    if listed != latest:
        yield f"{bucket}: listed {listed}, has {latest}"
    if list(listed) != sorted(listed, key=str.encode):
        yield f"{bucket}: not in order: {list(listed)}"
    rolled = {key.partition("/")[0] + "/" for key in latest if "/" in key}
    prefixes = {
        prefix for page in store.iter_object_pages(bucket, ListOptions(delimiter="/")) for prefix in page.prefixes
    }
    if prefixes != rolled:
        yield f"{bucket}: common prefixes {sorted(prefixes)}, expected {sorted(rolled)}"
