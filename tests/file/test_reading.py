"""Content stays whole while it is read, whatever is deleted meanwhile; damage is found out."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from bucketry import BackendError, ByteRange, CopyOptions, GetOptions, ObjectHeaders, Store
from bucketry_file import reading
from bucketry_file.contents import open_content
from bucketry_file.objects import COPY_TRIES, Objects, Source
from bucketry_file.reading import Content, Span

from tests.file.stores import BUCKET, KEYS, LARGE, files, open_driver, open_store, query

PARTS = 20


def upload(store: Store, key: str, parts: list[bytes]) -> None:
    begun = store.create_multipart_upload(BUCKET, key)
    sent = [store.upload_part(BUCKET, key, begun.upload_id, number, part) for number, part in enumerate(parts, 1)]
    store.complete_multipart_upload(BUCKET, key, begun.upload_id, sent)


def contents(path: Path) -> list[Path]:
    return [found for found in (path / "blobs").rglob("*") if found.is_file()]


@pytest.fixture
def parts() -> list[bytes]:
    return [os.urandom(10_000 + number) for number in range(PARTS)]


def test_an_object_of_many_files_stays_while_it_is_read(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "data"
    store, other = open_store(path), open_store(path)
    upload(store, "key", parts)
    assert PARTS > reading._OPEN_FILES
    opened = store.get_object(BUCKET, "key")
    chunks = iter(opened)
    read = [next(chunks)]
    other.delete_object(BUCKET, "key")
    assert len(contents(path)) == PARTS
    read += list(chunks)
    assert b"".join(read) == b"".join(parts)
    store.delete_object(BUCKET, "key")  # Whoever deletes something next takes it along.
    assert contents(path) == []


def test_a_reader_that_is_forgotten_holds_nothing_up(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    upload(store, "key", parts)
    opened = store.get_object(BUCKET, "key")
    store.delete_object(BUCKET, "key")
    assert len(contents(path)) == PARTS
    del opened
    gc.collect()
    store.delete_object(BUCKET, "key")
    assert contents(path) == []


def test_an_object_of_one_file_stays_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    content = os.urandom(3 * 1024 * 1024)
    store.put_object(BUCKET, "key", content)
    with store.get_object(BUCKET, "key") as opened:
        store.put_object(BUCKET, "key", b"")
        assert contents(path) == []
        assert opened.read() == content


def test_a_file_that_goes_before_it_is_opened_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    store.put_object(BUCKET, "key", bytes(LARGE))

    def late(*arguments: object) -> int:
        monkeypatch.undo()
        store.put_object(BUCKET, "key", b"\1" * LARGE)
        return open_content(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "open_content", late)
    assert store.get_object(BUCKET, "key").read() == b"\1" * LARGE


def test_content_that_is_open_when_the_store_closes_comes_whole_or_not_at_all(
    tmp_path: Path, parts: list[bytes]
) -> None:
    store = open_store(tmp_path / "data")
    store.put_object(BUCKET, "one", b"".join(parts))
    upload(store, "many", parts)
    opened = [store.get_object(BUCKET, key) for key in ("one", "many")]
    store.close()
    for found in opened:
        assert found.read() == b"".join(parts)


def test_a_reader_that_is_freed_while_the_session_is_locked_waits_for_nothing(
    tmp_path: Path, parts: list[bytes]
) -> None:
    path = tmp_path / "data"
    driver = open_driver(path)
    store = Store(driver)
    store.create_bucket(BUCKET)
    upload(store, "key", parts)
    opened = [store.get_object(BUCKET, "key")]
    with driver._session._locked():  # As Python does it: in whatever thread allocates something, and whatever it holds.
        opened.clear()
        gc.collect()
    store.delete_object(BUCKET, "key")
    assert contents(path) == []


@pytest.mark.parametrize("settings", [{}, {"encryption_keys": KEYS}], ids=["plain", "with keys"])
def test_every_range_of_an_object_in_parts_is_right(
    tmp_path: Path, parts: list[bytes], settings: dict[str, object]
) -> None:
    store = open_store(tmp_path / "data", **settings)
    upload(store, "key", parts)
    whole = b"".join(parts)
    for first in (0, 1, 9_999, 10_000, 10_001, 100_000, len(whole) - 1):
        for last in (first, first + 1, first + 9_999, first + 50_000, len(whole) + 5):
            found = store.get_object(BUCKET, "key", GetOptions(range=ByteRange(first, last))).read()
            assert found == whole[first : last + 1]


def _shorten(path: Path) -> None:
    os.truncate(path, 100)


def _lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[LARGE // 2] ^= 1
    path.write_bytes(content)


def _remove(path: Path) -> None:
    path.unlink()


def _link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("damage", [_shorten, _lengthen, _flip, _remove, _link, _pipe])
def test_damage_is_an_error_and_never_an_end(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    store.put_object(BUCKET, "key", os.urandom(LARGE))
    damage(contents(path)[0])  # type: ignore[operator]
    with pytest.raises(BackendError, match="is damaged"):
        store.get_object(BUCKET, "key").read()
    store.put_object(BUCKET, "key", b"new")
    assert store.get_object(BUCKET, "key").read() == b"new"


def test_damage_in_the_index_is_found_when_a_content_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    store.put_object(BUCKET, "key", b"content")
    query(path, "UPDATE contents SET data = ?", b"Content")
    with pytest.raises(BackendError, match="is damaged"):
        store.get_object(BUCKET, "key").read()


def test_memory_does_not_grow_with_the_parts_of_an_object(tmp_path: Path) -> None:
    store = open_store(tmp_path / "data")
    store.put_object(BUCKET, "small", b"x" * 1000)
    begun = store.create_multipart_upload(BUCKET, "key")
    sent = [store.upload_part_copy(BUCKET, "key", begun.upload_id, n, BUCKET, "small") for n in range(1, 30)]
    store.complete_multipart_upload(BUCKET, "key", begun.upload_id, sent)
    rows = query(tmp_path / "data", "SELECT count(data), count(*) FROM contents")
    assert rows == [(1, 30)]  # The object alone is inline: parts are files, however small.
    assert store.get_object(BUCKET, "key").read() == b"x" * 29_000


def test_a_part_is_copied_from_a_source_that_is_replaced_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "data")
    written = [os.urandom(LARGE)]
    store.put_object(BUCKET, "source", written[0])
    open_source = Objects.content

    def replaced(objects: Objects, source: Source, span: Span) -> Content:
        opened = open_source(objects, source, span)
        written.append(os.urandom(LARGE))
        store.put_object(BUCKET, "source", written[-1])
        return opened

    monkeypatch.setattr(Objects, "content", replaced)
    begun = store.create_multipart_upload(BUCKET, "key")
    part = store.upload_part_copy(BUCKET, "key", begun.upload_id, 1, BUCKET, "source")
    store.complete_multipart_upload(BUCKET, "key", begun.upload_id, [part])
    assert len(written) == COPY_TRIES + 1
    assert store.get_object(BUCKET, "key").read() == written[-2]


def test_a_copy_shares_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data"
    driver = open_driver(path)
    store = Store(driver)
    store.create_bucket(BUCKET)
    store.put_object(BUCKET, "key", bytes(LARGE))
    before = files(path)
    for number in range(5):
        store.copy_object(BUCKET, "key", BUCKET, f"copy {number}")
    store.copy_object(BUCKET, "key", BUCKET, "key", CopyOptions(headers=ObjectHeaders(content_type="text/css")))
    assert files(path) == before
    assert query(path, "SELECT refs FROM contents") == [(6,)]
