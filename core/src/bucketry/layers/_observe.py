"""A layer that counts: calls, time, bytes and errors of each operation."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from time import perf_counter
from typing import Any

import msgspec

from bucketry.body import Body
from bucketry.errors import BucketryError
from bucketry.hookspecs import OPERATIONS, hookimpl
from bucketry.opened_object import OpenedObject


class OperationStats(msgspec.Struct, kw_only=True):
    """The figures of one operation.

    Attributes:
        calls: How often it was called.
        seconds: How long all calls took together. For ``get_object``: until the object was open.
        bytes_in: Bytes of bodies.
        bytes_out: Bytes of content that were read. Content that the driver holds in memory counts at once.
        errors: How often each error code came, errors while content was read included.
    """

    calls: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    errors: Counter[str] = msgspec.field(default_factory=Counter)


class Observe:
    """Counts calls, time, bytes and errors. `snapshot` returns the figures; ``report`` can feed a metrics library.

    The ``report`` callback gets the operation's name and the figures of one event. It is called in the thread of the
    store's caller, and should be quick.
    """

    def __init__(self, report: Callable[[str, OperationStats], None] | None = None) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._stats: dict[str, OperationStats] = {}

    def snapshot(self) -> dict[str, OperationStats]:
        """Returns a copy of the figures so far, for the operations that were called."""
        with self._lock:
            return {
                name: msgspec.structs.replace(stats, errors=Counter(stats.errors))
                for name, stats in self._stats.items()
            }

    def _add(self, operation: str, event: OperationStats) -> None:
        with self._lock:
            total = self._stats.setdefault(operation, OperationStats())
            total.calls += event.calls
            total.seconds += event.seconds
            total.bytes_in += event.bytes_in
            total.bytes_out += event.bytes_out
            total.errors.update(event.errors)
        if self._report is not None:
            self._report(operation, event)

    def _observe(self, operation: str, body: Body | None = None) -> Generator[None, Any, Any]:
        event = OperationStats(calls=1)
        begun = perf_counter()
        try:
            return (yield)
        except Exception as error:
            event.errors[_code(error)] += 1
            raise
        finally:
            event.seconds = perf_counter() - begun
            event.bytes_in = 0 if body is None else body.bytes_read
            self._add(operation, event)

    @hookimpl(wrapper=True)
    def get_object(self) -> Generator[None, OpenedObject, OpenedObject]:
        """Counts the call, and the content as it is read."""
        opened: OpenedObject = yield from self._observe("get_object")
        if opened.is_held:
            # It stays held, so that its reader has it at once.
            self._add("get_object", OperationStats(bytes_out=opened.length))
            return opened
        return opened.wrap(self._counted)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        event = OperationStats()
        try:
            for chunk in chunks:
                event.bytes_out += len(chunk)
                yield chunk
        except Exception as error:
            event.errors[_code(error)] += 1
            raise
        finally:
            self._add("get_object", event)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, BucketryError) else type(error).__name__


def _wrapper(operation: str) -> Callable[..., Generator[None, Any, Any]]:
    def observed(self: Observe) -> Generator[None, Any, Any]:
        return (yield from self._observe(operation))

    def observed_with_body(self: Observe, body: Body) -> Generator[None, Any, Any]:
        return (yield from self._observe(operation, body))

    return observed_with_body if OPERATIONS[operation].takes_body else observed


for _operation in OPERATIONS:
    if _operation not in vars(Observe):
        setattr(Observe, _operation, hookimpl(wrapper=True)(_wrapper(_operation)))
