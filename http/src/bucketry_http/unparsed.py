"""What a client has sent and nobody has parsed yet."""

from __future__ import annotations

from typing import Final

END_OF_HEAD: Final = b"\r\n\r\n"
"""Ends a head, and the trailers of a chunked body (RFC 9112, 2.1 and 7.1); the parser takes nothing else for it."""


class Unparsed:
    """Bytes in the order in which they came, taken slice by slice: none holds the end of one request and more.

    The parser goes through all that it is given, so a slice is how far it may go.
    """

    __slots__ = ("_data", "_start", "_tail")

    def __init__(self) -> None:
        """Holds nothing."""
        self._data: bytes = b""
        self._start = 0
        self._tail = b""

    def __bool__(self) -> bool:
        """Says whether anything is left."""
        return self._start < len(self._data)

    def __len__(self) -> int:
        """Returns how many bytes are left."""
        return len(self._data) - self._start

    def add(self, data: bytes) -> None:
        """Puts bytes behind what is left."""
        self._data = self._data[self._start :] + data if self else data
        self._start = 0

    def clear(self) -> None:
        """Forgets what is left."""
        self._data, self._start = b"", 0

    def take(self, most: int) -> bytes | memoryview:
        """Takes up to ``most`` bytes, for a body whose length is known."""
        return self._cut(min(self._start + most, len(self._data)))

    def take_lines(self, most: int) -> bytes | memoryview:
        """Takes up to ``most`` bytes, and at most to the next `END_OF_HEAD`, of which a part may have gone before."""
        start, most = self._start, min(self._start + most, len(self._data))
        # The end may have begun in what was taken before.
        joined = self._tail + self._data[start : start + len(END_OF_HEAD) - 1]
        found = joined.find(END_OF_HEAD)
        if found >= 0:
            most = min(most, start + found + len(END_OF_HEAD) - len(self._tail))
        elif (found := self._data.find(END_OF_HEAD, start, most)) >= 0:
            most = found + len(END_OF_HEAD)
        return self._cut(most)

    def _cut(self, stop: int) -> bytes | memoryview:
        start, data = self._start, self._data
        tail = data[max(start, stop - len(END_OF_HEAD) + 1) : stop]
        self._tail = (self._tail + tail)[1 - len(END_OF_HEAD) :]
        if stop == len(data):
            self.clear()
            return data if not start else memoryview(data)[start:]
        self._start = stop
        return memoryview(data)[start:stop]
