"""What the store and its layers add to a driver's method."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pluggy
from bucketry import Body, CreateBucketOptions, ListOptions, PutOptions, Store, open_store
from bucketry.hookspecs import PROJECT, DriverSpec, hookimpl
from bucketry.layers import Observe
from bucketry_memory import MemoryDriver, MemorySettings

from benchmarks.case import KIB, MICROSECONDS, Case, Contender, Contenders, Scale
from benchmarks.cases.memory import memory_store
from benchmarks.timing import timed, timed_call

_DATA = b"x" * KIB


class _PassThrough:
    """The least that a layer can be."""

    @hookimpl(wrapper=True)
    def head_bucket(self) -> Generator[None, Any, Any]:
        return (yield)


class _Plugin:
    """The least that a hook can be."""

    @hookimpl
    def head_bucket(self, bucket: str) -> str:
        return bucket


def _bare_method(scale: Scale) -> Contender:
    return Contender("a bare method call", timed_call(scale, _Plugin().head_bucket, "bench"))


def _bare_hook(scale: Scale) -> Contender:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(DriverSpec)
    manager.register(_Plugin())
    return Contender("a bare hook call", timed_call(scale, partial(manager.hook.head_bucket, bucket="bench")))


def _driver() -> MemoryDriver:
    driver = MemoryDriver(MemorySettings())
    driver.create_bucket("bench", CreateBucketOptions())
    return driver


def _head_bucket(scale: Scale, stack: ExitStack) -> Contenders:
    driver = _driver()
    store = stack.enter_context(Store(driver))
    return Contenders(
        Contender("bucketry", timed_call(scale, store.head_bucket, "bench")),
        Contender("the driver's method", timed_call(scale, driver.head_bucket, "bench")),
        _bare_method(scale),
    )


def _put_object(scale: Scale, stack: ExitStack) -> Contenders:
    driver = _driver()
    store = stack.enter_context(Store(driver))
    options = PutOptions()

    def put() -> None:
        driver.put_object("bench", "photo.jpg", Body(_DATA), options)

    return Contenders(
        Contender("bucketry", timed_call(scale, store.put_object, "bench", "photo.jpg", _DATA)),
        Contender("the driver's method", timed_call(scale, put)),
        _bare_method(scale),
    )


def _list_page(scale: Scale, stack: ExitStack) -> Contenders:
    driver = _driver()
    store = stack.enter_context(Store(driver))
    options = ListOptions(limit=10)
    for number in range(100):
        store.put_object("bench", f"{number:03}", _DATA)
    return Contenders(
        Contender("bucketry", timed_call(scale, store.list_objects, "bench", options)),
        Contender("the driver's method", timed_call(scale, driver.list_objects, "bench", options)),
        _bare_method(scale),
    )


def _layers(*layers: Callable[[], object]) -> Callable[[Scale, ExitStack], Contenders]:
    def set_up(scale: Scale, stack: ExitStack) -> Contenders:
        layered = memory_store(stack, tuple(make() for make in layers))
        plain = memory_store(stack)
        return Contenders(
            Contender("bucketry with layers", timed_call(scale, layered.head_bucket, "bench")),
            Contender("without", timed_call(scale, plain.head_bucket, "bench")),
            _bare_hook(scale),
        )

    return set_up


def _open(scale: Scale, _: ExitStack) -> Contenders:
    def managed() -> None:
        pluggy.PluginManager(PROJECT).add_hookspecs(DriverSpec)

    return Contenders(
        Contender("open_store", timed(scale, lambda: open_store("memory://", environ={}).close())),
        Contender("Store(driver)", timed(scale, lambda: Store(MemoryDriver(MemorySettings())).close())),
        Contender("a PluginManager with the hook specs", timed(scale, managed)),
    )


CASES = (
    Case(name="overhead-head-bucket", title="store over driver, head_bucket", unit=MICROSECONDS, set_up=_head_bucket),
    Case(
        name="overhead-put-object",
        title="store over driver, put_object of 1 KiB",
        unit=MICROSECONDS,
        set_up=_put_object,
    ),
    Case(
        name="overhead-list-objects",
        title="store over driver, list_objects of 10",
        unit=MICROSECONDS,
        set_up=_list_page,
    ),
    Case(name="layers-one", title="one layer, head_bucket", unit=MICROSECONDS, set_up=_layers(_PassThrough)),
    Case(
        name="layers-three", title="three layers, head_bucket", unit=MICROSECONDS, set_up=_layers(*[_PassThrough] * 3)
    ),
    Case(name="layers-observe", title="the observe layer, head_bucket", unit=MICROSECONDS, set_up=_layers(Observe)),
    Case(name="open", title="opening and closing a store", unit=MICROSECONDS, set_up=_open),
)
