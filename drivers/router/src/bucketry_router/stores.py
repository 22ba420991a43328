"""The stores of a router: opened from its settings, and asked side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from bucketry import (
    AccessDenied,
    BackendError,
    BucketryError,
    InvalidDriver,
    InvalidSettings,
    Throttled,
    Unavailable,
)
from bucketry.composing import InnerDriver, open_driver
from bucketry.hookspecs import DriverSpec
from bucketry.layers import Breaker

from bucketry_router.settings import RouterSettings, StoreSettings

T = TypeVar("T")

IS_DOWN: Final = (Unavailable, Throttled, AccessDenied, BackendError)
"""What a backend says that cannot be used at the moment. Other errors are about the call."""

_THREADS: Final = 16
"""Most calls to one store that are made side by side with those to others. A store that is down keeps up no other."""

Layers = Callable[[str], Sequence[object]]
"""Returns the layers of a store, by its name."""

logger = logging.getLogger("bucketry")


def open_stores(settings: RouterSettings, drivers: Mapping[str, DriverSpec], layers: Layers) -> dict[str, InnerDriver]:
    """Opens the stores, in their order.

    Raises:
        InvalidSettings: The settings of one cannot be used. The message names it.
        InvalidDriver: The driver of one cannot be used. The message names it.
    """
    if unknown := drivers.keys() - {store.name for store in settings.stores}:
        raise InvalidSettings(f"no store has the name {sorted(unknown)[0]!r}, for which there is a driver")
    return {
        store.name: InnerDriver(
            drivers.get(store.name) or _open(store),
            [*_breakers(store.name, settings.breaker), *layers(store.name)],
        )
        for store in settings.stores
    }


def _breakers(name: str, failures: int) -> list[Breaker]:
    return [Breaker(failures, store=name)] if failures else []


def _open(store: StoreSettings) -> DriverSpec:
    try:
        return open_driver(store.url, settings=store.settings, defaults=store.defaults)
    except (InvalidSettings, InvalidDriver) as error:
        raise type(error)(f"the store {store.name!r}: {error.detail}") from error


class Answers(Generic[T]):
    """What stores returned, by their names, and the errors of those that are down."""

    def __init__(self) -> None:
        self.results: dict[str, T] = {}
        self.down: dict[str, BucketryError] = {}


class Stores:
    """Asks stores side by side, so that one that is slow or down does not hold up the others one after another."""

    def __init__(self, stores: Mapping[str, InnerDriver]) -> None:
        """Starts no thread yet."""
        self.by_name = stores
        self._threads = {
            name: ThreadPoolExecutor(_THREADS, thread_name_prefix=f"bucketry-router-{name}")
            for name, store in stores.items()
            if not store.features.non_blocking
        }
        self._down: set[str] = set()
        self._noting = Lock()

    def ask(self, call: Callable[[str, DriverSpec], T], names: Iterable[str] | None = None) -> Answers[T]:
        """Makes a call to each of these stores, and to all if none are named.

        Raises:
            BucketryError: A store raised an error that does not mean that it is down.
        """
        asked = list(self.by_name if names is None else names)
        answers: Answers[T] = Answers()
        if len(asked) == 1:
            self._gather(asked[0], lambda: call(asked[0], self.by_name[asked[0]].calls), answers)
            return answers
        waiting = {
            name: threads.submit(copy_context().run, call, name, self.by_name[name].calls)
            for name in asked
            if (threads := self._threads.get(name)) is not None
        }
        try:
            for name in asked:
                self._gather(name, self._answer_of(name, call, waiting), answers)
        finally:
            for future in waiting.values():
                future.cancel()
        return answers

    def _answer_of(
        self, name: str, call: Callable[[str, DriverSpec], T], waiting: Mapping[str, Future[T]]
    ) -> Callable[[], T]:
        if name in waiting:
            return waiting[name].result
        return lambda: call(name, self.by_name[name].calls)

    def _gather(self, name: str, answer: Callable[[], T], answers: Answers[T]) -> None:
        try:
            answers.results[name] = answer()
        except IS_DOWN as error:
            answers.down[name] = error

    def note_listing(self, answers: Answers[Any]) -> None:
        """Logs which stores a listing leaves out, once for each time that one goes down.

        Raises:
            BucketryError: All of them are down: the error of the first.
        """
        if answers.down and not answers.results:
            raise next(iter(answers.down.values()))
        with self._noting:
            for name, error in answers.down.items():
                if name not in self._down:
                    logger.warning("listings leave out the store %s, which is down: %s", name, error)
            self._down = set(answers.down)

    def close(self) -> None:
        """Closes all stores, also if closing one fails.

        Raises:
            Exception: Closing one failed: the first error.
        """
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        failures: list[Exception] = []
        for store in self.by_name.values():
            try:
                store.calls.close()
            except Exception as error:  # noqa: BLE001 - the others have to be closed too
                failures.append(error)
        if failures:
            raise failures[0]
