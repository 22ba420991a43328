"""A store that was closed refuses every call, and says so."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import pytest
from bucketry import DONE, Done, Store, StoreClosed, open_store
from bucketry.hookspecs import OPERATIONS, hookimpl

from tests.core.test_argument_types import GOOD
from tests.core.tiny import TinyDriver, TinySettings

METHODS = [
    name
    for name, _ in inspect.getmembers(Store, inspect.isfunction)
    if not name.startswith("_") and name != "close"
]  # fmt: skip


@pytest.fixture
def store() -> Store:
    store = open_store("memory://")
    store.create_bucket("photos")
    for number in range(3):
        store.put_object("photos", f"key{number}", b"content")
    return store


def arguments_of(name: str) -> dict[str, Any]:
    parameters = list(inspect.signature(getattr(Store, name)).parameters)[1:]
    return {parameter: GOOD[parameter] for parameter in parameters if parameter != "options"}


def test_every_operation_has_a_method() -> None:
    named = {"bucket_usage": "bucket_usages"}
    assert {named.get(name, name) for name in OPERATIONS} - {"close"} <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_a_closed_store_refuses(store: Store, name: str) -> None:
    store.close()
    with pytest.raises(StoreClosed, match="The store is closed"):
        getattr(store, name)(**arguments_of(name))
    with pytest.raises(StoreClosed):
        getattr(store, name)()  # Whatever the arguments are.


@pytest.mark.parametrize("name", METHODS)
def test_who_holds_a_method_already_is_refused_too(store: Store, name: str) -> None:
    method = getattr(store, name)
    store.close()
    result = None
    with pytest.raises(StoreClosed):
        result = list(method(**arguments_of(name)))
    assert result is None


def test_calls_that_need_no_driver_are_refused_too(store: Store) -> None:
    store.close()
    with pytest.raises(StoreClosed):
        store.bucket_usages([])
    with pytest.raises(StoreClosed):
        store.delete_objects("photos", [])


def test_an_iteration_that_began_before_ends_at_its_next_page(store: Store) -> None:
    from bucketry import ListOptions

    entries = store.iter_objects("photos", ListOptions(limit=2))
    assert next(entries).key == "key0"
    store.close()
    assert next(entries).key == "key1"
    with pytest.raises(StoreClosed):
        next(entries)


def test_an_object_that_was_opened_before_is_never_cut_short(store: Store) -> None:
    opened = store.get_object("photos", "key0")
    store.close()
    assert opened.read() == b"content"


def test_what_it_could_do_can_still_be_read(store: Store) -> None:
    before = store.capabilities
    store.close()
    assert store.capabilities == before
    assert repr(store) == "<Store memory>"


def test_closing_again_does_nothing(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreClosed), store:
        pytest.fail("entered")


def test_a_driver_is_closed_once_by_many_threads() -> None:
    closed: list[int] = []

    class Driver(TinyDriver):
        @hookimpl
        def close(self) -> Done:
            closed.append(1)
            return DONE

    store = Store(Driver(TinySettings()))
    threads = [threading.Thread(target=store.close) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert closed == [1]


def test_a_driver_that_fails_to_close_leaves_a_closed_store() -> None:
    class Driver(TinyDriver):
        @hookimpl
        def close(self) -> Done:
            raise OSError("no")

    store = Store(Driver(TinySettings()))
    with pytest.raises(Exception, match="OSError"):
        store.close()
    store.close()
    with pytest.raises(StoreClosed):
        store.head_bucket("photos")


def test_other_stores_over_the_same_driver_go_on() -> None:
    driver = TinyDriver(TinySettings())
    first, second = Store(driver), Store(driver)
    first.close()
    second.put_object("photos", "key", b"content")
