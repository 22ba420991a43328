"""What the contract says nothing of: uploads whose process was killed, and files that are another program's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from bucketry import InvalidSettings, NoSuchKey, Store, Unavailable, open_store
from bucketry_sqlite import SqliteSettings

END_ALL_LEASES = "UPDATE blobs SET leased_until = 1 WHERE leased_until IS NOT NULL"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with opened(file) as store:
        store.create_bucket("bucket")
        yield store


def opened(file: Path) -> Store:
    return open_store(SqliteSettings(location=str(file)))


def query(file: Path, text: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(text).fetchall()


def test_upload_goes_on_while_others_open_the_file(store: Store, file: Path) -> None:
    def body() -> Iterator[bytes]:
        yield bytes(1_000_000)
        with opened(file) as other:
            other.put_object("bucket", "meanwhile", b"")
        yield b"end"

    assert store.put_object("bucket", "key", body()).size_bytes == 1_000_003


def test_upload_that_stood_still_too_long_is_given_up(store: Store, file: Path) -> None:
    def body() -> Iterator[bytes]:
        yield bytes(1_000_000)
        query(file, END_ALL_LEASES)
        with opened(file) as other:
            other.list_buckets()
        assert query(file, "SELECT * FROM chunks") == []
        yield b"end"

    with pytest.raises(Unavailable, match="stood still"):
        store.put_object("bucket", "key", body())
    with pytest.raises(NoSuchKey):
        store.head_object("bucket", "key")


def test_what_objects_are_made_of_is_under_no_lease(store: Store, file: Path) -> None:
    store.put_object("bucket", "key", b"content")
    upload = store.create_multipart_upload("bucket", "key")
    store.upload_part("bucket", "key", upload.upload_id, 1, b"part")
    query(file, END_ALL_LEASES)

    with opened(file) as other:
        assert other.get_object("bucket", "key").read() == b"content"
        assert [part.size_bytes for part in other.iter_parts("bucket", "key", upload.upload_id)] == [4]


def test_deleting_all_leaves_nothing_in_the_file(store: Store, file: Path) -> None:
    store.put_object("bucket", "key", b"content")
    store.copy_object("bucket", "key", "bucket", "copy")
    upload = store.create_multipart_upload("bucket", "key")
    store.upload_part("bucket", "key", upload.upload_id, 1, b"part")
    store.delete_objects("bucket", ["key", "copy"])
    store.delete_bucket("bucket")

    for table in ("objects", "pieces", "blobs", "chunks", "uploads", "parts"):
        assert query(file, f"SELECT * FROM {table}") == []  # noqa: S608 - the names stand above


def test_another_programs_database_is_left_alone(file: Path) -> None:
    query(file, "CREATE TABLE notes (text)")
    with opened(file) as store:
        assert not store.status().available
        with pytest.raises(InvalidSettings):
            store.create_bucket("bucket")
    assert query(file, "SELECT name FROM sqlite_schema") == [("notes",)]
