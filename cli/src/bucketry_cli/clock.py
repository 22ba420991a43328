"""``GET`` and ``POST /_bucketry/clock``: shows the store's clock, and turns it forward, for tests in any language."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import NoReturn

import msgspec
from bucketry import InvalidArgument, Store
from bucketry.clock import Clock
from bucketry.decoding import from_json

from bucketry_cli.control import ControlError, ControlRequest


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """What the clock shows.

    Attributes:
        now: The time in UTC.
        ahead_seconds: How far it is ahead of the system's clock.
    """

    now: datetime
    ahead_seconds: float

    @classmethod
    def of(cls, clock: Clock) -> ClockView:
        """Reads a clock."""
        return cls(now=clock.now(), ahead_seconds=round(clock.ahead, 3))


class TurnClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the clock is turned: by so many seconds, or to a time. One of them is given.

    Attributes:
        advance_seconds: How far.
        now: The time, with a zone.
    """

    advance_seconds: float | None = None
    now: datetime | None = None


class ClockEndpoint:
    """The clock of a store."""

    def __init__(self, store: Store) -> None:
        """Takes the store."""
        self._clock = store.clock
        self._is_backends = store.capabilities.s3_endpoint

    async def get(self, _request: ControlRequest) -> bytes:
        """Returns what the clock shows."""
        return msgspec.json.encode(ClockView.of(self._clock))

    async def post(self, request: ControlRequest) -> bytes:
        """Turns the clock, and returns what it shows then. Lifecycle has done what is due by then.

        Raises:
            ControlError: The body is malformed, the clock would go back, or the backend has a clock of its own.
        """
        if self._is_backends:
            raise ControlError(HTTPStatus.CONFLICT, "the backend has a clock of its own, which cannot be turned")
        wanted = _read(request.body)
        import anyio.to_thread

        try:
            await anyio.to_thread.run_sync(self._turn, wanted)
        except InvalidArgument as error:
            raise ControlError(HTTPStatus.BAD_REQUEST, str(error)) from None
        return msgspec.json.encode(ClockView.of(self._clock))

    def _turn(self, wanted: TurnClock) -> None:
        if wanted.now is not None:
            self._clock.set(wanted.now)
        else:
            self._clock.advance(seconds=wanted.advance_seconds or 0)


async def refuse(_request: ControlRequest) -> NoReturn:
    """Refuses to turn the clock where several processes serve, each with a clock of its own.

    Raises:
        ControlError: Always.
    """
    raise ControlError(HTTPStatus.CONFLICT, "each of several processes has a clock of its own: serve without --workers")


def _read(body: bytes) -> TurnClock:
    try:
        wanted = from_json(body, TurnClock)
    except msgspec.MsgspecError as error:
        raise ControlError(HTTPStatus.BAD_REQUEST, f"the body cannot be read: {error}") from None
    if (wanted.advance_seconds is None) == (wanted.now is None):
        raise ControlError(HTTPStatus.BAD_REQUEST, 'send {"advance_seconds": …} or {"now": "2030-01-31T00:00:00Z"}')
    return wanted
