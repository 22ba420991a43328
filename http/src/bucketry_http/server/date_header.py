"""The header ``Date``."""

from __future__ import annotations

import time

from bucketry.s3 import http_date_at


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
            date = [(b"date", http_date_at(now).encode())]
            self._last = (now, date)
        return date + headers


def date_now() -> bytes:
    """Returns the value of ``Date``."""
    return http_date_at(int(time.time())).encode()
