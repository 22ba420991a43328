"""Moving a bucket whose objects have versions, and locks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bucketry import (
    Body,
    CreateBucketOptions,
    Deleted,
    DeleteMarker,
    DeleteOptions,
    HeadOptions,
    NoSuchBucket,
    ObjectInfo,
    ObjectLocked,
    PutOptions,
    Retention,
    Store,
    Unsupported,
    VersioningSettings,
    VersionOptions,
)
from bucketry.bucket_settings import DefaultRetention, ObjectLockSettings
from bucketry.encryption import CustomerKey
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemorySettings
from msgspec.structs import replace

from tests.router.moving_scene import BUCKET, QUICK, Kept, Scene, histories, history, move, version_ids, write

ENABLED, SUSPENDED = VersioningSettings(status="Enabled"), VersioningSettings(status="Suspended")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    scene.router.create_bucket(BUCKET)
    yield scene
    scene.router.close()


class FewMarkers(Kept):
    """Makes no delete marker where it would change nothing, as MinIO does."""

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if options.version_id is None:
            found = Store(self).iter_object_versions(bucket)
            latest = next((version for version in found if version.key == key), None)
            if latest is None:
                return Deleted()
            if isinstance(latest, DeleteMarker):
                return Deleted(version_id=latest.version_id, delete_marker=True)
        return super().delete_object(bucket, key, options)


def test_all_versions_and_delete_markers_are_moved_in_their_order(scene: Scene, tmp_path: Path) -> None:
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "1", "2", "-", "3")
    write(scene.router, "b", "-", "x", "-", "-")
    scene.router.put_object(BUCKET, "c", b"old", PutOptions(tags={"n": "1"}, metadata={"m": "1"}))
    scene.router.put_object(BUCKET, "c", b"new", PutOptions(tags={"n": "2"}, content_type="text/plain"))
    path = tmp_path / "ids.json"
    moved = move(scene, replace(QUICK, version_ids=str(path)))
    assert (moved.object_count, moved.version_count, moved.marker_count, moved.markers_left_out) == (2, 6, 4, 0)
    assert moved.copied == 10
    old, new = scene.inner["old"], scene.inner["new"]
    assert dict(histories(new)) == dict(histories(old))
    assert history(new, "b") == ["-", "x", "-", "-"]
    first, second = (new.head_object(BUCKET, "c", HeadOptions(version_id=version)) for version in version_ids(new, "c"))
    assert (first.metadata, second.content_type) == ({"m": "1"}, "text/plain")
    tags = [new.get_object_tagging(BUCKET, "c", VersionOptions(version_id=each)) for each in version_ids(new, "c")]
    assert tags == [{"n": "1"}, {"n": "2"}]
    assert new.get_bucket_settings(BUCKET, VersioningSettings) == ENABLED
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    ids = {(line["bucket"], line["key"], line["old"]): line["new"] for line in lines}
    assert ids == {
        (BUCKET, key, one): other
        for key in ("a", "b", "c")
        for one, other in zip(version_ids(old, key), version_ids(new, key), strict=True)
    }


def test_versions_of_a_bucket_whose_versioning_is_suspended_are_moved(scene: Scene) -> None:
    write(scene.router, "a", "before versioning")
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "1")
    write(scene.router, "b", "1", "2")
    scene.router.put_bucket_settings(BUCKET, SUSPENDED)
    write(scene.router, "b", "null")
    write(scene.router, "c", "-")
    scene.while_waiting = [lambda: write(scene.router, "b", "null again"), lambda: write(scene.router, "a", "null")]
    move(scene)
    new = scene.inner["new"]
    assert history(new, "a") == ["1", "null"]
    assert history(new, "b") == ["1", "2", "null again"]
    assert history(new, "c") == ["-"]
    assert new.get_bucket_settings(BUCKET, VersioningSettings) == SUSPENDED


@pytest.mark.parametrize("moment", [0, 1])
def test_what_changes_in_histories_meanwhile_is_moved_too(scene: Scene, moment: int) -> None:
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "1", "2", "3", "4")
    write(scene.router, "b", "1", "2")
    write(scene.router, "gone", "1", "-")

    def change() -> None:
        second = version_ids(scene.router, "a")[1]
        scene.router.delete_object(BUCKET, "a", DeleteOptions(version_id=second))
        write(scene.router, "b", "-", "3")
        for version in version_ids(scene.router, "gone"):
            scene.router.delete_object(BUCKET, "gone", DeleteOptions(version_id=version))
        write(scene.router, "new", "1")

    scene.while_waiting = [(lambda: None), change] if moment else [change]
    move(scene)
    assert dict(histories(scene.inner["new"])) == {"a": ["1", "3", "4"], "b": ["1", "2", "-", "3"], "new": ["1"]}


def test_a_change_in_the_read_only_moment_counts_as_well(scene: Scene) -> None:
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "1", "2", "3")

    def change() -> None:  # The router has not noticed yet.
        scene.router.delete_object(BUCKET, "a", DeleteOptions(version_id=version_ids(scene.router, "a")[0]))
        write(scene.router, "a", "-")

    scene.while_waiting = [lambda: None, change]
    assert move(scene).late == ()
    assert history(scene.inner["new"], "a") == ["2", "3", "-"]


def test_markers_that_change_nothing_are_left_out_where_the_store_makes_none(scene: Scene) -> None:
    scene.use(FewMarkers(MemorySettings()))
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "-", "1", "-", "-", "2")
    write(scene.router, "b", "-")
    moved = move(scene)
    assert dict(histories(scene.inner["new"])) == {"a": ["1", "-", "2"]}
    assert (moved.object_count, moved.marker_count, moved.markers_left_out) == (1, 1, 3)


def test_a_marker_that_was_left_out_is_made_once_it_changes_something(scene: Scene) -> None:
    scene.use(FewMarkers(MemorySettings()))
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "1", "-", "-")

    def change() -> None:
        scene.router.delete_object(BUCKET, "a", DeleteOptions(version_id=version_ids(scene.router, "a")[1]))

    scene.while_waiting = [lambda: None, change]
    assert move(scene).markers_left_out == 0
    assert history(scene.inner["new"], "a") == ["1", "-"]


# Locks


def locked_scene(scene: Scene) -> Store:
    scene.router.delete_bucket(BUCKET)
    scene.router.create_bucket(BUCKET, CreateBucketOptions(object_lock=True))
    return scene.router


def test_locks_are_moved(scene: Scene) -> None:
    router = locked_scene(scene)
    now = router.clock.now()
    kept = {
        "held": PutOptions(legal_hold=True),
        "governed": PutOptions(retention=Retention(mode="GOVERNANCE", until=now + timedelta(days=3))),
        "complied": PutOptions(retention=Retention(mode="COMPLIANCE", until=now + timedelta(days=4))),
        "both": PutOptions(retention=Retention(mode="COMPLIANCE", until=now + timedelta(days=5)), legal_hold=True),
        "free": PutOptions(),
    }
    for key, options in kept.items():
        router.put_object(BUCKET, key, b"1", options)
        router.put_object(BUCKET, key, b"2")
    settings = ObjectLockSettings(enabled=True, default=DefaultRetention(mode="GOVERNANCE", days=7))
    router.put_bucket_settings(BUCKET, settings)
    moved = move(scene)
    assert moved.version_count == 10
    new = scene.inner["new"]
    assert new.get_bucket_settings(BUCKET, ObjectLockSettings) == settings
    for key, options in kept.items():
        first, second = version_ids(new, key)
        info = new.head_object(BUCKET, key, HeadOptions(version_id=first))
        assert (info.retention, bool(info.legal_hold)) == (options.retention, bool(options.legal_hold))
        later = new.head_object(BUCKET, key, HeadOptions(version_id=second))
        assert (later.retention, later.legal_hold) == (None, None), "the default of the bucket comes last"
    with pytest.raises(ObjectLocked):
        new.delete_object(BUCKET, "complied", DeleteOptions(version_id=version_ids(new, "complied")[0]))


def test_a_retention_that_has_ended_is_left_out(scene: Scene) -> None:
    router = locked_scene(scene)
    until = router.clock.now() + timedelta(days=1)
    router.put_object(BUCKET, "key", b"1", PutOptions(retention=Retention(mode="COMPLIANCE", until=until)))
    for driver in scene.drivers.values():
        driver.clock.advance(timedelta(days=2))
    move(scene)
    assert scene.inner["new"].head_object(BUCKET, "key").retention is None


def test_locked_versions_prevent_the_deletion_of_the_source(scene: Scene) -> None:
    router = locked_scene(scene)
    for key in ("a", "b"):
        router.put_object(BUCKET, key, b"1", PutOptions(legal_hold=True))
    with pytest.raises(Unsupported, match=r"2 versions .* the first of 'a', are locked, .* deleted from 'old'"):
        move(scene, replace(QUICK, delete_source=True))
    assert scene.placed() is None
    assert move(scene).version_count == 2


def test_a_source_with_versions_can_be_deleted(scene: Scene) -> None:
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "1", "2", "-")
    move(scene, replace(QUICK, delete_source=True))
    with pytest.raises(NoSuchBucket):
        scene.inner["old"].head_bucket(BUCKET)
    assert history(scene.inner["new"], "a") == ["1", "2", "-"]


# What is refused before anything is copied


def test_objects_under_a_customers_key_are_counted_and_named(scene: Scene) -> None:
    key = CustomerKey(bytes(32))
    write(scene.router, "plain", "1")
    for name in ("one", "two"):
        scene.router.put_object(BUCKET, name, b"1", PutOptions(customer_key=key))
    with pytest.raises(Unsupported) as caught:
        move(scene)
    assert "2 versions of objects in the bucket 'web-assets', the first of 'one'," in str(caught.value)
    assert "customer's key (encrypt_sse_c)" in str(caught.value)
    error = caught.value
    assert (error.feature, error.bucket, error.key) == ("encrypt_sse_c", BUCKET, "one")
    assert not scene.inner["new"].list_buckets()


@pytest.mark.parametrize(
    ("feature", "options"),
    [
        ("put_metadata", PutOptions(metadata={"a": "b"})),
        ("put_tagging", PutOptions(tags={"a": "b"})),
        ("put_headers", PutOptions(cache_control="no-store")),
        ("storage_class", PutOptions(storage_class="GLACIER")),
    ],
)
def test_what_the_other_store_cannot_hold_is_named_with_bucket_key_and_feature(
    scene: Scene, feature: str, options: PutOptions
) -> None:
    scene.drivers["new"].features = replace(scene.drivers["new"].features, **{feature: False})
    scene.inner["old"].put_object(BUCKET, "a", b"1")
    scene.inner["old"].put_object(BUCKET, "key", b"1", options)
    with pytest.raises(Unsupported, match=f"the store 'new' has no {feature}, which 1 versions") as caught:
        move(scene)
    error = caught.value
    assert (error.feature, error.bucket, error.key) == (feature, BUCKET, "key")
    assert not scene.inner["new"].list_buckets()
    assert scene.waits == []


def test_objects_that_are_too_large_are_refused(scene: Scene) -> None:
    scene.drivers["new"].features = replace(scene.drivers["new"].features, max_put_size=3)
    scene.inner["old"].put_object(BUCKET, "key", b"1234")
    with pytest.raises(Unsupported, match="have more than the 3 bytes that the store 'new' takes"):
        move(scene)


@pytest.mark.parametrize("feature", ["bucket_versioning", "bucket_object_lock"])
def test_versions_and_locks_need_a_store_that_has_them(scene: Scene, feature: str) -> None:
    locked_scene(scene)
    features = scene.drivers["new"].features
    scene.drivers["new"].features = replace(features, **{feature: False})
    with pytest.raises(Unsupported, match=f"'new' does not keep .* it has no {feature}"):
        move(scene)
    assert not scene.inner["new"].list_buckets()


def test_a_bucket_that_is_there_must_fit(scene: Scene) -> None:
    new = scene.inner["new"]
    new.create_bucket(BUCKET)
    new.put_bucket_settings(BUCKET, ENABLED)
    with pytest.raises(Unsupported, match="with versions, without which it lies in 'old'"):
        move(scene)
    locked_scene(scene)
    with pytest.raises(Unsupported, match="without object lock, with which it lies in 'old'"):
        move(scene)


# What goes wrong on the way


class Spoiling(Kept):
    """Stores other bytes than it gets, of the same number."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        content = body.read()
        return super().put_object(bucket, key, Body(content.replace(b"good", b"evil")), options)


def test_a_copy_with_another_content_is_found(scene: Scene) -> None:
    scene.use(Spoiling(MemorySettings()))
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    write(scene.router, "a", "good")
    with pytest.raises(Exception, match="the copy in the store 'new' differs from its source"):
        move(scene)
    assert scene.placed() is None


@pytest.mark.parametrize("compare", [False, True])
def test_copies_whose_etag_says_nothing_are_compared_by_content(scene: Scene, compare: bool) -> None:
    """An object that was uploaded in parts has an etag of another kind."""
    scene.use(Spoiling(MemorySettings()))
    upload = scene.router.create_multipart_upload(BUCKET, "big")
    part = scene.router.upload_part(BUCKET, "big", upload.upload_id, 1, b"good")
    scene.router.complete_multipart_upload(BUCKET, "big", upload.upload_id, [part])
    options = replace(QUICK, compare_content=compare)
    if compare:
        with pytest.raises(Exception, match="differs from its source"):
            move(scene, options)
    else:
        assert move(scene, options).object_count == 1


def test_governance_does_not_keep_copies_of_what_was_deleted(scene: Scene) -> None:
    router = locked_scene(scene)
    retention = Retention(mode="GOVERNANCE", until=router.clock.now() + timedelta(days=1))
    router.put_object(BUCKET, "key", b"1", PutOptions(retention=retention))
    router.put_object(BUCKET, "key", b"2")

    def delete() -> None:
        (first, _) = version_ids(router, "key")
        router.delete_object(BUCKET, "key", DeleteOptions(version_id=first, bypass_governance=True))

    scene.while_waiting = [lambda: None, delete]
    move(scene)
    assert history(scene.inner["new"], "key") == ["2"]


def test_a_replaced_bucket_loses_its_versions(scene: Scene) -> None:
    new = scene.inner["new"]
    scene.router.put_bucket_settings(BUCKET, ENABLED)
    new.create_bucket(BUCKET)
    new.put_bucket_settings(BUCKET, ENABLED)
    write(new, "left", "1", "2", "-")
    write(scene.router, "a", "1")
    with pytest.raises(Exception, match="holds 3 objects or versions"):
        move(scene)
    move(scene, replace(QUICK, replace=True))
    assert dict(histories(new)) == {"a": ["1"]}
