"""What Ceph RGW does otherwise, the driver mends: tried on our own S3 port, over drivers that do the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from bucketry import (
    CompletedPart,
    CopyOptions,
    CreateBucketOptions,
    DefaultRetention,
    DeleteOptions,
    InvalidArgument,
    InvalidBucketState,
    ListOptions,
    NoSuchKey,
    ObjectHeaders,
    ObjectInfo,
    ObjectLockSettings,
    ObjectPage,
    Part,
    PartCopyOptions,
    PutOptions,
    Retention,
    Store,
)
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver
from msgspec.structs import replace

from tests.s3.test_wrong_servers import opened

KEYS = ["c-", "c--", "c---x", "c--d", "c--e--f", "c-d"]
ROLLED_UP = ["c-", "c--", "c---", "c--d", "c--e--", "c-d"]


class RollsUpMarkers(MemoryDriver):
    """A page after what ends with the delimiter leaves out all that begins with that."""

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        whole = super().list_objects(bucket, replace(options, cursor=None, start_after="", limit=1000))
        after, delimiter = options.cursor or options.start_after, options.delimiter
        entries = sorted([*(info.key for info in whole.objects), *whole.prefixes])
        left = [entry for entry in entries if entry > after]
        if delimiter and after.endswith(delimiter):
            left = [entry for entry in left if not entry.startswith(after)]
        shown = left[: options.limit]
        return ObjectPage(
            objects=tuple(info for info in whole.objects if info.key in shown),
            prefixes=tuple(prefix for prefix in whole.prefixes if prefix in shown),
            cursor=shown[-1] if len(left) > len(shown) else None,
        )


class ForgetsEtags(MemoryDriver):
    """An object whose tags were deleted is listed without its etag."""

    forgotten: set[str]

    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: Any) -> Any:
        self.forgotten = {*getattr(self, "forgotten", ()), key}
        return super().delete_object_tagging(bucket, key, options)

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = super().list_objects(bucket, options)
        gone = getattr(self, "forgotten", set[str]())
        return replace(
            page, objects=tuple(replace(info, etag="") if info.key in gone else info for info in page.objects)
        )


class DecodesPartSources(MemoryDriver):
    """The source of a part is decoded twice."""

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
        return super().upload_part_copy(
            bucket, key, upload_id, part_number, source_bucket, unquote(source_key), options
        )


class CopiesOtherwise(MemoryDriver):
    """A copy ignores the lock that it is asked for, and drops the tags where headers are new."""

    @hookimpl
    def copy_object(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> Any:
        options = replace(options, retention=None, legal_hold=None)
        if options.headers is not None:
            options = replace(options, tags={})
        return super().copy_object(source_bucket, source_key, bucket, key, options)


def tags_of(store: Store, key: str) -> Mapping[str, str]:
    return store.get_object_tagging("photos", key)


def clear(store: Store) -> None:
    for version in store.iter_object_versions("photos"):
        asked = DeleteOptions(version_id=version.version_id, bypass_governance=True)
        store.delete_object("photos", version.key, asked)
    store.delete_bucket("photos")


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_are_complete_where_the_delimiter_begins_within_the_prefix(limit: int) -> None:
    with opened(RollsUpMarkers) as store:
        store.create_bucket("photos")
        for key in KEYS:
            store.put_object("photos", key, b"")
        asked = ListOptions(prefix="c-", delimiter="--", limit=limit)
        pages = [*store.iter_object_pages("photos", asked)]
        entries = [entry for page in pages for entry in sorted([*(one.key for one in page.objects), *page.prefixes])]
        assert entries == ROLLED_UP
        after = ListOptions(prefix="c-", delimiter="--", start_after="c--")
        assert [one.key for one in store.list_objects("photos", after).objects] == ["c--d", "c-d"]
        for key in KEYS:
            store.delete_object("photos", key)
        store.delete_bucket("photos")


def test_an_object_without_its_tags_is_listed_with_its_etag() -> None:
    with opened(ForgetsEtags) as store:
        store.create_bucket("photos")
        written = store.put_object("photos", "cat", b"one", PutOptions(tags={"a": "b"}))
        store.delete_object_tagging("photos", "cat")
        assert [one.etag for one in store.list_objects("photos").objects] == [written.etag]
        assert tags_of(store, "cat") == {}
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")


def test_a_part_is_copied_from_the_very_key() -> None:
    with opened(DecodesPartSources) as store:
        store.create_bucket("photos")
        store.put_object("photos", "a%2Fb", b"meant")
        store.put_object("photos", "a/b", b"other")
        upload_id = store.create_multipart_upload("photos", "copy").upload_id
        part = store.upload_part_copy("photos", "copy", upload_id, 1, "photos", "a%2Fb")
        assert part.size_bytes == 5
        with pytest.raises(NoSuchKey):
            store.upload_part_copy("photos", "copy", upload_id, 2, "photos", "a%2Fc")
        store.complete_multipart_upload("photos", "copy", upload_id, [CompletedPart(1, part.etag)])
        assert store.get_object("photos", "copy").read() == b"meant"
        for key in ("a%2Fb", "a/b", "copy"):
            store.delete_object("photos", key)
        store.delete_bucket("photos")


@pytest.mark.parametrize(("driver", "asked"), [(CopiesOtherwise, True), (MemoryDriver, False)])
def test_a_copy_onto_itself_keeps_its_tags_which_are_asked_for_where_the_server_drops_them(
    driver: type[MemoryDriver], asked: bool, requests_made: list[str]
) -> None:
    with opened(driver) as store:
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"one", PutOptions(tags={"a": "b"}))
        headers = ObjectHeaders(content_type="image/png")
        requests_made.clear()
        copied = store.copy_object("photos", "cat", "photos", "cat", CopyOptions(headers=headers))
        assert any("?tagging" in request for request in requests_made) == asked
        assert (copied.content_type, copied.tag_count, tags_of(store, "cat")) == ("image/png", 1, {"a": "b"})
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")


def test_a_copy_has_the_lock_that_is_asked_for_whatever_the_bucket_gives() -> None:
    kept = Retention(mode="GOVERNANCE", until=(datetime.now(UTC) + timedelta(days=5)).replace(microsecond=0))
    with opened(CopiesOtherwise) as store:
        store.create_bucket("photos", CreateBucketOptions(object_lock=True))
        settings = ObjectLockSettings(enabled=True, default=DefaultRetention(mode="GOVERNANCE", days=2))
        store.put_object("photos", "cat", b"one")
        store.put_bucket_settings("photos", settings)
        copied: ObjectInfo = store.copy_object("photos", "cat", "photos", "copy", CopyOptions(retention=kept))
        assert copied.retention == kept
        past = replace(kept, until=datetime.now(UTC) - timedelta(days=1))
        with pytest.raises(InvalidArgument):
            store.copy_object("photos", "cat", "photos", "another", CopyOptions(retention=past))
        with pytest.raises(NoSuchKey):
            store.head_object("photos", "another")
        clear(store)


def test_a_copy_with_a_lock_where_there_are_none_leaves_nothing() -> None:
    with opened(CopiesOtherwise) as store:
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"one")
        with pytest.raises(InvalidBucketState):
            store.copy_object("photos", "cat", "photos", "copy", CopyOptions(legal_hold=True))
        with pytest.raises(NoSuchKey):
            store.head_object("photos", "copy")
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")
