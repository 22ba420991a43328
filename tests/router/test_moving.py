"""Moving a bucket from one store to another while it is in use."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bucketry import (
    Acl,
    BucketNotEmpty,
    BucketryError,
    CorsRule,
    CorsSettings,
    InvalidArgument,
    InvalidSettings,
    NoSuchBucket,
    PutOptions,
    Store,
    Tag,
    TagSettings,
    Unavailable,
    Unsupported,
)
from bucketry.acls import canned_acl
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemorySettings
from bucketry_router import MoveOptions, StoreSettings
from bucketry_router.placements import Placement
from msgspec.structs import replace

from tests.router.moving_scene import BUCKET, QUICK, Kept, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    scene.router.create_bucket(BUCKET)
    for number in range(20):
        scene.router.put_object(BUCKET, f"key-{number:02}", f"{number}".encode(), PutOptions(tags={"n": f"{number}"}))
    yield scene
    scene.router.close()


def test_a_bucket_is_moved_with_all_that_belongs_to_it(scene: Scene) -> None:
    rules = CorsSettings(rules=(CorsRule(allowed_origins=("https://a.test",), allowed_methods=("GET",)),))
    scene.router.put_bucket_settings(BUCKET, rules)
    scene.router.put_bucket_settings(BUCKET, TagSettings(tags=(Tag(key="team", value="web"),)))
    scene.router.put_object(
        BUCKET,
        "a//b %é",
        b"content",
        PutOptions(content_type="text/plain", metadata={"a": "b"}, cache_control="no-store"),
    )
    before = {info.key: info for info in scene.router.iter_objects(BUCKET)}
    with scene.mover() as mover:
        moved = mover.move(BUCKET, "new", QUICK)
    assert (moved.source, moved.target, moved.object_count, moved.late) == ("old", "new", 21, ())
    assert moved.size_bytes == sum(info.size_bytes for info in before.values())
    assert scene.placed() == Placement("new")
    scene.notice()
    after = {info.key: info for info in scene.router.iter_objects(BUCKET)}
    assert {key: (info.etag, info.size_bytes) for key, info in after.items()} == {
        key: (info.etag, info.size_bytes) for key, info in before.items()
    }
    head = scene.router.head_object(BUCKET, "a//b %é")
    assert (head.content_type, head.metadata, head.cache_control) == ("text/plain", {"a": "b"}, "no-store")
    assert scene.router.get_object_tagging(BUCKET, "key-07") == {"n": "7"}
    assert scene.router.get_bucket_settings(BUCKET, CorsSettings) == rules
    assert [info.name for info in scene.router.list_buckets()] == [BUCKET]
    assert len(scene.listed("old")) == 21, "what lies in the old store stays until it is deleted"


def test_what_is_written_meanwhile_is_moved_too(scene: Scene) -> None:
    def write() -> None:
        scene.router.put_object(BUCKET, "key-00", b"changed")
        scene.router.put_object(BUCKET, "new-key", b"new")
        scene.router.delete_object(BUCKET, "key-01")

    def write_at_the_end() -> None:
        scene.router.put_object(BUCKET, "last", b"before the router notices")

    scene.while_waiting = [write, write_at_the_end]
    with scene.mover() as mover:
        mover.move(BUCKET, "new", QUICK)
    assert scene.listed("new") == scene.listed("old")
    assert scene.listed("new")["key-00"] == b"changed"
    assert {"new-key", "last"} <= scene.listed("new").keys()
    assert "key-01" not in scene.listed("new")


def test_a_delete_between_two_passes_is_moved_too(scene: Scene) -> None:
    scene.while_waiting = [lambda: None, lambda: scene.router.delete_object(BUCKET, "key-05")]
    with scene.mover() as mover:
        mover.move(BUCKET, "new", QUICK)
    assert "key-05" not in scene.listed("new")


def test_while_it_is_copied_facts_cannot_change_and_then_nothing_can(scene: Scene) -> None:
    refused: dict[str, dict[str, bool]] = {}
    calls: dict[str, Callable[[], object]] = {
        "put": lambda: scene.router.put_object(BUCKET, "other", b"1"),
        "delete": lambda: scene.router.delete_object(BUCKET, "other"),
        "upload": lambda: scene.router.create_multipart_upload(BUCKET, "key"),
        "copy": lambda: scene.router.copy_object(BUCKET, "key-00", BUCKET, "other"),
        "tags": lambda: scene.router.put_object_tagging(BUCKET, "key-00", {}),
        "settings": lambda: scene.router.put_bucket_settings(BUCKET, TagSettings(tags=(Tag(key="a", value="b"),))),
        "read": lambda: scene.router.get_object(BUCKET, "key-00").read(),
        "list": lambda: list(scene.router.iter_objects(BUCKET)),
    }

    def try_all(moment: str) -> None:
        scene.notice()
        refused[moment] = {}
        for name, call in calls.items():
            try:
                upload: Any = call()
                if name == "upload":
                    scene.router.abort_multipart_upload(BUCKET, "key", upload.upload_id)
                refused[moment][name] = False
            except Unavailable:  # It may be tried again: SDKs do so themselves.
                refused[moment][name] = True

    scene.while_waiting = [lambda: try_all("copying"), lambda: try_all("read-only"), lambda: try_all("after")]
    with scene.mover() as mover:
        mover.move(BUCKET, "new", QUICK)
    facts, reads = {"tags", "settings"}, {"read", "list"}
    assert {name for name, was in refused["copying"].items() if was} == facts
    assert {name for name, was in refused["read-only"].items() if was} == calls.keys() - reads
    assert not any(refused["after"].values())


def test_a_put_on_its_way_when_the_moment_begins_breaks_off(scene: Scene) -> None:
    """It would end in the old store once its last changes are copied."""
    begun, going_on = threading.Event(), threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        begun.set()
        going_on.wait(30)
        yield b"second"

    errors = list[BucketryError]()

    def put() -> None:
        try:
            scene.router.put_object(BUCKET, "slow", pieces())
        except BucketryError as error:
            errors.append(error)

    writer = threading.Thread(target=put)

    def begin() -> None:
        writer.start()
        begun.wait(30)

    def go_on() -> None:
        scene.notice()
        going_on.set()
        writer.join(30)

    scene.while_waiting = [begin, go_on]
    with scene.mover() as mover:
        mover.move(BUCKET, "new", QUICK)
    (error,) = errors
    assert isinstance(error, Unavailable)
    assert "slow" not in scene.listed("old") | scene.listed("new")


def test_the_read_only_moment_has_a_stated_length(scene: Scene) -> None:
    with scene.mover() as mover:
        moved = mover.move(BUCKET, "new", QUICK)
    assert scene.waits == [2.0, QUICK.settle_seconds, QUICK.settle_seconds]
    assert moved.read_only_seconds <= QUICK.read_only_seconds
    assert f"{BUCKET} is read-only for at most 20 seconds" in scene.told


def test_a_moment_that_would_be_too_long_leaves_everything_as_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = [0.0]
    real = time.monotonic
    monkeypatch.setattr("bucketry_router.moving.move.time.monotonic", lambda: real() + ahead[0])

    def write_much_and_wait() -> None:
        scene.router.put_object(BUCKET, "late", b"1")
        ahead[0] = 100.0

    scene.while_waiting = [lambda: None, write_much_and_wait]
    with scene.mover() as mover, pytest.raises(Unavailable, match="read-only for more than 20 seconds"):
        mover.move(BUCKET, "new", QUICK)
    assert scene.placed() is None
    scene.notice()
    scene.router.put_object(BUCKET, "key", b"again")
    assert scene.listed("old")["key"] == b"again"


def test_nothing_more_is_asked_once_the_time_is_over(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, asked = [0.0], list[float]()
    real = time.monotonic
    monkeypatch.setattr("bucketry_router.moving.move.time.monotonic", lambda: real() + ahead[0])

    class Slow(Kept):
        @hookimpl
        def list_objects(self, bucket: str, options: Any) -> Any:
            asked.append(ahead[0])
            return super().list_objects(bucket, options)

    def wait() -> None:
        ahead[0] = 100.0

    scene.use(Slow(MemorySettings()))
    scene.while_waiting = [lambda: None, wait]
    with scene.mover() as mover, pytest.raises(Unavailable, match="read-only for more than 20 seconds"):
        mover.move(BUCKET, "new", QUICK)
    assert 100.0 not in asked, "the new store is not listed any more"


def test_a_store_that_fails_in_the_middle_leaves_everything_as_it_was(scene: Scene) -> None:
    class Failing(Kept):
        puts = 0

        @hookimpl
        def put_object(self, bucket: str, key: str, body: Any, options: Any) -> Any:
            self.puts += 1
            if self.puts == 7:
                raise Unavailable("the server went away")
            return super().put_object(bucket, key, body, options)

    scene.drivers["new"] = Failing(MemorySettings())
    scene.inner["new"] = Store(scene.drivers["new"])
    with scene.mover() as mover:
        with pytest.raises(Unavailable, match="went away"):
            mover.move(BUCKET, "new", QUICK)
        assert scene.placed() is None
        with pytest.raises(BucketNotEmpty):
            mover.move(BUCKET, "new", QUICK)
        mover.move(BUCKET, "new", replace(QUICK, replace=True))
    assert scene.listed("new") == scene.listed("old")


def test_a_late_write_to_the_old_store_is_told(scene: Scene) -> None:
    def late() -> None:
        scene.inner["old"].put_object(BUCKET, "late", b"1")

    scene.while_waiting = [lambda: None, lambda: None, late]
    with scene.mover() as mover:
        moved = mover.move(BUCKET, "new", replace(QUICK, delete_source=True))
    assert moved.late == ("late",)
    assert "late" in scene.listed("old"), "then nothing is deleted"


def test_the_source_can_be_deleted(scene: Scene) -> None:
    with scene.mover() as mover:
        mover.move(BUCKET, "new", replace(QUICK, delete_source=True))
    with pytest.raises(NoSuchBucket):
        scene.inner["old"].head_bucket(BUCKET)
    assert len(scene.listed("new")) == 20


def test_uploads_in_progress_prevent_it_unless_they_are_to_be_aborted(scene: Scene) -> None:
    scene.router.create_multipart_upload(BUCKET, "big")
    with scene.mover() as mover:
        with pytest.raises(Unavailable, match="1 uploads are in progress, the first to 'big'"):
            mover.move(BUCKET, "new", QUICK)
        assert scene.placed() is None
        mover.move(BUCKET, "new", replace(QUICK, abort_uploads=True))
    assert not list(scene.inner["old"].iter_multipart_uploads(BUCKET))


def test_what_the_other_store_cannot_keep_is_refused_before_anything_is_copied(scene: Scene) -> None:
    poor = scene.drivers["new"]
    poor.features = replace(poor.features, bucket_cors=False)
    scene.inner["old"].put_bucket_settings(
        BUCKET, CorsSettings(rules=(CorsRule(allowed_origins=("*",), allowed_methods=("GET",)),))
    )
    with (
        scene.mover() as mover,
        pytest.raises(Unsupported, match="CorsSettings of the bucket 'web-assets': it has no bucket_cors"),
    ):
        mover.move(BUCKET, "new", QUICK)
    assert not scene.inner["new"].list_buckets()


def test_acls_of_objects_are_moved(scene: Scene) -> None:
    owner = scene.router.get_object_acl(BUCKET, "key-00").owner
    acl: Acl = canned_acl("public-read", owner)
    scene.router.put_object_acl(BUCKET, "key-00", acl)
    with scene.mover() as mover:
        mover.move(BUCKET, "new", QUICK)
    assert scene.inner["new"].get_object_acl(BUCKET, "key-00") == acl


def test_two_moves_of_a_bucket_do_not_mix_and_one_that_was_killed_is_abandoned(scene: Scene) -> None:
    scene.path.write_text(json.dumps({"buckets": {BUCKET: {"store": "old", "state": "read-only"}}}))
    with scene.mover() as mover:
        with pytest.raises(InvalidSettings, match="is being moved already"):
            mover.move(BUCKET, "new", QUICK)
        mover.abandon(BUCKET)
        assert scene.placed() == Placement("old")
        with pytest.raises(InvalidSettings, match="is not being moved"):
            mover.abandon(BUCKET)
        mover.move(BUCKET, "new", QUICK)
    assert scene.placed() == Placement("new")


def test_all_buckets_of_a_pattern_are_found_wherever_they_lie(scene: Scene) -> None:
    scene.router.create_bucket("web-b")
    scene.router.create_bucket("other")
    changed = replace(
        scene.settings,
        stores=(
            StoreSettings(name="old", url="memory://", buckets=("nothing",)),
            StoreSettings(name="new", url="memory://", default=True),
        ),
    )
    for settings in (scene.settings, changed):  # Before the patterns are changed, and after.
        with scene.mover(settings) as mover:
            assert mover.buckets_to_move("web-*", "new") == [BUCKET, "web-b"]
            assert mover.buckets_to_move("*", "new") == [BUCKET, "web-b"]
            if settings is scene.settings:
                assert mover.buckets_to_move("*", "old") == ["other"]
    with scene.mover(changed) as mover:
        mover.move(BUCKET, "new", QUICK)
        assert mover.buckets_to_move("web-*", "new") == ["web-b"]
    assert len(scene.listed("new")) == 20


def test_a_bucket_that_lies_there_already_is_not_moved_again(scene: Scene) -> None:
    scene.inner["new"].create_bucket("web-twice")
    scene.inner["old"].create_bucket("web-twice")
    scene.path.write_text(json.dumps({"buckets": {"web-twice": {"store": "new"}}}))
    with scene.mover() as mover, pytest.raises(InvalidSettings, match="lies in the store 'new' already"):
        mover.move("web-twice", "new", QUICK)


@pytest.mark.parametrize(
    ("bucket", "target", "error"),
    [("missing", "new", NoSuchBucket), (BUCKET, "third", InvalidSettings), (BUCKET, "old", InvalidSettings)],
)
def test_what_makes_no_sense_is_refused(scene: Scene, bucket: str, target: str, error: type[BucketryError]) -> None:
    with scene.mover() as mover, pytest.raises(error):
        mover.move(bucket, target, QUICK)


@pytest.mark.parametrize(
    "options", [{"settle_seconds": 1.0}, {"read_only_seconds": 5.0}, {"passes": 0}, {"threads": 0}]
)
def test_options_are_checked(scene: Scene, options: dict[str, Any]) -> None:
    with scene.mover() as mover, pytest.raises(InvalidArgument):
        mover.move(BUCKET, "new", MoveOptions(**options))


def test_without_a_file_of_placements_nothing_is_moved(scene: Scene) -> None:
    with pytest.raises(InvalidSettings, match="file of placements"):
        scene.mover(replace(scene.settings, placements=None))


# The file


def test_a_file_that_cannot_be_used_is_refused_at_first_and_ignored_later(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    for text, said in (
        ("{", "malformed"),
        ('{"buckets": {"a": {"store": "third"}}}', "places 'a' in the store 'third', which does not exist"),
        ('{"buckets": {"a": {"store": "old", "state": "gone"}}}', "malformed"),
        ('{"bucket": {}}', "malformed"),
    ):
        scene.path.write_text(text)
        with pytest.raises(InvalidSettings, match=said):
            scene.open_router()
        caplog.clear()
        scene.notice()
        assert scene.router.head_bucket(BUCKET).name == BUCKET
        assert "buckets stay where they were placed before" in caplog.text


def test_a_router_notices_a_change_within_a_second(scene: Scene) -> None:
    scene.inner["new"].create_bucket(BUCKET)
    scene.path.write_text(json.dumps({"buckets": {BUCKET: {"store": "new"}}}))
    noticed = threading.Event()
    for _ in range(300):
        if not list(scene.router.iter_objects(BUCKET)):
            noticed.set()
            break
        threading.Event().wait(0.02)
    assert noticed.is_set()


def test_a_process_that_writes_for_too_long_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("bucketry_router.placements._LOCK_SECONDS", 0.1)
    with scene.path.with_name("placements.json.lock").open("w") as held, scene.mover() as mover:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InvalidSettings, match="one process writes the placements at a time"):
            mover.move(BUCKET, "new", QUICK)
    with scene.mover() as mover:  # The lock ends with whoever held it; the file may stay.
        mover.move(BUCKET, "new", replace(QUICK, replace=True))
