"""``GET /_bucketry/events``: what happened to the objects, for tests in any language."""

from __future__ import annotations

from http import HTTPStatus
from time import monotonic
from typing import Final, NoReturn

import msgspec
from bucketry.events import EventLog, EventMessage, LogPage, TestMessage

from bucketry_cli.control import ControlError, ControlRequest, number

MAX_EVENTS: Final = 1000
"""Most events of a page."""

MAX_WAIT_SECONDS: Final = 30.0

_POLL_SECONDS: Final = 0.02
_KNOWN: Final = frozenset({"after", "limit", "wait"})
_LARGEST: Final = 2**53


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list.

    Attributes:
        messages: S3's messages, in the order of what happened.
        next: ``after`` of the next page.
        lost: How many events after ``after`` are gone, because others came or because of a reset.
    """

    messages: tuple[EventMessage | TestMessage, ...]
    next: int
    lost: int

    @classmethod
    def of(cls, page: LogPage) -> EventPage:
        """Makes it from a page of the log."""
        return cls(messages=tuple(event.message for event in page.events), next=page.last, lost=page.lost)


class EventsEndpoint:
    """Shows a log of events."""

    def __init__(self, log: EventLog) -> None:
        """Takes the log."""
        self._log = log

    async def get(self, request: ControlRequest) -> bytes:
        """Returns a page of events. With ``wait`` it waits until there is one.

        Raises:
            ControlError: A parameter is unknown or malformed.
        """
        query = request.query
        if unknown := sorted(query.keys() - _KNOWN):
            raise ControlError(
                HTTPStatus.BAD_REQUEST, f"unknown: {unknown[0][:64]!r} (known: {', '.join(sorted(_KNOWN))})"
            )
        after = int(number(query, "after", 0, most=_LARGEST))
        limit = int(number(query, "limit", MAX_EVENTS, most=MAX_EVENTS))
        await self._wait(after, number(query, "wait", 0, most=MAX_WAIT_SECONDS))
        return msgspec.json.encode(EventPage.of(self._log.page(after, limit)))

    async def _wait(self, after: int, seconds: float) -> None:
        import anyio

        deadline = monotonic() + seconds
        # Threads fill the log, and an event of asyncio is none of theirs.
        while self._log.last <= after and (left := deadline - monotonic()) > 0:  # noqa: ASYNC110
            await anyio.sleep(min(_POLL_SECONDS, left))


async def refuse(_request: ControlRequest) -> NoReturn:
    """Refuses a request where there are several processes, each with events of its own.

    Raises:
        ControlError: Always.
    """
    raise ControlError(HTTPStatus.CONFLICT, "the list of events is in one process: serve without --workers")
