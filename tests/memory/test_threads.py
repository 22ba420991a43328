"""Many threads at once: conditions and writes are one step, and readers see whole versions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from bucketry import (
    BucketAlreadyExists,
    BucketNotEmpty,
    CompleteOptions,
    CopyOptions,
    ListOptions,
    NoSuchBucket,
    NoSuchKey,
    PreconditionFailed,
    PutOptions,
)

from tests.memory.opened import BUCKET, make_store

pytestmark = pytest.mark.usefixtures("frequent_switches")

THREADS = 6


@pytest.mark.parametrize("way", ["put", "put_in_pieces", "copy", "complete"])
def test_of_many_writers_that_want_to_be_first_one_wins(way: str) -> None:
    store, _ = make_store(min_part_size=1)
    for writer in range(THREADS):
        store.put_object(BUCKET, f"source-{writer}", f"{writer}".encode())

    def write(key: str, writer: int) -> bool:
        content = f"{writer}".encode()
        try:
            if way == "put":
                store.put_object(BUCKET, key, content, PutOptions(if_none_match="*"))
            elif way == "put_in_pieces":
                store.put_object(BUCKET, key, [b"", content], PutOptions(if_none_match="*"))
            elif way == "copy":
                store.copy_object(BUCKET, f"source-{writer}", BUCKET, key, CopyOptions(if_none_match="*"))
            else:
                upload = store.create_multipart_upload(BUCKET, key)
                part = store.upload_part(BUCKET, key, upload.upload_id, 1, content)
                start.wait()
                store.complete_multipart_upload(
                    BUCKET, key, upload.upload_id, [part], CompleteOptions(if_none_match="*")
                )
        except PreconditionFailed:
            return False
        return True

    start = threading.Barrier(THREADS)

    def race(writer: int) -> list[bool]:
        won = []
        for number in range(40):
            start.wait()
            won.append(write(f"key-{number}", writer))
        return won

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(race, range(THREADS)))

    for number, won in enumerate(zip(*results, strict=True)):
        assert won.count(True) == 1
        assert store.get_object(BUCKET, f"key-{number}").read() == f"{won.index(True)}".encode()


def test_nobody_overwrites_what_he_has_not_seen() -> None:
    store, _ = make_store()
    store.put_object(BUCKET, "counter", b"0")

    def count() -> None:
        for _ in range(50):
            while True:
                with store.get_object(BUCKET, "counter") as opened:
                    etag, number = opened.info.etag, int(opened.read())
                try:
                    store.put_object(BUCKET, "counter", str(number + 1).encode(), PutOptions(if_match=etag))
                except PreconditionFailed:
                    continue
                break

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(count) for _ in range(THREADS)]:
            done.result()

    assert store.get_object(BUCKET, "counter").read() == str(THREADS * 50).encode()


def test_readers_and_listings_see_whole_versions() -> None:
    store, _ = make_store()
    versions = [bytes([number]) * (200_000 + number) for number in range(4)]
    store.put_object(BUCKET, "key", versions[0])
    stop = threading.Event()

    def write(number: int) -> None:
        version = versions[number]
        while not stop.is_set():
            store.put_object(BUCKET, "key", [version[:70_000], version[70_000:]])
            store.put_object(BUCKET, f"other-{number}", b"")
            store.delete_object(BUCKET, f"other-{number}")

    def read() -> None:
        try:
            for _ in range(300):
                with store.get_object(BUCKET, "key") as opened:
                    info, content = opened.info, opened.read()
                number = content[0]
                assert content == versions[number]
                assert info.size_bytes == len(content)
                listed = store.list_objects(BUCKET, ListOptions(prefix="key")).objects
                assert [found.key for found in listed] == ["key"]
                assert listed[0].size_bytes in {len(version) for version in versions}
        finally:
            stop.set()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, 1), pool.submit(write, 2), pool.submit(read), pool.submit(read)]:
            done.result()


def test_buckets_come_and_go_under_writers() -> None:
    store, _ = make_store()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            try:
                store.put_object("fleeting", "key", [b"content"])
                store.delete_object("fleeting", "key")
            except NoSuchBucket:
                pass

    def come_and_go() -> None:
        try:
            for _ in range(200):
                store.create_bucket("fleeting")
                with pytest.raises(BucketAlreadyExists):
                    store.create_bucket("fleeting")
                while True:
                    store.delete_objects("fleeting", ["key"])
                    try:
                        store.delete_bucket("fleeting")
                    except BucketNotEmpty:
                        continue
                    break
                with pytest.raises((NoSuchBucket, NoSuchKey)):
                    store.head_object("fleeting", "key")
        finally:
            stop.set()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(write), pool.submit(write), pool.submit(come_and_go)]:
            done.result()
    assert [bucket.name for bucket in store.list_buckets()] == [BUCKET]


def test_a_bucket_that_was_deleted_and_made_again_takes_no_body_that_began_before() -> None:
    store, _ = make_store()

    def replacing() -> list[bytes]:
        store.delete_bucket(BUCKET)
        store.create_bucket(BUCKET)
        return [b"content"]

    with pytest.raises(NoSuchBucket):
        store.put_object(BUCKET, "key", (piece for _ in range(1) for piece in replacing()))
    assert store.list_objects(BUCKET).objects == ()
