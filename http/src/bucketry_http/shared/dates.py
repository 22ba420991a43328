"""Dates as HTTP writes them (RFC 9110, 5.6.7)."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from typing import Final

_MAX_LENGTH: Final = 64


def http_date(moment: datetime) -> str:
    """Returns a time as an IMF-fixdate, such as ``Mon, 15 Jan 2024 10:30:00 GMT``."""
    return _written(math.floor(moment.timestamp()))


def last_modified(moment: datetime) -> str:
    """Returns the value of ``Last-Modified``, which is never later than ``Date`` (RFC 9110, 8.8.2.1).

    A backend's clock may be ahead of this one.
    """
    return _written(min(math.floor(moment.timestamp()), int(time.time())))


class FreshDate:
    """Stands where uvicorn has a list of headers that it adds to every response, and has the time of the response.

    uvicorn makes its list once a second. An object that was written within that second would be later than ``Date``.
    """

    def __init__(self) -> None:
        """Has no time yet."""
        self._last: tuple[int, list[tuple[bytes, bytes]]] = (-1, [])

    def __add__(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Returns the headers of a response, with ``Date`` before them."""
        now = int(time.time())
        # Read and written in one step, since servers in several threads share it.
        second, date = self._last
        if second != now:
            date = [(b"date", _written(now).encode())]
            self._last = (now, date)
        return date + headers


def date_now() -> bytes:
    """Returns the value of ``Date``."""
    return _written(int(time.time())).encode()


@lru_cache(maxsize=1024)
def _written(second: int) -> str:
    return formatdate(second, usegmt=True)


def parse_http_date(text: str | None) -> datetime | None:
    """Reads an HTTP date in any of its three forms; what is none is ignored (RFC 9110, 13.1.3)."""
    if text is None or len(text) > _MAX_LENGTH:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    # The standard library's parser of mail dates does not say what it raises for which nonsense.
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
