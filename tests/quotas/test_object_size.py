"""The layer that bounds the size of objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import Body, CompletedPart, InvalidSettings, Store, TooLarge
from bucketry.layers import MaxObjectSize
from bucketry_memory import MemoryDriver, MemorySettings

BUCKET = "photos"


@pytest.fixture
def stores() -> Iterator[tuple[Store, Store]]:
    """A store that takes 100 bytes, and one over the same driver that takes any size."""
    driver = MemoryDriver(MemorySettings(min_part_size=1))
    limited, free = Store(driver, [MaxObjectSize(100)]), Store(driver)
    limited.create_bucket(BUCKET)
    yield limited, free
    free.close()


def test_puts_are_refused_by_declared_and_by_real_length(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    store.put_object(BUCKET, "fits", b"x" * 100)
    with pytest.raises(TooLarge):
        store.put_object(BUCKET, "declared", b"x" * 101)
    with pytest.raises(TooLarge):
        store.put_object(BUCKET, "unknown", Body(iter([b"x" * 60, b"x" * 60])))
    assert [info.key for info in store.iter_objects(BUCKET)] == ["fits"]


def test_an_upload_is_refused_when_it_is_completed(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    upload = store.create_multipart_upload(BUCKET, "key").upload_id
    parts = []
    for number in (1, 2):
        part = store.upload_part(BUCKET, "key", upload, number, b"x" * 60)
        parts.append(CompletedPart(number, part.etag))
    with pytest.raises(TooLarge) as caught:
        store.complete_multipart_upload(BUCKET, "key", upload, parts)
    assert caught.value.max_size_bytes == 100
    with pytest.raises(TooLarge):
        store.upload_part(BUCKET, "key", upload, 3, b"x" * 101)
    assert store.complete_multipart_upload(BUCKET, "key", upload, parts[:1]).size_bytes == 60
    store.complete_multipart_upload(BUCKET, "key", upload, parts[:1])


def test_a_copy_is_refused_by_the_size_of_its_source(stores: tuple[Store, Store]) -> None:
    store, free = stores
    free.put_object(BUCKET, "large", b"x" * 101)
    with pytest.raises(TooLarge):
        store.copy_object(BUCKET, "large", BUCKET, "copy")


def test_the_store_declares_it(stores: tuple[Store, Store]) -> None:
    features = stores[0].capabilities.features
    assert {features.max_put_size, features.max_part_size, features.max_object_size} == {100}


def test_no_bytes_at_all_would_be_a_mistake() -> None:
    with pytest.raises(InvalidSettings):
        MaxObjectSize(0)
