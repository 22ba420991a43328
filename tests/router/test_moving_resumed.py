"""Moving a bucket, resumed after an interruption."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bucketry import (
    Body,
    CreateBucketOptions,
    DeleteOptions,
    InvalidArgument,
    InvalidSettings,
    ObjectInfo,
    PutOptions,
    Retention,
    RetentionOptions,
    Store,
    Tag,
    TagSettings,
    Unavailable,
    VersioningSettings,
)
from bucketry.acls import canned_acl
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemorySettings
from bucketry_router.placements import Placement
from msgspec.structs import replace

from tests.router.moving_scene import BUCKET, QUICK, Kept, Scene, histories, history, move, version_ids, write

RESUMED = replace(QUICK, resume=True)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    scene.router.create_bucket(BUCKET)
    scene.router.put_bucket_settings(BUCKET, VersioningSettings(status="Enabled"))
    for number in range(10):
        write(scene.router, f"key-{number}", "1", "2")
    yield scene
    scene.router.close()


class StoppedError(Exception):
    """Ends a move."""


def stop() -> None:
    raise StoppedError


def nothing() -> None:
    """Is done in a wait in which nothing happens."""


def fail(scene: Scene, *, kill: bool = False, at: int = 1) -> None:
    """Has a move end when all is copied, in its read-only moment: with an error, or as a process that is killed."""
    left = ""

    def note() -> None:
        nonlocal left
        left = scene.path.read_text()
        stop()

    scene.while_waiting = [*([nothing] * at), note]
    with pytest.raises(StoppedError):
        move(scene)
    if kill:
        scene.path.write_text(left)  # What the killed process could not take back.
    scene.notice()


def journal(scene: Scene) -> Path:
    return scene.path.with_name(f"placements.json.{BUCKET}.moving")


@pytest.mark.parametrize("kill", [False, True], ids=["failed", "killed"])
def test_a_move_goes_on_and_copies_nothing_twice(scene: Scene, kill: bool) -> None:
    fail(scene, kill=kill)
    assert scene.placed() == (Placement("old", "read-only", scene.placed().move) if kill else None)  # type: ignore[union-attr]
    if not kill:
        write(scene.router, "key-3", "-")
        write(scene.router, "new", "1")
    moved = move(scene, RESUMED)
    assert moved.copied == (0 if kill else 2)
    assert dict(histories(scene.inner["new"])) == dict(histories(scene.inner["old"]))
    assert "going on with 10 objects that were copied earlier" in scene.told
    assert scene.placed() == Placement("new")
    assert not journal(scene).exists()


class Stopping(Kept):
    """Fails after some puts."""

    puts_left: int | None = 7

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if self.puts_left is not None:
            self.puts_left -= 1
            if self.puts_left < 0:
                raise Unavailable("the server went away")
        return super().put_object(bucket, key, body, options)


def test_an_interruption_in_the_middle_of_the_copies(scene: Scene) -> None:
    driver = Stopping(MemorySettings())
    scene.use(driver)
    with pytest.raises(Unavailable, match="went away"):
        move(scene, replace(QUICK, threads=1))
    driver.puts_left = None
    assert move(scene, RESUMED).copied == 13
    assert dict(histories(scene.inner["new"])) == dict(histories(scene.inner["old"]))


def test_without_saying_so_nothing_is_resumed(scene: Scene) -> None:
    fail(scene, kill=True)
    with pytest.raises(InvalidSettings, match="if that process was killed, resume the move, or abandon it"):
        move(scene)
    with scene.mover() as mover:
        mover.abandon(BUCKET)
    with pytest.raises(Exception, match=r"go on with what an earlier move copied \(resume\)"):
        move(scene)
    assert move(scene, RESUMED).copied == 0


def test_copies_that_nobody_noted_are_deleted_and_those_that_are_gone_made_again(scene: Scene) -> None:
    fail(scene)
    new = scene.inner["new"]
    write(new, "key-1", "unknown")
    write(new, "foreign", "1", "2")
    first, _ = version_ids(new, "key-2")
    new.delete_object(BUCKET, "key-2", DeleteOptions(version_id=first))
    moved = move(scene, RESUMED)
    assert moved.copied == 2, "what follows a version that is gone is made again, for the order"
    assert dict(histories(new)) == dict(histories(scene.inner["old"]))


def test_a_bucket_without_versions_is_resumed_too(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.router.create_bucket(BUCKET)
    write(scene.router, "same", "1")
    write(scene.router, "changed", "1")
    write(scene.router, "gone", "1")
    scene.router.put_object(BUCKET, "tagged", b"1", PutOptions(tags={"a": "b"}))
    fail(scene)
    write(scene.router, "changed", "2")
    write(scene.router, "gone", "-")
    scene.router.put_object_tagging(BUCKET, "tagged", {"c": "d"})
    acl = canned_acl("public-read", scene.router.get_object_acl(BUCKET, "same").owner)
    scene.router.put_object_acl(BUCKET, "same", acl)
    assert move(scene, RESUMED).copied == 1
    assert scene.listed("new") == {"same": b"1", "changed": b"2", "tagged": b"1"}
    assert scene.inner["new"].get_object_tagging(BUCKET, "tagged") == {"c": "d"}
    assert scene.inner["new"].get_object_acl(BUCKET, "same").grants == acl.grants
    scene.router.close()


def test_copies_get_the_lock_and_the_tags_that_their_versions_have_by_now(scene: Scene) -> None:
    for key in [f"key-{number}" for number in range(10)]:
        for version in version_ids(scene.router, key):
            scene.router.delete_object(BUCKET, key, DeleteOptions(version_id=version))
    scene.router.delete_bucket(BUCKET)
    scene.router.create_bucket(BUCKET, CreateBucketOptions(object_lock=True))
    router, now = scene.router, scene.router.clock.now()
    retention = Retention(mode="GOVERNANCE", until=now + timedelta(days=3))
    for key in ("long", "short", "none"):
        router.put_object(BUCKET, key, b"1", PutOptions(retention=retention, tags={"a": "b"}))
    router.put_object(BUCKET, "held", b"1", PutOptions(legal_hold=True))
    fail(scene)
    wanted = {
        "long": Retention(mode="COMPLIANCE", until=now + timedelta(days=9)),
        "short": Retention(mode="GOVERNANCE", until=now + timedelta(days=1)),
        "none": Retention(),
    }
    for key, changed in wanted.items():
        router.put_object_retention(BUCKET, key, changed, RetentionOptions(bypass_governance=True))
    router.put_object_tagging(BUCKET, "none", {})
    router.put_object_tagging(BUCKET, "long", {"c": "d"})
    router.put_object_legal_hold(BUCKET, "held", False)
    assert move(scene, RESUMED).copied == 0
    new = scene.inner["new"]
    assert {key: new.head_object(BUCKET, key).retention or Retention() for key in wanted} == wanted
    assert [new.get_object_tagging(BUCKET, key) for key in ("long", "short", "none")] == [{"c": "d"}, {"a": "b"}, {}]
    assert not new.head_object(BUCKET, "held").legal_hold


def test_settings_that_an_earlier_move_put_and_are_gone_are_deleted(scene: Scene) -> None:
    tags = {"a": "b"}
    scene.router.put_bucket_settings(BUCKET, bucket_tags(tags))
    fail(scene)
    scene.inner["new"].put_bucket_settings(BUCKET, bucket_tags(tags))
    scene.router.delete_bucket_settings(BUCKET, type(bucket_tags(tags)))
    move(scene, RESUMED)
    assert scene.inner["new"].get_bucket_settings(BUCKET, type(bucket_tags(tags))).tags == ()


def bucket_tags(tags: dict[str, str]) -> TagSettings:
    return TagSettings(tags=tuple(Tag(key=key, value=value) for key, value in tags.items()))


# Two at once


def test_a_process_that_was_taken_for_dead_makes_no_copy_and_no_switch(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bucketry_router.moving.move.REREAD_SECONDS", 0.0)
    taken: list[Store] = []

    def take_over() -> None:
        scene.while_waiting = []
        move(scene, RESUMED)
        taken.append(scene.inner["new"])
        write(scene.inner["new"], "after", "1")

    scene.while_waiting = [take_over]
    with pytest.raises(InvalidSettings, match=r"says something else|was abandoned, or another process"):
        move(scene)
    assert taken
    assert scene.placed() == Placement("new")
    assert history(scene.inner["new"], "after") == ["1"]


# The file


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.unlink(), "there is no move of 'web-assets' to 'new' to resume"),
        (lambda path: path.write_text("{"), "is malformed"),
        (lambda path: path.write_text(path.read_text() + "[]\n"), "is malformed"),
        (lambda path: path.write_text(path.read_text().replace('"new"', '"third"', 1)), "is about another move"),
    ],
    ids=["missing", "no JSON", "a line of another form", "another move"],
)
def test_a_file_that_cannot_be_used_is_refused(scene: Scene, change: Callable[[Path], object], said: str) -> None:
    fail(scene)
    change(journal(scene))
    with pytest.raises(InvalidSettings, match=said):
        move(scene, RESUMED)
    assert scene.placed() is None


def test_a_line_that_was_cut_off_is_left_out(scene: Scene) -> None:
    fail(scene)
    text = journal(scene).read_text()
    journal(scene).write_text(text[:-5])
    assert move(scene, RESUMED).copied == 1
    assert dict(histories(scene.inner["new"])) == dict(histories(scene.inner["old"]))


def test_the_file_can_be_read_by_its_owner_alone_and_holds_no_content(scene: Scene) -> None:
    write(scene.router, "secret", "the content")
    fail(scene)
    assert journal(scene).stat().st_mode & 0o777 == 0o600
    text = journal(scene).read_text()
    assert json.loads(text.splitlines()[0])["bucket"] == BUCKET
    assert "the content" not in text


def test_a_move_goes_on_or_begins_anew(scene: Scene) -> None:
    with pytest.raises(InvalidArgument, match="either goes on with what was copied, or deletes it"):
        move(scene, replace(QUICK, resume=True, replace=True))
