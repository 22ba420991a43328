"""The count of stored bytes and entries is exact after any operations."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from bucketry import (
    Body,
    CompletedPart,
    CopyOptions,
    IncompleteBody,
    NoSuchUpload,
    ObjectHeaders,
    QuotaExceeded,
)

from tests.memory.opened import BUCKET, MIB, Source, counted, held, make_store


def test_overwriting_and_deleting_free_at_once() -> None:
    store, driver = make_store(max_bytes=1000)

    store.put_object(BUCKET, "key", bytes(900))
    store.put_object(BUCKET, "key", bytes(1000))
    assert held(driver) == (1000, 2)
    store.put_object(BUCKET, "key", bytes(10))
    assert held(driver) == (10, 2)
    store.delete_object(BUCKET, "key")
    store.delete_object(BUCKET, "key")
    assert held(driver) == counted(driver) == (0, 1)


def test_a_copy_counts_and_one_onto_itself_needs_no_more_room() -> None:
    store, driver = make_store(max_bytes=1000)
    store.put_object(BUCKET, "key", bytes(600))

    with pytest.raises(QuotaExceeded):
        store.copy_object(BUCKET, "key", BUCKET, "copy")
    store.copy_object(BUCKET, "key", BUCKET, "key", CopyOptions(headers=ObjectHeaders(content_type="text/plain")))

    assert held(driver) == counted(driver) == (600, 2)


def test_parts_count_and_completing_needs_no_more_room() -> None:
    store, driver = make_store(max_bytes=1000, max_entries=5, min_part_size=1)
    upload = store.create_multipart_upload(BUCKET, "key")
    parts = [store.upload_part(BUCKET, "key", upload.upload_id, number, bytes(300)) for number in (1, 2, 3)]
    assert held(driver) == counted(driver) == (900, 5)
    with pytest.raises(QuotaExceeded):
        store.upload_part(BUCKET, "key", upload.upload_id, 3, bytes(401))

    store.complete_multipart_upload(BUCKET, "key", upload.upload_id, [parts[0], parts[2]])

    assert held(driver) == counted(driver) == (600, 2)


def test_a_part_that_is_sent_again_and_an_abort_free_at_once() -> None:
    store, driver = make_store()
    upload = store.create_multipart_upload(BUCKET, "key")
    store.upload_part(BUCKET, "key", upload.upload_id, 1, bytes(500))
    store.upload_part(BUCKET, "key", upload.upload_id, 1, bytes(20))
    assert held(driver) == counted(driver) == (20, 3)

    store.abort_multipart_upload(BUCKET, "key", upload.upload_id)

    assert held(driver) == counted(driver) == (0, 1)


def test_deleting_a_bucket_ends_its_uploads_and_closing_frees_everything() -> None:
    store, driver = make_store()
    store.create_bucket("another")
    upload = store.create_multipart_upload("another", "key")
    store.upload_part("another", "key", upload.upload_id, 1, bytes(500))
    store.put_object(BUCKET, "key", bytes(10))

    store.delete_bucket("another")
    store.create_bucket("another")

    assert list(store.iter_multipart_uploads("another")) == []
    with pytest.raises(NoSuchUpload):
        store.abort_multipart_upload("another", "key", upload.upload_id)
    assert held(driver) == counted(driver) == (10, 3)
    store.close()
    assert held(driver) == counted(driver) == (0, 0)


@pytest.mark.usefixtures("frequent_switches")
def test_the_account_is_exact_whatever_threads_do_at_once() -> None:
    limit = 3 * MIB
    store, driver = make_store(max_bytes=limit, max_entries=60, min_part_size=1)
    over: list[int] = []
    refused: list[str] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(150):
            key, size = f"key-{chance.randrange(12)}", chance.choice([0, 10, 70_000, 300_000])
            try:
                _do_one_thing(chance, key, size)
            except (QuotaExceeded, NoSuchUpload, IncompleteBody):
                refused.append(key)
            over.append(held(driver)[0])

    def _do_one_thing(chance: random.Random, key: str, size: int) -> None:
        what = chance.randrange(6)
        if what == 0:
            store.put_object(BUCKET, key, bytes(size))
        elif what == 1:
            store.put_object(BUCKET, key, Source(4, size // 4))
        elif what == 2:
            store.put_object(BUCKET, key, Body(Source(4, size // 4 + 1, breaks_at=2), 4 * (size // 4 + 1)))
        elif what == 3:
            store.delete_object(BUCKET, key)
        elif what == 4:
            upload = store.create_multipart_upload(BUCKET, key)
            part = store.upload_part(BUCKET, key, upload.upload_id, 1, bytes(size))
            store.upload_part(BUCKET, key, upload.upload_id, 2, [bytes(size)])
            if chance.randrange(2):
                listed = [CompletedPart(part.part_number, part.etag)]
                store.complete_multipart_upload(BUCKET, key, upload.upload_id, listed)
            elif chance.randrange(2):
                store.abort_multipart_upload(BUCKET, key, upload.upload_id)
        else:
            for found in store.list_multipart_uploads(BUCKET).uploads:
                store.abort_multipart_upload(BUCKET, found.key, found.upload_id)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))

    assert max(over) <= limit
    assert refused
    assert held(driver) == counted(driver)
    usage = store.bucket_usage(BUCKET)
    sizes = [found.size_bytes for found in store.iter_objects(BUCKET)]
    assert (usage.object_count, usage.size_bytes) == (len(sizes), sum(sizes))
