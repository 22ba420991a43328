"""`AsyncStore` has the methods of `Store`: the same parameters, defaults and documented errors."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bucketry import OPERATIONS, Store, StoreClosed
from bucketry import open_store as open_sync
from bucketry.aio import AsyncStore, Opening, open_store

from tests.core.test_argument_types import GOOD
from tools.async_operations import AIO
from tools.async_operations import open_store as open_store_module
from tools.async_operations import operations as operations_module

METHODS = [name for name, _ in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")]


def test_the_modules_are_what_the_tool_writes() -> None:
    assert (AIO / "_operations.py").read_text() == operations_module(), "run `make aio`"
    assert (AIO / "_open_store.py").read_text() == open_store_module(), "run `make aio`"


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_the_parameters_and_defaults_of_the_store(name: str) -> None:
    wanted, found = (list(inspect.signature(getattr(kind, name)).parameters.values()) for kind in (Store, AsyncStore))
    assert [(each.name, each.default, each.kind) for each in found] == [
        (each.name, each.default, each.kind) for each in wanted
    ]


@pytest.mark.parametrize("name", [name for name in METHODS if name != "close"])
def test_a_method_says_what_the_store_says(name: str) -> None:
    def words(kind: type) -> list[str]:
        return re.findall(r"\w+", inspect.getdoc(getattr(kind, name)) or "")

    missing = [word for word in words(Store) if word not in words(AsyncStore)]
    assert missing == []
    assert len(words(AsyncStore)) <= len(words(Store)) + 20


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_awaited_opened_or_iterated_over(name: str) -> None:
    method = getattr(AsyncStore, name)
    if name.startswith("iter_"):
        assert method.__annotations__["return"].startswith("AsyncIterator[")
    elif name in OPERATIONS and OPERATIONS[name].opens:
        assert method.__annotations__["return"] == "Opening[AsyncOpenedObject]"
    else:
        assert inspect.iscoroutinefunction(method)
        assert method.__annotations__["return"] == getattr(Store, name).__annotations__["return"]


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.takes_body])
def test_what_takes_a_body_takes_async_ones(name: str) -> None:
    assert getattr(AsyncStore, name).__annotations__["body"] == "AsyncBodySource"


def test_open_store_has_the_same_parameters_and_the_numbers_of_threads() -> None:
    wanted, found = (dict(inspect.signature(function).parameters) for function in (open_sync, open_store))
    assert {name: found.pop(name).default for name in ("call_threads", "transfer_threads")} == {
        "call_threads": 64,
        "transfer_threads": 32,
    }
    assert found == wanted


async def first_of(result: Any) -> None:
    await (anext(result) if isinstance(result, AsyncIterator) else result)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "close"])
@pytest.mark.anyio
async def test_every_method_of_a_closed_store_refuses(name: str) -> None:
    store = await open_store("memory://")
    await store.close()
    arguments = {
        parameter: GOOD[parameter]
        for parameter in list(inspect.signature(getattr(Store, name)).parameters)[1:]
        if parameter != "options"
    }
    with pytest.raises(StoreClosed):
        await first_of(getattr(store, name)(**arguments))


@pytest.mark.anyio
async def test_opening_is_awaited_or_entered() -> None:
    async with open_store("memory://") as store:
        assert isinstance(store, AsyncStore)
        await store.create_bucket("photos")
        await store.put_object("photos", "key", b"content")
        opening = store.get_object("photos", "key")
        assert isinstance(opening, Opening)
        opened = await opening
        assert await opened.read() == b"content"
        async with opening as again:
            assert await again.read() == b"content"


def test_core_needs_no_anyio() -> None:
    code = "import sys; sys.modules['anyio'] = None; import bucketry; s = bucketry.open_store('memory://'); print(s)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "<Store memory>\n"


def test_core_imports_nothing_of_it() -> None:
    code = "import sys, bucketry; print([name for name in sys.modules if 'aio' in name.split('.') or name == 'anyio'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
