"""Small objects are put and read in one statement; what is there is the same as with many."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import pytest
from bucketry import (
    BackendError,
    BadDigest,
    Body,
    NoSuchBucket,
    PreconditionFailed,
    PutOptions,
    Store,
    VersioningSettings,
)
from bucketry_file import recent_keys, small_writes
from bucketry_file.index import Index
from bucketry_file.recent_keys import RecentKeys

from tests.file.stores import BUCKET, KEYS, LARGE, open_driver, open_store, query

TABLES = {
    "versions": "bucket, key, number, is_current, is_suspended, size_bytes, parts",
    "contents": "refs, stored_bytes, digest, session, number, data",
    "pieces": "at, start, length",
    "usage": "bucket, object_count, size_bytes, noncurrent_count, noncurrent_bytes, last_number",
    "garbage": "session",
}
CONTENTS = (b"first", b"", b"second", b"x" * 1000)


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {table: query(path, f"SELECT {columns} FROM {table}") for table, columns in TABLES.items()}


def test_a_put_in_one_statement_stores_what_one_in_steps_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def watched(*arguments: Any) -> bool:
        asked.append(put_small(*arguments))
        return asked[-1]

    put_small = small_writes.put_small
    found = []
    for name, put in (("one", watched), ("steps", lambda *_: False)):
        monkeypatch.setattr("bucketry_file.objects.put_small", put)
        with open_store(tmp_path / name) as store:
            store.put_object(BUCKET, "another", b"y")
            for content in CONTENTS:
                store.put_object(BUCKET, "key", content)
                assert store.get_object(BUCKET, "key").read() == content
            store.put_object(BUCKET, "empty", b"")
        found.append(rows(tmp_path / name))
    assert found[0] == found[1]
    assert asked.count(True) >= len(CONTENTS)


def test_a_bucket_that_another_process_changed_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with open_store(path) as store, open_store(path) as other:
        store.put_object(BUCKET, "key", b"first")
        store.put_object(BUCKET, "key", b"second")
        other.put_bucket_settings(BUCKET, VersioningSettings(status="Enabled"))
        assert store.put_object(BUCKET, "key", b"third").version_id
        assert len(store.list_object_versions(BUCKET).versions) == 2
        other.create_bucket("another")
        store.put_object("another", "key", b"first")
        other.delete_object("another", "key")
        other.delete_bucket("another")
        with pytest.raises(NoSuchBucket):
            store.put_object("another", "key", b"second")
        assert query(path, "SELECT count(*) FROM contents") == [(2,)]


def test_an_encrypted_object_is_put_and_read_in_one_statement(tmp_path: Path) -> None:
    with open_store(tmp_path / "data", encryption_keys=KEYS) as store:
        for content in CONTENTS:
            store.put_object(BUCKET, "key", content, options=PutOptions(content_type="text/plain"))
            with store.get_object(BUCKET, "key") as opened:
                assert opened.info.content_type == "text/plain"
                assert opened.read() == content


def test_small_objects_that_were_used_lately_are_answered_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data"
    with open_store(path) as store:
        store.put_object(BUCKET, "small", b"x")
        store.put_object(BUCKET, "large", bytes(LARGE))
        assert store.answers_at_once(BUCKET, "small")
        assert not store.answers_at_once(BUCKET, "large")
        assert not store.answers_at_once(BUCKET, "nothing")
    with open_store(path) as store:
        assert not store.answers_at_once(BUCKET, "small")
        store.get_object(BUCKET, "small").read()
        assert store.answers_at_once(BUCKET, "small")
        later = monotonic() + recent_keys._SECONDS
        monkeypatch.setattr("bucketry_file.recent_keys.monotonic", lambda: later)
        assert not store.answers_at_once(BUCKET, "small")


@pytest.mark.parametrize("how", ["put", "copy", "complete", "another process"])
def test_a_small_object_that_became_large_is_not_answered_at_once(tmp_path: Path, how: str) -> None:
    path = tmp_path / "data"
    with open_store(path) as store, open_store(path) as other:
        store.put_object(BUCKET, "large", bytes(LARGE))
        store.put_object(BUCKET, "key", b"x")
        if how == "put":
            store.put_object(BUCKET, "key", bytes(LARGE))
        elif how == "copy":
            store.copy_object(BUCKET, "large", BUCKET, "key")
        elif how == "complete":
            begun = store.create_multipart_upload(BUCKET, "key")
            part = store.upload_part(BUCKET, "key", begun.upload_id, 1, bytes(LARGE))
            store.complete_multipart_upload(BUCKET, "key", begun.upload_id, [part])
        else:
            other.put_object(BUCKET, "key", bytes(LARGE))
            assert len(store.get_object(BUCKET, "key").read()) == LARGE
        assert not store.answers_at_once(BUCKET, "key")


def test_a_writer_that_could_not_be_set_up_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(tmp_path / "data") as store:
        store.put_object(BUCKET, "key", b"first")
    with open_store(tmp_path / "data") as store:
        with monkeypatch.context() as patch:
            patch.setattr("bucketry_file.index._WRITER", "CREATE TEMP VIEW small_puts AS SELECT 1; no SQL;")
            with pytest.raises(BackendError):
                store.put_object(BUCKET, "key", b"second")
        store.put_object(BUCKET, "key", b"third")
        assert store.get_object(BUCKET, "key").read() == b"third"


def test_a_layer_that_may_wait_is_never_called_at_once(tmp_path: Path) -> None:
    class Waits:
        blocks = True

    open_store(tmp_path / "data").close()
    with Store(open_driver(tmp_path / "data"), [Waits()]) as store:
        store.put_object(BUCKET, "small", b"x")
        assert not store.answers_at_once(BUCKET, "small")


def test_only_so_many_keys_are_kept() -> None:
    recent = RecentKeys()
    for number in range(3 * recent_keys._MOST):
        recent.note((BUCKET, str(number)))
    assert len(recent._used) + len(recent._used_before) <= 2 * recent_keys._MOST
    assert recent.has((BUCKET, str(3 * recent_keys._MOST - 1)))
    assert not recent.has((BUCKET, "0"))


@pytest.mark.parametrize("case", ["no bucket", "condition"])
def test_a_wrong_digest_is_found_after_what_forbids_the_put(tmp_path: Path, case: str) -> None:
    with open_store(tmp_path / "data") as store:
        store.put_object(BUCKET, "key", b"x")
        body = Body(b"content")
        body.require_md5(bytes(16))
        options = PutOptions(if_none_match="*" if case == "condition" else None)
        with pytest.raises(PreconditionFailed if case == "condition" else NoSuchBucket):
            store.put_object(BUCKET if case == "condition" else "nothing", "key", body, options=options)
        body = Body(b"content")
        body.require_md5(bytes(16))
        with pytest.raises(BadDigest):
            store.put_object(BUCKET, "key", body)


def test_garbage_that_is_looked_for_before_its_commit_is_found_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, looked, note = tmp_path / "data", list[Thread](), Index._note_garbage

    def look_early(index: Index) -> None:
        note(index)
        thread = Thread(target=driver._garbage.collect)
        thread.start()
        thread.join()
        looked.append(thread)

    monkeypatch.setattr(Index, "_note_garbage", look_early)
    driver = open_driver(path)
    with Store(driver) as store:
        store.create_bucket(BUCKET)
        store.put_object(BUCKET, "key", bytes(LARGE))
        store.put_object(BUCKET, "key", b"small")
        assert looked
        assert [one for one in (path / "blobs").rglob("*") if one.is_file()] == []
