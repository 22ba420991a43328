"""Rates and concurrency: how much each principal and each address may do at a time.

`Limited` is put around a port if there are such limits, and costs nothing otherwise: a port looks whether the request's
scope has an `Admission`, and tells it who sends the request.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal

import msgspec
from bucketry import InvalidSettings

from bucketry_http.shared.errors import TooManyRequests
from bucketry_http.shared.origin import ADMISSION, client_address, network_of
from bucketry_http.shared.running import Running, RunningHere, RunningTogether

FILE_NAME: Final = "rates"

BURST_SECONDS: Final = 5.0
"""What may come at once: as much as in so many seconds."""

LEAST_BYTES: Final = 64 * 1024
"""Least rate of bytes, in bytes a second: a slower body would count as one that stands still."""

_ROUNDING: Final = 1e-6
"""A shorter wait, in seconds, comes from how times are rounded: some first requests at a low rate had one."""

LEAST_REQUESTS: Final = 1 / 86_400
"""Least rate of requests, in requests a second: one a day. So nobody is told to wait for longer."""

_MOST_PAUSE: Final = 5.0
"""Longest pause before the next piece of a body, in seconds."""

_SETS: Final = 2048
_WAYS: Final = 8
_SLOT: Final = struct.Struct("=Qd")
_SET_BYTES: Final = _WAYS * _SLOT.size

Who = Literal["principal", "address"]


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much each principal, and each address, may do. 0: there is no such limit.

    A principal is a user, or an access key that belongs to no user. Addresses of IPv6 with the same first 64 bits count
    as one.

    Attributes:
        principal_requests: Most requests of a principal a second, on average; at least one a day.
        principal_bytes: Most bytes of bodies a second, sent and received, on average; at least 64 KiB.
        principal_concurrency: Most requests in progress.
        address_requests: Most requests of an address a second, on average.
        address_bytes: Most bytes a second, likewise.
        address_concurrency: Most requests in progress.

    Raises:
        InvalidSettings: A limit is negative or NaN, or a rate is too low.
    """

    principal_requests: float = 0.0
    principal_bytes: int = 0
    principal_concurrency: int = 0
    address_requests: float = 0.0
    address_bytes: int = 0
    address_concurrency: int = 0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not value >= 0:  # NaN is not either.
                raise InvalidSettings(f"{name} cannot be {'negative' if value < 0 else value}")
            if name.endswith("_requests") and 0 < value < LEAST_REQUESTS:
                least = f"{LEAST_REQUESTS:.6f} requests a second (one a day)"
                raise InvalidSettings(f"{name} is at least {least}, or 0 for no limit")
            if name.endswith("_bytes") and 0 < value < LEAST_BYTES:
                raise InvalidSettings(f"{name} is at least {LEAST_BYTES} bytes a second, or 0 for no limit")

    @property
    def is_on(self) -> bool:
        """Whether there is any limit."""
        return any(getattr(self, name) for name in self.__struct_fields__)


class RateTable:
    """When each of many names may go on, in a table of fixed size (generic cell rate algorithm).

    For each name it keeps the time at which all that it did would be done, at its rate. Processes may share it in a
    file. If too many names are active at once, those that did least are forgotten.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Makes an empty table.

        Args:
            folder: Where several processes share it; ``None``: this process alone uses it.
        """
        self._lock: Callable[[int, int], None] | None = None
        if folder is None:
            self._slots = mmap.mmap(-1, _SETS * _SET_BYTES)
            return
        import fcntl

        # It stays open as long as the process lives.
        file = os.open(folder / FILE_NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        os.ftruncate(file, _SETS * _SET_BYTES)
        self._slots = mmap.mmap(file, _SETS * _SET_BYTES)
        self._lock = lambda how, place: fcntl.lockf(file, how, _SET_BYTES, place)
        self._exclusive, self._free = fcntl.LOCK_EX, fcntl.LOCK_UN

    def take(self, name: str, seconds: float, burst: float, *, force: bool = False) -> float:
        """Counts what somebody does.

        Args:
            name: Who does what.
            seconds: How long it may take at the rate.
            burst: How many seconds may be ahead.
            force: Whether it is counted although it is too much.

        Returns:
            How long to wait, in seconds; 0: not at all. If it is too much, it is not counted, unless that is forced.
        """
        digest = blake2b(name.encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "big") or 1
        place = number % _SETS * _SET_BYTES
        with self._locked(place):
            now = monotonic()
            slot, until = self._find(place, number)
            until = max(until, now) + seconds
            wait = until - now - burst
            if wait < _ROUNDING:
                wait = 0.0
            if force or not wait:
                _SLOT.pack_into(self._slots, slot, number, until)
        return wait

    def _find(self, place: int, number: int) -> tuple[int, float]:
        """Returns the slot of a number and its time; a new one takes the slot whose time is the earliest."""
        least, earliest = place, float("inf")
        for slot in range(place, place + _SET_BYTES, _SLOT.size):
            found, until = _SLOT.unpack_from(self._slots, slot)
            if found == number:
                return slot, until
            if until < earliest:
                least, earliest = slot, until
        return least, 0.0

    @contextmanager
    def _locked(self, place: int) -> Iterator[None]:
        if self._lock is None:  # Within a process, the event loop does one thing at a time.
            yield
            return
        self._lock(self._exclusive, place)
        try:
            yield
        finally:
            self._lock(self._free, place)


class Limiter:
    """The limits of one process over all of its ports."""

    def __init__(self, limits: RateLimits, *, folder: Path | None = None, processes: int = 1) -> None:
        """Starts with nothing in progress.

        Args:
            limits: The limits.
            folder: Where the processes of a server count together; ``None``: there is one process.
            processes: How many processes there are.
        """
        self._table = RateTable(folder)
        alone = folder is None or not (limits.principal_concurrency or limits.address_concurrency)
        self._running: Running = RunningHere() if folder is None or alone else RunningTogether(folder, processes)
        self._requests = {"principal": limits.principal_requests, "address": limits.address_requests}
        self._bytes = {"principal": limits.principal_bytes, "address": limits.address_bytes}
        self._concurrency = {"principal": limits.principal_concurrency, "address": limits.address_concurrency}

    def enter(self, who: Who, name: str) -> str:
        """Counts a request, and returns under which name it is in progress.

        Raises:
            TooManyRequests: It is too much. Nothing was counted.
        """
        place = f"{who} {name}"
        most = self._concurrency[who]
        if most and not self._running.enter(place, most):
            raise TooManyRequests(f"this {who} may have {most} requests in progress at a time")
        try:
            self._check_rates(who, place)
        except TooManyRequests:
            self.leave(place)
            raise
        return place

    def _check_rates(self, who: Who, place: str) -> None:
        if rate := self._bytes[who]:
            self._refuse(self._table.take(f"bytes {place}", 0.0, BURST_SECONDS), who, f"{rate} bytes")
        if requests := self._requests[who]:
            seconds = 1 / requests
            wait = self._table.take(f"requests {place}", seconds, max(BURST_SECONDS, seconds))
            self._refuse(wait, who, f"{requests:g} requests")

    def _refuse(self, wait: float, who: str, rate: str) -> None:
        if wait:
            raise TooManyRequests(f"this {who} may send {rate} a second on average", max(1, ceil(wait)))

    def leave(self, place: str) -> None:
        """Ends a request."""
        if self._concurrency[_who(place)]:
            self._running.leave(place)

    def pause(self, place: str, size: int) -> float:
        """Counts bytes, and returns for how long the body has to wait now, in seconds."""
        rate = self._bytes[_who(place)]
        if not rate or not size:
            return 0.0
        return min(self._table.take(f"bytes {place}", size / rate, BURST_SECONDS, force=True), _MOST_PAUSE)


def _who(place: str) -> Who:
    return "principal" if place.startswith("principal ") else "address"


class Admission:
    """One request and those who are accountable for it. Its bodies are slowed down to the rate that they may have."""

    __slots__ = ("_limiter", "_places", "_receive", "_send")

    def __init__(self, limiter: Limiter, receive: Any, send: Any) -> None:
        """Counts nothing yet."""
        self._limiter = limiter
        self._receive = receive
        self._send = send
        self._places: list[str] = []

    def of_address(self, scope: Any) -> None:
        """Counts the request for the address that it comes from. A port calls it before anything else.

        Raises:
            TooManyRequests: The address has too many.
        """
        if address := client_address(scope):
            self._places.append(self._limiter.enter("address", network_of(address)))

    def of_principal(self, name: str) -> None:
        """Counts the request for who sends it. A port calls it once it knows; an empty name counts for nobody.

        Raises:
            TooManyRequests: The principal has too many.
        """
        if name:
            self._places.append(self._limiter.enter("principal", name))

    async def receive(self) -> Any:
        """Returns the next message of the client."""
        message = await self._receive()
        if message["type"] == "http.request":
            await self._pause(message)
        return message

    async def send(self, message: Any) -> None:
        """Sends a message to the client."""
        if message["type"] == "http.response.body":
            await self._pause(message)
        await self._send(message)

    async def _pause(self, message: Any) -> None:
        """Counts the bytes of a message, and waits if more of its body follows."""
        waits = [self._limiter.pause(place, len(message.get("body", b""))) for place in self._places]
        wait = max(waits, default=0.0)
        if wait and message.get("more_body", False):
            await asyncio.sleep(wait)

    def end(self) -> None:
        """Ends the request."""
        for place in self._places:
            self._limiter.leave(place)


class Limited:
    """A port whose requests are limited.

    Attributes:
        clock: The port's, which ``Date`` shows.
        protocol: How its listener speaks HTTP.
        calls: Its store.
    """

    def __init__(self, app: Any, limiter: Limiter) -> None:
        """Takes what is needed for all requests.

        Args:
            app: The port's ASGI application. It calls the `Admission` in the scope.
            limiter: The limits.
        """
        self._app = app
        self._limiter = limiter
        for name in ("clock", "protocol", "calls"):
            if hasattr(app, name):
                setattr(self, name, getattr(app, name))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        admission = scope[ADMISSION] = Admission(self._limiter, receive, send)
        try:
            await self._app(scope, admission.receive, admission.send)
        finally:
            admission.end()
