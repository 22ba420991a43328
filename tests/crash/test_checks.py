"""The check after a crash finds what is lost, half done or too much, and nothing else. Memory shows it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from bucketry import GetOptions, Store, open_store
from msgspec.structs import replace

from tests.crash import notes
from tests.crash.choices import Chooser, Sizes, preparation
from tests.crash.contents import Content
from tests.crash.found import found_in
from tests.crash.notes import Acknowledged, Begun, Notes, Start
from tests.crash.steps import Complete, CreateBucket, CreateUpload, Delete, Put, PutBucketTags, PutPart, Step
from tests.crash.world import UNKNOWN, Item, Value, changed, differences
from tests.crash.writing import Writing

SIZES = Sizes(small=100, large=1000)
BODY = (Content(1, 10),)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory://?min_part_size=1") as opened:
        yield opened


def _after(store: Store, *steps: Step, start: dict[Item, Value] | None = None) -> dict[Item, Value]:
    """Make steps, and return the world after them."""
    world = dict(start or {})
    for step in steps:
        world = changed(world, step.changes(world, step.run(store)))
    return world


def test_all_that_was_acknowledged_is_found(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    Writing(store, Notes(file), Start(), 1, SIZES).write(range(3), 300, encrypted=True)
    history = notes.read(file.read_bytes())
    found, problems = found_in(store)
    assert problems == []
    assert history.under_way == []
    assert differences(history.world({}), [], found) == []
    assert {type(step) for step, _ in history.acknowledged} == set(get_args(Step))


def test_a_step_under_way_is_done_or_not_and_one_that_was_acknowledged_is_done(store: Store) -> None:
    world = _after(store, *preparation(range(1)))
    chooser = Chooser(0, random.Random(2), SIZES, world)
    for _ in range(150):
        step = chooser.next()
        before, _ = found_in(store)
        new_id = step.run(store)
        after, problems = found_in(store)
        assert problems == []
        assert differences(chooser.world, [step], before) == []
        assert differences(chooser.world, [step], after) == []
        chooser.done(step, new_id)
        assert differences(chooser.world, [], after) == []
        assert before == after or differences(chooser.world, [], before)


def test_notes_that_break_off_leave_a_step_under_way(tmp_path: Path) -> None:
    written = Notes(tmp_path / "notes")
    steps = CreateBucket("bucket"), Put("bucket", "key", BODY)
    written.add(Begun(1, steps[0]))
    written.add(Begun(2, steps[1]))
    written.add(Acknowledged(1, ""))
    history = notes.read((tmp_path / "notes").read_bytes())
    assert (history.acknowledged, history.under_way) == ([(steps[0], "")], [steps[1]])


def test_a_completed_upload_that_is_still_there_is_half(store: Store) -> None:
    start = _after(store, CreateBucket("bucket"))
    upload_id = CreateUpload("bucket", "key").run(store)
    before = changed(start, CreateUpload("bucket", "key").changes(start, upload_id))
    before = _after(store, PutPart("bucket", "key", upload_id, 1, BODY), start=before)
    step = Complete("bucket", "key", upload_id, ((1, BODY),))
    half = {**before, **{item: value for item, value in step.changes(before, UNKNOWN).items() if value is not None}}
    assert any("by half" in problem for problem in differences(before, [step], half))


@pytest.mark.parametrize(
    "harm",
    [
        Put("bucket", "key", (Content(2, 10),)),
        CreateUpload("bucket", "another"),
        Delete("bucket", "key"),
        CreateBucket("another"),
        PutBucketTags("bucket", "other"),
    ],
    ids=lambda step: type(step).__name__,
)
def test_what_nobody_did_is_found(store: Store, harm: Step) -> None:
    world = _after(store, CreateBucket("bucket"), Put("bucket", "key", BODY), PutBucketTags("bucket", "1"))
    assert differences(world, [], found_in(store)[0]) == []
    harm.run(store)
    assert differences(world, [], found_in(store)[0])


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        ("iter_objects", lambda right: lambda *args: [*right(*args)][1:]),
        ("iter_objects", lambda right: lambda *args: reversed([*right(*args)])),
        ("iter_object_pages", lambda right: lambda *args: [replace(page, prefixes=()) for page in right(*args)]),
        ("bucket_usage", lambda right: lambda bucket: replace(right(bucket), size_bytes=1)),
        ("bucket_usage", lambda right: lambda bucket: replace(right(bucket), noncurrent_count=1)),
        ("get_object", lambda right: lambda bucket, key, options: right(bucket, "key/1", GetOptions())),
    ],
    ids=["listing short", "listing unsorted", "no prefixes", "size", "noncurrent", "content"],
)
def test_what_does_not_fit_together_is_found(
    store: Store, monkeypatch: pytest.MonkeyPatch, method: str, wrong: Callable[[Any], Any]
) -> None:
    _after(store, CreateBucket("bucket"), Put("bucket", "key/1", BODY), Put("bucket", "key/2", (Content(3, 7),)))
    assert found_in(store)[1] == []
    monkeypatch.setattr(store, method, wrong(getattr(store, method)))
    assert found_in(store)[1]
