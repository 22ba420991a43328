"""An opened object gives its content once. If it was closed early, its content never looks complete."""

from __future__ import annotations

import pytest
from bucketry import Features, InvalidArgument, OpenedObject, Store, Unavailable, open_store

from tests.core.tiny import TinyDriver, TinySettings

CONTENT = b"a" * (3 << 20)


@pytest.fixture(params=["tiny", "memory"])
def opened(request: pytest.FixtureRequest) -> OpenedObject:
    if request.param == "memory":
        store = open_store("memory://", environ={})
        store.create_bucket("photos")
    else:
        driver = TinyDriver(TinySettings())
        driver.features = Features(max_put_size=len(CONTENT))
        store = Store(driver)
    store.put_object("photos", "key", CONTENT)
    return store.get_object("photos", "key")


def assert_closed(opened: OpenedObject) -> None:
    for _ in range(2):
        with pytest.raises(InvalidArgument, match="closed before its end"):
            opened.read()
        with pytest.raises(InvalidArgument, match="closed before its end"):
            list(opened)
    opened.close()


def test_after_a_loop_that_was_left_there_is_no_rest_to_read(opened: OpenedObject) -> None:
    for _ in opened:
        break
    assert_closed(opened)


def test_after_the_first_chunk_was_taken_there_is_no_rest_to_read(opened: OpenedObject) -> None:
    assert next(iter(opened))
    assert_closed(opened)


def test_what_was_closed_unread_cannot_be_read(opened: OpenedObject) -> None:
    with opened:
        pass
    assert_closed(opened)


def test_what_broke_off_cannot_be_read_on() -> None:
    store = Store(TinyDriver(TinySettings()))
    store.put_object("photos", "breaks", b"content")
    for take in (OpenedObject.read, list):
        opened = store.get_object("photos", "breaks")
        with pytest.raises(Unavailable):
            take(opened)
        assert_closed(opened)


def test_after_the_end_nothing_is_left(opened: OpenedObject) -> None:
    chunks = iter(opened)
    first = next(chunks)
    assert first + opened.read() == CONTENT
    opened.close()
    assert (opened.read(), list(opened), list(chunks)) == (b"", [], [])


def test_after_a_loop_to_the_end_nothing_is_left(opened: OpenedObject) -> None:
    assert b"".join(opened) == CONTENT
    opened.close()
    assert (opened.read(), list(opened)) == (b"", [])
