"""Layers that report and count: calls, time, bytes and errors of each operation."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import msgspec

from bucketry.errors import BucketryError
from bucketry.hookspecs import OPERATIONS
from bucketry.opened_object import OpenedObject

Call = Callable[..., Any]


class CallEvent(msgspec.Struct, gc=False):
    """One call, or content of an object that was read after its call.

    Attributes:
        operation: The operation's name.
        calls: 1 for a call, 0 for content that was read later.
        seconds: How long the call took. For ``get_object``: until the object was open.
        bytes_in: Bytes of its body.
        bytes_out: Bytes of content that were read. Content that the driver holds in memory belongs to the call.
        code: Code of the error that it ended with; empty: none.
    """

    operation: str
    calls: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    code: str = ""


Report = Callable[[CallEvent], object]


class ReportCalls:
    """Reports each call, such as to a metrics library.

    The ``report`` callback gets one event. It is called in the thread of the store's caller, and should be quick.

    Attributes:
        blocks: Whether the callback waits for anything. Servers then call the store in threads alone.
    """

    only_watches = True

    def __init__(self, report: Report, *, blocks: bool = False) -> None:
        self._report = report
        self.blocks = blocks

    def around(self, operation: str, call: Call) -> Call:
        """Returns a call that is reported, in the place of a call of this operation."""
        return _reported(operation, call, self._report)


class OperationStats(msgspec.Struct, kw_only=True):
    """The figures of one operation: of its events, added up.

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
    """Counts calls, time, bytes and errors. `snapshot` returns the figures."""

    only_watches = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stats: dict[str, OperationStats] = {}

    def snapshot(self) -> dict[str, OperationStats]:
        """Returns a copy of the figures so far, for the operations that were called."""
        with self._lock:
            return {
                name: msgspec.structs.replace(stats, errors=Counter(stats.errors))
                for name, stats in self._stats.items()
            }

    def around(self, operation: str, call: Call) -> Call:
        """Returns a call that is counted, in the place of a call of this operation."""
        return _reported(operation, call, self._add)

    def _add(self, event: CallEvent) -> None:
        with self._lock:
            total = self._stats.setdefault(event.operation, OperationStats())
            total.calls += event.calls
            total.seconds += event.seconds
            total.bytes_in += event.bytes_in
            total.bytes_out += event.bytes_out
            if event.code:
                total.errors[event.code] += 1


def _reported(operation: str, call: Call, report: Report) -> Call:
    if OPERATIONS[operation].opens:
        return _reported_opening(operation, call, report)
    parameters = OPERATIONS[operation].parameters
    body = parameters.index("body") if OPERATIONS[operation].takes_body else None

    def reported(*values: Any) -> Any:
        event = CallEvent(operation, 1)
        begun = perf_counter()
        try:
            return call(*values)
        except Exception as error:
            event.code = _code(error)
            raise
        finally:
            event.seconds = perf_counter() - begun
            if body is not None:
                event.bytes_in = values[body].bytes_read
            report(event)

    return reported


def _reported_opening(operation: str, call: Call, report: Report) -> Call:
    def reported(*values: Any) -> OpenedObject:
        event = CallEvent(operation, 1)
        begun = perf_counter()
        try:
            opened: OpenedObject = call(*values)
            is_held = opened.is_held
            if is_held:
                event.bytes_out = opened.length
        except Exception as error:
            event.code = _code(error)
            raise
        finally:
            event.seconds = perf_counter() - begun
            report(event)
        # What is held stays held, so that its reader has it at once.
        return opened if is_held else opened.wrap(counted)

    def counted(chunks: Iterator[bytes]) -> Iterator[bytes]:
        event = CallEvent(operation)
        try:
            for chunk in chunks:
                event.bytes_out += len(chunk)
                yield chunk
        except Exception as error:
            event.code = _code(error)
            raise
        finally:
            report(event)

    return reported


def _code(error: Exception) -> str:
    return error.code if isinstance(error, BucketryError) else type(error).__name__
