"""What a process knows of a bucket without waiting: never what is old."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from bucketry import OwnershipSettings, Store
from bucketry_file.peeking import Peeker

from tests.file.stores import BUCKET, open_store, query


def test_a_bucket_is_known_once_it_was_asked_for(tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        assert store.peek_bucket_access("nothing") is None
        found = store.get_bucket_access(BUCKET)
        assert store.peek_bucket_access(BUCKET) == found


def test_a_put_makes_a_bucket_known(tmp_path: Path) -> None:
    path = tmp_path / "data"
    open_store(path).close()
    with open_store(path) as store:
        store.put_object(BUCKET, "key", b"x")
        assert store.peek_bucket_access(BUCKET) == store.get_bucket_access(BUCKET)


@pytest.mark.parametrize("change", ["settings", "deleted", "made again"])
def test_what_another_process_changes_is_not_known(tmp_path: Path, change: str) -> None:
    path = tmp_path / "data"
    with open_store(path) as store, open_store(path) as other:
        before = store.get_bucket_access(BUCKET)
        assert store.peek_bucket_access(BUCKET) == before
        if change == "settings":
            other.put_bucket_settings(BUCKET, OwnershipSettings(ownership="ObjectWriter"))
        else:
            other.delete_bucket(BUCKET)
        if change == "made again":
            other.create_bucket(BUCKET)
        assert store.peek_bucket_access(BUCKET) is None
        if change != "deleted":
            after = store.get_bucket_access(BUCKET)
            assert store.peek_bucket_access(BUCKET) == after
            assert after == other.get_bucket_access(BUCKET)


def test_who_would_wait_gets_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("CREATE TABLE t (x)")
        writer.commit()
        peeker = Peeker(lambda: sqlite3.connect(path, timeout=0))

        def count(connection: sqlite3.Connection) -> int:
            return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])

        assert peeker.look(count) == 0
        writer.execute("BEGIN EXCLUSIVE")
        assert peeker.look(count) is None
        writer.rollback()
        assert peeker.look(count) == 0
        assert peeker.look(lambda _: peeker.look(count) or "nothing") == "nothing"
        peeker.close()
        assert peeker.look(count) is None


def test_garbage_of_a_put_is_found_though_the_garbage_is_not_looked_at_each_time(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with open_store(path) as store:
        for content in (bytes(200_000), b"small", bytes(300_000), b"small"):
            store.put_object(BUCKET, "key", content)
            large = len(content) > 100_000
            assert len([one for one in (path / "blobs").rglob("*") if one.is_file()]) == large
    assert query(path, "SELECT count(*) FROM garbage") == [(0,)]


def test_a_store_that_is_closed_tells_nothing(tmp_path: Path) -> None:
    store: Store = open_store(tmp_path / "data")
    store.get_bucket_access(BUCKET)
    store.close()
    assert store.peek_bucket_access(BUCKET) is None
