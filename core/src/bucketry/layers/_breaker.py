"""A layer that stops asking a backend which does not answer, and asks it again now and then."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from bucketry.body import Body
from bucketry.errors import (
    BucketryError,
    IncompleteBody,
    InvalidArgument,
    InvalidDriver,
    StoreClosed,
    Unavailable,
    Unsupported,
)
from bucketry.hookspecs import OPERATIONS, hookimpl
from bucketry.layers._faults import NEVER_FAIL
from bucketry.opened_object import OpenedObject
from bucketry.operations import Operation
from bucketry.options import Options

MAX_PAUSE: Final = 3600.0

_SAY_NOTHING: Final = (IncompleteBody, InvalidArgument, InvalidDriver, StoreClosed, Unsupported)
"""Errors that a driver may raise before it asks the backend: they say nothing about it."""

_log = logging.getLogger("bucketry.breaker")


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one circuit.

    Attributes:
        is_open: Whether calls are refused.
        failures: How many calls in a row found the backend not available.
        refused: How many calls were refused since the store was opened.
        opened: How often it opened since then.
    """

    is_open: bool
    failures: int
    refused: int
    opened: int


class Breaker:
    """Refuses calls at once while the backend does not answer, so that they do not hold threads until a timeout.

    Reads and writes have a circuit each, since a backend that is full may read and hang in every write. A circuit opens
    after so many calls in a row that ended with `Unavailable`, in the call or while content was read. Then its calls
    raise `Unavailable` and reach no backend.

    After a pause the next call is the probe: it is passed on, while others are still refused. The circuit closes as
    soon as the backend answers, be it with an error. Otherwise the pause doubles. There is one probe at a time. Only if
    it takes longer than ``longest_pause``, as a slow upload may, the next one begins beside it.

    ``presign``, ``status`` and ``close`` are never refused. Threads can share the layer; each store needs one of its
    own. It goes next to the driver: layers inside it would count as the backend.

    Attributes:
        store: Name of the store among several; empty: it is the only one.
    """

    def __init__(
        self,
        failures: int = 5,
        *,
        pause: float = 1.0,
        longest_pause: float = 30.0,
        store: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes the layer, with closed circuits.

        Args:
            failures: After how many calls in a row without an answer a circuit opens; 1 or more.
            pause: Seconds until the first probe.
            longest_pause: Most seconds between two probes.
            store: Name of the store, where there are several. Errors, the log and metrics name it.
            monotonic: The clock, in seconds.

        Raises:
            InvalidArgument: An argument is out of bounds.
        """
        if failures < 1:
            raise InvalidArgument("failures is 1 or more", field="failures")
        if not 0 < pause <= longest_pause <= MAX_PAUSE:
            raise InvalidArgument(
                f"pause is more than 0, and at most longest_pause, up to {MAX_PAUSE:g}", field="pause"
            )
        self.store = store
        backend = f"the store {store!r}" if store else "the backend"
        self._reads, self._writes = (
            _Circuit(name, failures, pause, longest_pause, backend, monotonic) for name in ("reads", "writes")
        )

    @property
    def breakers(self) -> tuple[Breaker]:
        """This layer, for `Store.breakers`."""
        return (self,)

    def circuits(self) -> Mapping[Literal["reads", "writes"], Circuit]:
        """Returns the state of both circuits."""
        return {"reads": self._reads.state(), "writes": self._writes.state()}

    def _call(self, circuit: _Circuit, body: Body | None = None) -> Generator[None, Any, Any]:
        is_probe = circuit.enter()
        try:
            result = yield
        except BaseException as error:
            circuit.note(error if body is None or body.failure is None else None, is_probe=is_probe)
            raise
        circuit.succeeded()
        return result

    @hookimpl(wrapper=True)
    def get_object(self) -> Generator[None, OpenedObject, OpenedObject]:
        """Refuses or passes the call, and watches the content as it is read."""
        opened: OpenedObject = yield from self._call(self._reads)
        return opened if opened.is_held else opened.wrap(self._watched)

    def _watched(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from chunks
        except BucketryError as error:
            self._reads.note(error)
            raise

    def __repr__(self) -> str:
        return f"Breaker(reads={self._reads.word}, writes={self._writes.word})"


class _Circuit:
    """Counts failures in a row, and says who may call."""

    def __init__(
        self,
        name: str,
        failures: int,
        pause: float,
        longest_pause: float,
        backend: str,
        monotonic: Callable[[], float],
    ) -> None:
        self._name, self._backend = name, backend
        self._most = failures
        self._first_pause, self._longest_pause = pause, longest_pause
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = self._refused = self._opened = 0
        self._is_open = False
        self._pause = pause
        self._next_probe = math.inf

    @property
    def word(self) -> str:
        return "open" if self._is_open else "closed"

    def state(self) -> Circuit:
        with self._lock:
            return Circuit(is_open=self._is_open, failures=self._failures, refused=self._refused, opened=self._opened)

    def enter(self) -> bool:
        """Lets a call in; returns whether it is a probe.

        Raises:
            Unavailable: The circuit is open.
        """
        return self._is_open and self._may_probe()

    def _may_probe(self) -> bool:
        with self._lock:
            now, is_open = self._monotonic(), self._is_open  # Another thread may have closed it by now.
            if is_open and now < self._next_probe:
                self._refused += 1
                raise Unavailable(
                    f"{self._backend} did not answer {self._failures} times in a row, and is asked again in a moment"
                )
            if is_open:
                self._next_probe = now + self._longest_pause
            return is_open

    def note(self, error: BaseException | None, *, is_probe: bool = False) -> None:
        """Takes what a call failed with; ``None``: its own body broke off, which says nothing of the backend."""
        if isinstance(error, Unavailable):
            self._failed(is_probe=is_probe)
        elif isinstance(error, BucketryError) and not isinstance(error, _SAY_NOTHING):
            self.succeeded()
        elif is_probe:
            with self._lock:  # It has found out nothing: the next call is a probe.
                self._next_probe = self._monotonic()

    def succeeded(self) -> None:
        """Notes that the backend answered."""
        if not self._failures:  # As nearly always. A failure at the same moment is one more in a row, and no harm.
            return
        with self._lock:
            was_open, self._is_open, self._failures = self._is_open, False, 0
            self._pause, self._next_probe = self._first_pause, math.inf
        if was_open:
            _log.warning("%s answers again: %s are passed on", self._backend, self._name)

    def _failed(self, *, is_probe: bool) -> None:
        with self._lock:
            self._failures += 1
            opens = not self._is_open and self._failures >= self._most
            if opens:
                self._is_open = True
                self._opened += 1
                self._next_probe = self._monotonic() + self._pause
            elif is_probe and self._is_open:
                self._pause = min(2 * self._pause, self._longest_pause)
                self._next_probe = self._monotonic() + self._pause
        if opens:
            _log.warning(
                "%s did not answer %d times in a row: %s are refused until it does",
                self._backend,
                self._most,
                self._name,
            )


def _wrapper(operation: Operation) -> Callable[..., Generator[None, Any, Any]]:
    def write_with_body(self: Breaker, body: Body) -> Generator[None, Any, Any]:
        return (yield from self._call(self._writes, body))

    def write(self: Breaker) -> Generator[None, Any, Any]:
        return (yield from self._call(self._writes))

    def read(self: Breaker) -> Generator[None, Any, Any]:
        return (yield from self._call(self._reads))

    def as_options_say(self: Breaker, options: Options) -> Generator[None, Any, Any]:
        return (yield from self._call(self._writes if operation.is_write(options) else self._reads))

    if operation.takes_body:
        return write_with_body
    if isinstance(operation.writes, bool):
        return write if operation.writes else read
    return as_options_say


for _operation in OPERATIONS.values():
    if _operation.name not in NEVER_FAIL and _operation.name not in vars(Breaker):
        setattr(Breaker, _operation.name, hookimpl(wrapper=True)(_wrapper(_operation)))
