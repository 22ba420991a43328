"""``bucketry move``, between two folders."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bucketry import Store, open_store
from bucketry_router import Mover

from tests.cli.conftest import Run, Spawn
from tests.cli.test_configuration import write

TWO = """
[drivers.router]
placements = "placements.json"
[[stores]]
name = "old"
url = "folder://{old}"
buckets = ["web-*"]
[[stores]]
name = "new"
url = "folder://{new}"
default = true
"""


@pytest.fixture
def stores(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Store]:
    paths = {name: tmp_path / name for name in ("old", "new")}
    for path in paths.values():
        path.mkdir()
    write(TWO.format(**paths))
    monkeypatch.setattr("bucketry_router.Mover", partial(Mover, sleep=lambda _: None))
    opened = {name: open_store(f"folder://{path}") for name, path in paths.items()}
    for bucket in ("web-a", "web-b", "web-c"):
        opened["old"].create_bucket(bucket)
        opened["old"].put_object(bucket, "key", bucket.encode())
    return opened


def names(store: Store) -> list[str]:
    return [info.name for info in store.list_buckets()]


def test_a_bucket_is_moved_and_commands_find_it(run: Run, stores: dict[str, Store]) -> None:
    result = run("move", "web-a", "--to", "new", "--delete-source", store=None)
    assert result.exit_code == 0, result.output
    assert "web-a is read-only for at most 60 seconds" in result.stderr
    assert "moved web-a from old to new: 1 objects, 5 bytes, read-only for" in result.stderr
    assert (names(stores["old"]), names(stores["new"])) == (["web-b", "web-c"], ["web-a"])
    assert run("get", "web-a/key", "-", store=None).stdout == "web-a"
    assert json.loads(Path("placements.json").read_text()) == {"buckets": {"web-a": {"store": "new"}}}
    again = run("move", "web-a", "--to", "new", store=None)
    assert again.exit_code == 1
    assert "lies in the store 'new' already" in again.stderr


def test_all_buckets_of_a_pattern_are_moved(run: Run, stores: dict[str, Store]) -> None:
    assert run("move", "web-[ab]", "--to", "new", "--settle-seconds", "2", store=None).exit_code == 0
    assert names(stores["new"]) == ["web-a", "web-b"]
    assert run("move", "web-*", "--to", "new", store=None).exit_code == 0
    assert names(stores["new"]) == ["web-a", "web-b", "web-c"]
    none = run("move", "web-*", "--to", "new", store=None)
    assert none.exit_code == 0
    assert "no bucket that matches web-* lies in another store" in none.stderr


def test_a_move_that_was_killed_is_abandoned(run: Run, stores: dict[str, Store]) -> None:
    write('{"buckets": {"web-a": {"store": "old", "state": "read-only"}}}', "placements.json")
    refused = run("put", "-", "web-a/new", store=None, stdin="1")
    assert refused.exit_code == 1
    assert "it is read-only for a moment" in " ".join(refused.stderr.split())
    assert run("move", "web-a", "--to", "new", store=None).exit_code == 1
    assert run("move", "web-a", "--abandon", store=None).exit_code == 0
    assert run("put", "-", "web-a/new", store=None, stdin="1").exit_code == 0


def test_a_move_that_was_killed_in_its_read_only_moment_is_resumed(
    run: Run, spawn: Spawn, stores: dict[str, Store]
) -> None:
    for number in range(20):
        stores["old"].put_object("web-a", f"key-{number}", b"1")
    killed = spawn("move", "web-a", "--to", "new", store=None)
    until = time.monotonic() + 60
    while not Path("placements.json").exists() or "read-only" not in Path("placements.json").read_text():
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    killed.kill()
    killed.wait(30)
    assert run("put", "-", "web-a/new", store=None, stdin="1").exit_code == 1
    refused = run("move", "web-a", "--to", "new", store=None)
    assert "resume the move, or abandon it" in " ".join(refused.stderr.split())
    resumed = run("move", "web-a", "--to", "new", "--resume", store=None)
    assert resumed.exit_code == 0, resumed.output
    assert "going on with 21 objects that were copied earlier" in resumed.stderr
    assert "pass 1: 0 objects copied or deleted" in resumed.stderr
    assert len(list(stores["new"].iter_objects("web-a"))) == 21
    assert run("put", "-", "web-a/new", store=None, stdin="1").exit_code == 0
    assert sorted(path.name for path in Path().glob("placements*")) == ["placements.json", "placements.json.lock"]
    nothing = run("move", "web-b", "--to", "new", "--resume", store=None)
    assert "there is no move of 'web-b' to 'new' to resume" in " ".join(nothing.stderr.split())


def test_a_late_write_fails_the_command(run: Run, stores: dict[str, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    late: list[Callable[[], Any]] = [
        lambda: stores["old"].put_object("web-a", "late", b"1"),
        lambda: None,
        lambda: None,
    ]
    monkeypatch.setattr("bucketry_router.Mover", partial(Mover, sleep=lambda _: late.pop()()))
    result = run("move", "web-a", "--to", "new", "--delete-source", store=None)
    assert result.exit_code == 1
    assert "ended in the old store after it was moved, the first to the key 'late'" in " ".join(result.stderr.split())
    assert "web-a" in names(stores["old"])


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["web-a"], "give --to STORE, or --abandon", 2),
        (["web-a", "--to", "new", "--abandon"], "give --to STORE, or --abandon", 2),
        (["web-a", "--to", "third"], "no store is named 'third' (stores: old, new)", 1),
        (["missing", "--to", "old"], "does not exist", 1),
        (["web-a", "--to", "new", "--settle-seconds", "1"], "1.0 is not in the range", 2),
        (["web-a", "--to", "new", "--settle-seconds", "90"], "less than read_only_seconds", 1),
        (["web-a", "--to", "new", "--resume", "--replace"], "either goes on with what was copied, or deletes it", 1),
        (["web-a", "--to", "new", "--version-ids", "missing/file"], "the file of version ids 'missing/file' cannot", 1),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: Run, stores: dict[str, Store], arguments: list[str], said: str, code: int
) -> None:
    result = run("move", *arguments, store=None)
    assert (result.exit_code, said in " ".join(result.stderr.split())) == (code, True), result.stderr


def test_without_stores_or_placements_it_says_what_is_missing(run: Run, stores: dict[str, Store]) -> None:
    text = Path("bucketry.toml").read_text()
    write(text.replace('placements = "placements.json"', ""))
    assert "set placements in [drivers.router]" in " ".join(
        run("move", "web-a", "--to", "new", store=None).stderr.split()
    )
    write("")
    assert "write [[stores]] into the settings file" in run("move", "web-a", "--to", "new", store=None).stderr
