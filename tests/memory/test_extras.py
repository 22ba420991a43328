"""Rare facts of objects: tags, dates, parts that can be read alone, and copied parts."""

from __future__ import annotations

import pytest
from bucketry import (
    ByteRange,
    CopyOptions,
    GetOptions,
    HeadOptions,
    ObjectHeaders,
    Part,
    PartCopyOptions,
    PutOptions,
    QuotaExceeded,
    Store,
)

from tests.memory.opened import BUCKET, MIB, Source, counted, held, make_store

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def test_tagging_leaves_the_time_and_everything_else_as_it_was() -> None:
    store, _ = make_store()
    before = store.put_object(BUCKET, "key", b"content", PutOptions(metadata={"a": "b"}, expires=DATE))
    store.put_object_tagging(BUCKET, "key", {"colour": "blue"})
    assert store.head_object(BUCKET, "key") != before
    store.delete_object_tagging(BUCKET, "key")
    assert store.head_object(BUCKET, "key") == before


def test_tagging_keeps_the_parts_of_an_object() -> None:
    store, _ = make_store(min_part_size=1)
    _upload(store, b"first", b"last")
    store.put_object_tagging(BUCKET, "key", {"colour": "blue"})
    info = store.head_object(BUCKET, "key", HeadOptions(part_number=2))
    assert (info.parts_count, info.tag_count) == (2, 1)


def test_an_object_like_most_takes_no_room_for_what_few_have() -> None:
    store, driver = make_store()
    store.put_object(BUCKET, "key", b"content", PutOptions(content_type="text/css", metadata={"a": "b"}))
    store.put_object(BUCKET, "tagged", b"content", PutOptions(tags={"colour": "blue"}))
    store.delete_object_tagging(BUCKET, "tagged")
    assert [stored.extras for stored in driver._buckets[BUCKET].objects.values()] == [None, None]


def test_options_that_are_used_again_give_each_object_its_own_date_and_tags() -> None:
    store, _ = make_store()
    options = PutOptions(tags={"colour": "blue"}, expires=DATE)
    for key, chosen in (("a", options), ("b", options), ("c", PutOptions())):
        store.put_object(BUCKET, key, b"content", chosen)
    infos = [store.head_object(BUCKET, key) for key in "abc"]
    assert [(info.expires, info.tag_count) for info in infos] == [(DATE, 1), (DATE, 1), (None, 0)]


def test_new_headers_of_a_copy_may_take_the_date_away() -> None:
    store, _ = make_store()
    store.put_object(BUCKET, "key", b"content", PutOptions(expires=DATE))
    assert store.copy_object(BUCKET, "key", BUCKET, "copy").expires == DATE
    headers = CopyOptions(headers=ObjectHeaders(content_type="text/css"))
    assert store.copy_object(BUCKET, "key", BUCKET, "key", headers).expires is None


def test_parts_of_a_large_object_are_read_alone_without_joining_them() -> None:
    store, _ = make_store(min_part_size=1)
    _upload(store, bytes(3 * MIB), b"x" * MIB, b"")
    with store.get_object(BUCKET, "key", GetOptions(part_number=2)) as opened:
        assert list(opened) == [b"x" * MIB]
    empty = store.get_object(BUCKET, "key", GetOptions(part_number=3))
    assert (empty.length, empty.read(), empty.content_range) == (0, b"", empty.info.part_range)


def test_a_copy_of_an_object_that_was_uploaded_in_parts_has_one() -> None:
    store, _ = make_store(min_part_size=1)
    _upload(store, b"first", b"last")
    store.copy_object(BUCKET, "key", BUCKET, "copy")
    info = store.head_object(BUCKET, "copy", HeadOptions(part_number=1))
    assert (str(info.part_range), info.parts_count) == ("bytes 0-8/9", None)


def test_a_copied_part_counts_and_shares_its_bytes() -> None:
    store, driver = make_store(max_bytes=10 * MIB)
    store.put_object(BUCKET, "source", Source(4, MIB))
    upload = store.create_multipart_upload(BUCKET, "key")
    part = store.upload_part_copy(BUCKET, "key", upload.upload_id, 1, BUCKET, "source")
    assert held(driver) == counted(driver) == (8 * MIB, 4)
    bucket = driver._buckets[BUCKET]
    assert bucket.uploads.get("key", upload.upload_id).parts[1].content is bucket.objects["source"].content
    with pytest.raises(QuotaExceeded):
        store.upload_part_copy(BUCKET, "key", upload.upload_id, 2, BUCKET, "source")
    assert held(driver) == counted(driver) == (8 * MIB, 4)
    store.complete_multipart_upload(BUCKET, "key", upload.upload_id, [part])
    assert held(driver) == counted(driver) == (8 * MIB, 3)


def test_a_copied_part_that_is_not_stored_gives_its_room_back() -> None:
    store, driver = make_store(max_entries=3)
    store.put_object(BUCKET, "source", bytes(100))
    upload = store.create_multipart_upload(BUCKET, "key")
    wanted = PartCopyOptions(range=ByteRange(10, 59))
    with pytest.raises(QuotaExceeded):
        store.upload_part_copy(BUCKET, "key", upload.upload_id, 1, BUCKET, "source", wanted)
    assert held(driver) == counted(driver) == (100, 3)


def test_a_range_of_a_large_object_that_is_copied_has_the_etag_of_its_bytes() -> None:
    store, driver = make_store()
    store.put_object(BUCKET, "source", Source(3, MIB))
    upload = store.create_multipart_upload(BUCKET, "key")
    wanted = PartCopyOptions(range=ByteRange(MIB - 1, 2 * MIB))
    copied = store.upload_part_copy(BUCKET, "key", upload.upload_id, 1, BUCKET, "source", wanted)
    assert held(driver) == counted(driver) == (4 * MIB + 2, 4)
    assert copied.etag == store.upload_part(BUCKET, "key", upload.upload_id, 2, bytes(MIB + 2)).etag


def _upload(store: Store, *contents: bytes) -> None:
    upload = store.create_multipart_upload(BUCKET, "key")
    parts: list[Part] = [
        store.upload_part(BUCKET, "key", upload.upload_id, number, content)
        for number, content in enumerate(contents, 1)
    ]
    store.complete_multipart_upload(BUCKET, "key", upload.upload_id, parts)
