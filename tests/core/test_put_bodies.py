"""A body can be put only once, because a second put would store only the rest of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from bucketry import Body, IncompleteBody, InvalidArgument, NoSuchBucket, Store, open_store

Put = Callable[[Store, Body], object]


def _object(store: Store, body: Body) -> object:
    return store.put_object("photos", "key", body)


def _part(store: Store, body: Body) -> object:
    upload = store.create_multipart_upload("photos", "key")
    return store.upload_part("photos", "key", upload.upload_id, 1, body)


@pytest.fixture
def store() -> Store:
    store = open_store("memory://", environ={})
    store.create_bucket("photos")
    store.put_object("photos", "key", b"old")
    return store


@pytest.fixture(params=[_object, _part], ids=["object", "part"])
def put(request: pytest.FixtureRequest) -> Put:
    return request.param  # type: ignore[no-any-return]


def bodies() -> Iterator[Body]:
    for length in (None, 5):
        yield Body(b"hello", length)
        yield Body(io.BytesIO(b"hello"), length)
        yield Body(iter([b"hel", b"lo"]), length)


def test_a_body_that_was_put_is_not_put_again(store: Store, put: Put) -> None:
    for body in bodies():
        put(store, body)
        with pytest.raises(InvalidArgument, match="make a new Body"):
            put(store, body)
    assert store.get_object("photos", "key").read() in {b"old", b"hello"}


def test_a_body_that_was_read_from_is_not_put(store: Store, put: Put) -> None:
    for body in bodies():
        body.read(3)
        with pytest.raises(InvalidArgument, match="make a new Body"):
            put(store, body)
    assert store.get_object("photos", "key").read() == b"old"


def test_an_empty_body_that_was_put_is_not_put_again(store: Store, put: Put) -> None:
    body = Body(iter([]))
    put(store, body)
    with pytest.raises(InvalidArgument, match="make a new Body"):
        put(store, body)


def test_a_body_that_failed_is_not_put_again(store: Store, put: Put) -> None:
    body = Body(iter([b"hel"]), 5)
    with pytest.raises(IncompleteBody):
        put(store, body)
    with pytest.raises(InvalidArgument, match="make a new Body"):
        put(store, body)


def test_a_body_that_nobody_read_can_be_put_elsewhere(store: Store) -> None:
    for body in bodies():
        with pytest.raises(NoSuchBucket):
            store.put_object("missing", "key", body)
        assert store.put_object("photos", "key", body).size_bytes == 5


def test_an_empty_body_can_be_put(store: Store, put: Put) -> None:
    for body in (Body(b""), Body(iter([])), Body(io.BytesIO(), 0)):
        put(store, body)
