"""The limits on what the store holds."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from bucketry import (
    BadDigest,
    Body,
    IncompleteBody,
    NoSuchUpload,
    PreconditionFailed,
    PutOptions,
    QuotaExceeded,
    Store,
    TooLarge,
    open_store,
)

from tests.memory.opened import BUCKET, MIB, Source, counted, held, make_driver, make_store


def test_the_last_byte_fits_and_the_next_does_not() -> None:
    store, driver = make_store(max_bytes=1000)

    store.put_object(BUCKET, "a", bytes(400))
    store.put_object(BUCKET, "b", bytes(600))

    with pytest.raises(QuotaExceeded, match="1000 bytes") as refused:
        store.put_object(BUCKET, "c", b"x")
    assert "memory://?max_bytes=" in str(refused.value)
    assert "BUCKETRY_MEMORY_MAX_BYTES" in str(refused.value)
    assert held(driver) == counted(driver) == (1000, 3)


def test_a_url_sets_the_limit() -> None:
    with open_store("memory://?max_bytes=1000000") as store:
        store.create_bucket(BUCKET)
        store.put_object(BUCKET, "a", bytes(1_000_000))
        with pytest.raises(QuotaExceeded):
            store.put_object(BUCKET, "b", b"x")


def test_a_body_of_unknown_length_is_refused_while_it_is_pulled() -> None:
    store, driver = make_store(max_bytes=MIB)
    endless = Source(pieces=1_000_000, size=100_000)

    with pytest.raises(QuotaExceeded):
        store.put_object(BUCKET, "key", endless)

    assert endless.pulled == MIB // 100_000 + 1
    assert held(driver) == counted(driver) == (0, 1)


def test_a_body_of_known_length_is_refused_before_it_is_pulled() -> None:
    store, driver = make_store(max_bytes=MIB)
    source = Source(pieces=20, size=100_000)

    with pytest.raises(QuotaExceeded):
        store.put_object(BUCKET, "key", Body(source, 2_000_000))

    assert source.pulled == 0
    assert held(driver) == (0, 1)


def test_a_body_that_is_being_pulled_takes_its_room_from_others() -> None:
    store, driver = make_store(max_bytes=MIB)

    def slow() -> Iterator[bytes]:
        yield bytes(MIB - 100)
        with pytest.raises(QuotaExceeded):
            store.put_object(BUCKET, "other", bytes(101))
        store.put_object(BUCKET, "other", bytes(100))

    store.put_object(BUCKET, "key", slow())

    assert held(driver) == counted(driver) == (MIB, 3)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("size", [10, 100_000])
def test_a_body_that_breaks_off_gives_its_room_back(known: bool, size: int) -> None:
    store, driver = make_store()
    store.put_object(BUCKET, "key", b"before")
    upload = store.create_multipart_upload(BUCKET, "key")
    before = held(driver)

    def broken() -> Body:
        return Body(Source(pieces=10, size=size, breaks_at=5), 10 * size if known else None)

    with pytest.raises(IncompleteBody, match="its source failed"):
        store.put_object(BUCKET, "key", broken())
    with pytest.raises(IncompleteBody, match="its source failed"):
        store.upload_part(BUCKET, "key", upload.upload_id, 1, broken())

    assert held(driver) == counted(driver) == before
    assert store.get_object(BUCKET, "key").read() == b"before"
    assert list(store.iter_parts(BUCKET, "key", upload.upload_id)) == []


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_body_that_is_not_what_was_declared_gives_its_room_back(size: int) -> None:
    store, driver = make_store()

    with pytest.raises(IncompleteBody):
        store.put_object(BUCKET, "short", Body([bytes(size)], size + 1))
    with pytest.raises(IncompleteBody):
        store.put_object(BUCKET, "long", Body([bytes(size)], size - 1))
    with pytest.raises(BadDigest):
        store.put_object(BUCKET, "other", [bytes(size)], PutOptions(content_md5=bytes(16)))

    assert held(driver) == counted(driver) == (0, 1)


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_write_that_fails_at_its_end_gives_its_room_back(size: int) -> None:
    store, driver = make_store()
    upload = store.create_multipart_upload(BUCKET, "key")

    def overtaken() -> Iterator[bytes]:
        store.put_object(BUCKET, "key", b"first")
        yield bytes(size)

    def aborted() -> Iterator[bytes]:
        store.abort_multipart_upload(BUCKET, "key", upload.upload_id)
        yield bytes(size)

    with pytest.raises(PreconditionFailed):
        store.put_object(BUCKET, "key", overtaken(), PutOptions(if_none_match="*"))
    with pytest.raises(NoSuchUpload):
        store.upload_part(BUCKET, "key", upload.upload_id, 1, aborted())

    assert held(driver) == counted(driver) == (5, 2)


def test_empty_things_are_limited_too() -> None:
    store, driver = make_store(max_entries=4)

    store.put_object(BUCKET, "a", b"")
    upload = store.create_multipart_upload(BUCKET, "key")
    store.upload_part(BUCKET, "key", upload.upload_id, 1, b"")

    with pytest.raises(QuotaExceeded, match="max_entries"):
        store.put_object(BUCKET, "b", b"")
    with pytest.raises(QuotaExceeded):
        store.create_bucket("another")
    with pytest.raises(QuotaExceeded):
        store.create_multipart_upload(BUCKET, "b")
    with pytest.raises(QuotaExceeded):
        store.upload_part(BUCKET, "key", upload.upload_id, 2, b"")
    store.put_object(BUCKET, "a", b"")
    store.upload_part(BUCKET, "key", upload.upload_id, 1, b"")
    assert held(driver) == counted(driver) == (0, 4)


def test_what_is_larger_than_one_put_or_part_may_be_is_refused_while_it_is_pulled() -> None:
    driver = make_driver()
    driver.features = msgspec.structs.replace(driver.features, max_put_size=1000, max_part_size=1000)
    store = Store(driver)
    upload = store.create_multipart_upload(BUCKET, "key")
    source = Source(pieces=100, size=400)

    with pytest.raises(TooLarge):
        store.put_object(BUCKET, "key", source)
    with pytest.raises(TooLarge):
        store.upload_part(BUCKET, "key", upload.upload_id, 1, Source(pieces=100, size=400))

    assert source.pulled == 3
    assert held(driver) == counted(driver) == (0, 2)


def test_what_would_be_larger_than_an_object_may_be_is_not_completed() -> None:
    store, driver = make_store(min_part_size=1)
    driver.features = msgspec.structs.replace(driver.features, max_object_size=1000)
    upload = store.create_multipart_upload(BUCKET, "key")
    parts = [store.upload_part(BUCKET, "key", upload.upload_id, number, bytes(600)) for number in (1, 2)]

    with pytest.raises(TooLarge):
        store.complete_multipart_upload(BUCKET, "key", upload.upload_id, parts)

    assert list(store.iter_parts(BUCKET, "key", upload.upload_id)) == parts
    assert held(driver) == counted(driver) == (1200, 4)


def test_only_what_has_come_takes_room() -> None:
    """Somebody who declares much and sends little fails nobody but himself."""
    store, driver = make_store(max_bytes=10 * MIB)
    seen: list[tuple[int, int]] = []

    def slow() -> Iterator[bytes]:
        yield bytes(MIB)
        seen.append(held(driver))
        store.put_object(BUCKET, "other", bytes(7 * MIB))
        yield bytes(MIB)
        seen.append(held(driver))
        yield bytes(MIB)
        yield bytes(6 * MIB)

    with pytest.raises(QuotaExceeded):
        store.put_object(BUCKET, "slow", Body(slow(), 9 * MIB))

    assert seen == [(MIB, 1), (9 * MIB, 2)]
    assert held(driver) == counted(driver) == (7 * MIB, 2)


def test_a_part_takes_room_as_it_comes() -> None:
    store, driver = make_store(max_bytes=10 * MIB)
    upload = store.create_multipart_upload(BUCKET, "slow")

    def slow() -> Iterator[bytes]:
        yield bytes(MIB)
        store.put_object(BUCKET, "other", bytes(7 * MIB))
        yield bytes(8 * MIB)

    with pytest.raises(QuotaExceeded):
        store.upload_part(BUCKET, "slow", upload.upload_id, 1, Body(slow(), 9 * MIB))
    assert held(driver) == counted(driver) == (7 * MIB, 3)


def test_what_cannot_fit_is_refused_before_it_is_pulled() -> None:
    store, driver = make_store(max_bytes=10 * MIB)
    store.put_object(BUCKET, "other", bytes(7 * MIB))
    source = Source(4, MIB)
    with pytest.raises(QuotaExceeded):
        store.put_object(BUCKET, "slow", Body(source, 4 * MIB))
    assert source.pulled == 0
    assert held(driver) == (7 * MIB, 2)
