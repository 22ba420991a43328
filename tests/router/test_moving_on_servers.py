"""Moving a bucket with versions and locks between MinIO, Ceph RGW and memory, for what each declares."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bucketry import (
    CreateBucketOptions,
    DeleteMarker,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    ObjectVersion,
    PutOptions,
    Retention,
    Store,
    Tag,
    TagSettings,
    Unsupported,
    VersioningSettings,
    VersionOptions,
)
from bucketry.bucket_settings import CorsRule, CorsSettings, DefaultRetention, ObjectLockSettings
from bucketry.hookspecs import DriverSpec
from bucketry_memory import MemorySettings
from bucketry_router import Moved, MoveOptions, Mover
from bucketry_router.placements import Placement, read_placements
from msgspec.structs import replace

from tests.router.moving_scene import Kept
from tests.router.test_real_servers import minio_driver, rgw_driver
from tests.router.two_stores import ONE, OTHER, router_settings
from tests.servers.handles import MinioServer, RgwServer

QUICK = MoveOptions(settle_seconds=2.0, read_only_seconds=60.0)
Open = Callable[[], DriverSpec]


class Scene:
    """A bucket in one store, which is moved to another."""

    def __init__(self, source: Open, target: Open, path: Path) -> None:
        self._opens = source, target
        self.old, self.new = Store(source()), Store(target())
        self.path = path
        self.bucket = f"bucketry-move-{secrets.token_hex(4)}-2"

    def move(self, options: MoveOptions = QUICK) -> Moved:
        drivers = dict(zip((ONE, OTHER), (each() for each in self._opens), strict=True))
        settings = router_settings(placements=str(self.path))
        with Mover(settings, drivers=drivers, sleep=lambda _: None) as mover:
            return mover.move(self.bucket, OTHER, options)

    def close(self) -> None:
        for store in (self.old, self.new):
            if self.bucket in [info.name for info in store.list_buckets()]:
                remove(store, self.bucket)
            store.close()

    def placed(self) -> Placement | None:
        return read_placements(self.path).buckets.get(self.bucket)


def remove(store: Store, bucket: str) -> None:
    for version in store.iter_object_versions(bucket):
        if (
            isinstance(version, ObjectVersion)
            and store.head_object(bucket, version.key, HeadOptions(version_id=version.version_id)).legal_hold
        ):
            store.put_object_legal_hold(bucket, version.key, False, VersionOptions(version_id=version.version_id))
        options = DeleteOptions(version_id=version.version_id, bypass_governance=True)
        store.delete_object(bucket, version.key, options)
    store.delete_bucket(bucket)


@pytest.fixture(
    params=[("minio", "rgw"), ("rgw", "minio"), ("memory", "minio"), ("memory", "rgw")],
    ids=" to ".join,
)
def ways(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def scene(ways: tuple[str, str], minio_server: MinioServer, rgw_server: RgwServer, tmp_path: Path) -> Iterator[Scene]:
    memory = Kept(MemorySettings())
    opens: dict[str, Open] = {
        "minio": lambda: minio_driver(minio_server),
        "rgw": lambda: rgw_driver(rgw_server),
        "memory": lambda: memory,
    }
    source, target = ways
    scene = Scene(opens[source], opens[target], tmp_path / "placements.json")
    yield scene
    scene.close()


def write_histories(store: Store, bucket: str) -> None:
    """Writes versions and delete markers, also some that change nothing, where the store makes these."""
    for key, contents in {
        "a": ["1", "22", "-", "333"],
        "b / %é": ["1", "-"],
        "twice deleted": ["1", "-", "-"],
        "never there": ["-"],
    }.items():
        for content in contents:
            if content == "-":
                store.delete_object(bucket, key)
            else:
                options = PutOptions(tags={"n": content}, metadata={"n": content}, content_type=f"text/x-{content}")
                store.put_object(bucket, key, content.encode(), options)


def described(store: Store, bucket: str) -> list[tuple[str, object]]:
    """Returns all versions, the newest of each key first, with what belongs to them; a dash for a delete marker."""
    return [(entry.key, of_version(store, bucket, entry)) for entry in store.iter_object_versions(bucket)]


def of_version(store: Store, bucket: str, entry: ObjectVersion | DeleteMarker) -> object:
    if isinstance(entry, DeleteMarker):
        return "-"
    with store.get_object(bucket, entry.key, GetOptions(version_id=entry.version_id)) as opened:
        info, content = opened.info, opened.read()
    tags = store.get_object_tagging(bucket, entry.key, VersionOptions(version_id=entry.version_id))
    return content, info.content_type, dict(info.metadata), dict(tags), entry.is_latest


def without_redundant_markers(found: list[tuple[str, object]]) -> list[tuple[str, object]]:
    """Leaves out markers that change nothing: those that follow another one, or that no version comes before."""
    kept = []
    for number, (key, entry) in enumerate(found):
        older = found[number + 1] if number + 1 < len(found) else None
        if entry != "-" or (older is not None and older[0] == key and older[1] != "-"):
            kept.append((key, entry))
    return kept


def test_versions_and_markers_are_moved(scene: Scene, tmp_path: Path) -> None:
    old, new, bucket = scene.old, scene.new, scene.bucket
    old.create_bucket(bucket)
    old.put_object(bucket, "a", b"before versioning")
    old.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    tags = TagSettings(tags=(Tag(key="team", value="web"),))
    old.put_bucket_settings(bucket, tags)
    write_histories(old, bucket)
    ids = tmp_path / "ids"
    moved = scene.move(replace(QUICK, version_ids=str(ids)))
    assert without_redundant_markers(described(new, bucket)) == without_redundant_markers(described(old, bucket))
    assert moved.version_count == 6
    assert moved.object_count == 1
    assert moved.marker_count + moved.markers_left_out == sum(entry == "-" for _, entry in described(old, bucket))
    assert moved.marker_count == sum(entry == "-" for _, entry in described(new, bucket))
    assert new.get_bucket_settings(bucket, TagSettings) == tags
    assert new.get_bucket_settings(bucket, VersioningSettings).status == "Enabled"
    lines = [json.loads(line) for line in ids.read_text().splitlines()]
    assert {(line["key"], line["new"]) for line in lines} == {
        (entry.key, entry.version_id) for entry in new.iter_object_versions(bucket)
    }
    assert {(line["key"], line["old"]) for line in lines} <= {
        (entry.key, entry.version_id) for entry in old.iter_object_versions(bucket)
    }
    assert scene.placed() == Placement(OTHER)


def test_locks_are_moved(scene: Scene) -> None:
    old, new, bucket = scene.old, scene.new, scene.bucket
    old.create_bucket(bucket, CreateBucketOptions(object_lock=True))
    retention = Retention(mode="GOVERNANCE", until=old.clock.now() + timedelta(days=2))
    old.put_object(bucket, "governed", b"1", PutOptions(retention=retention))
    old.put_object(bucket, "held", b"1", PutOptions(legal_hold=True))
    old.put_object(bucket, "free", b"1")
    settings = ObjectLockSettings(enabled=True, default=DefaultRetention(mode="GOVERNANCE", days=3))
    old.put_bucket_settings(bucket, settings)
    old.put_object(bucket, "by default", b"1")
    assert scene.move().version_count == 4
    assert new.get_bucket_settings(bucket, ObjectLockSettings) == settings
    for key in ("governed", "held", "free", "by default"):
        before, after = old.head_object(bucket, key), new.head_object(bucket, key)
        assert bool(after.legal_hold) == bool(before.legal_hold)
        kept, wanted = after.retention or Retention(), before.retention or Retention()
        assert kept.mode == wanted.mode
        if wanted.until is not None:
            assert kept.until is not None
            assert abs(kept.until - wanted.until) <= timedelta(seconds=1)


def test_a_move_that_failed_goes_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, bucket = scene.old, scene.new, scene.bucket
    old.create_bucket(bucket)
    old.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    write_histories(old, bucket)
    with monkeypatch.context() as patched:
        patched.setattr("bucketry_router.moving.move.Move._finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scene.move()
    assert scene.placed() is None
    old.put_object(bucket, "a", b"4444")
    new.put_object(bucket, "a", b"nobody knows of it")
    assert scene.move(replace(QUICK, resume=True)).copied == 1
    assert [entry for _, entry in described(new, bucket) if entry != "-"] == [
        entry for _, entry in described(old, bucket) if entry != "-"
    ]


@pytest.mark.parametrize("ways", [("rgw", "minio"), ("memory", "minio")], ids=" to ".join)
def test_keys_that_minio_cannot_hold_are_refused_before_anything_is_copied(scene: Scene) -> None:
    scene.old.create_bucket(scene.bucket)
    for key in ("a", "b//c", "d/../e"):
        scene.old.put_object(scene.bucket, key, b"1")
    with pytest.raises(Unsupported, match=r"2 versions of objects .* the first of 'b//c', have a key that the store"):
        scene.move()
    assert scene.bucket not in [info.name for info in scene.new.list_buckets()]


@pytest.mark.parametrize("ways", [("rgw", "minio"), ("memory", "minio")], ids=" to ".join)
def test_settings_that_minio_has_not_are_refused_before_anything_is_copied(scene: Scene) -> None:
    scene.old.create_bucket(scene.bucket)
    rule = CorsRule(allowed_origins=("https://a.test",), allowed_methods=("GET",))
    scene.old.put_bucket_settings(scene.bucket, CorsSettings(rules=(rule,)))
    assert_refused(scene, "bucket_cors")


@pytest.mark.parametrize("ways", [("memory", "minio"), ("memory", "rgw")], ids=" to ".join)
def test_storage_classes_are_refused_before_anything_is_copied(scene: Scene) -> None:
    scene.old.create_bucket(scene.bucket)
    scene.old.put_object(scene.bucket, "key", b"1", PutOptions(storage_class="GLACIER"))
    assert_refused(scene, "storage_class")


def assert_refused(scene: Scene, feature: str) -> None:
    with pytest.raises(Unsupported, match=feature) as caught:
        scene.move()
    assert (caught.value.feature, caught.value.bucket) == (feature, scene.bucket)
    assert scene.bucket not in [info.name for info in scene.new.list_buckets()]
