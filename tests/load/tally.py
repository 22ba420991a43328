"""What clients count of their requests, to be compared with what the server says of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count
from typing import Final, Literal

Port = Literal["rest", "s3"]

_READING: Final = frozenset({"GET", "HEAD"})
_REFUSED: Final = frozenset({401, 403, 429})
_BUSY: Final = frozenset({429, 503})
_THROTTLED: Final = (b"SlowDown", b"throttled", b"too_many_requests")


class Tally:
    """Counts the responses of one run.

    Attributes:
        seconds: How long each took.
        statuses: How many there were of each port and status.
        outcomes: How many there were of each port and outcome, as metrics name outcomes.
        audited: Status of each request that must be in the audit stream, by its id: of those that write or presign, and
            of those that were refused.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.statuses: Counter[tuple[Port, int]] = Counter()
        self.outcomes: Counter[tuple[Port, str]] = Counter()
        self.audited: dict[str, int] = {}
        self._ids = count(1)
        self._in_progress: dict[str, asyncio.Event] = {}

    def begin(self) -> str:
        """Return an id for a request that begins, which no other has."""
        request_id = f"load-{next(self._ids)}"
        self._in_progress[request_id] = asyncio.Event()
        return request_id

    def end(self, request_id: str) -> None:
        """Note that a request is no longer in progress, with or without a response."""
        self._in_progress.pop(request_id).set()

    async def all_ended(self) -> None:
        """Wait until the requests that are in progress now have ended."""
        for ended in list(self._in_progress.values()):
            await ended.wait()

    def count(self, port: Port, method: str, status: int, request_id: str, seconds: float, body: bytes = b"") -> None:
        """Count a response."""
        self.seconds.append(seconds)
        self.statuses[port, status] += 1
        self.outcomes[port, _outcome(status, body)] += 1
        if method not in _READING or status in _REFUSED:
            self.audited[request_id] = status

    @property
    def server_errors(self) -> int:
        """How many had a status of 500 or more."""
        return sum(number for (_, status), number in self.statuses.items() if status >= 500)


def _outcome(status: int, body: bytes) -> str:
    if status in _BUSY and any(code in body for code in _THROTTLED):
        return "throttled"
    if status in {401, 403}:
        return "refused"
    return "server_error" if status >= 500 else "client_error" if status >= 400 else "ok"
