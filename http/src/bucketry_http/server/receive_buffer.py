"""Bytes that a client has sent and that are not parsed yet."""

from __future__ import annotations

import re
from typing import Final

END_OF_HEAD: Final = b"\r\n\r\n"
"""The end of a head, and of the trailers of a chunked body (RFC 9112, 2.1 and 7.1). The parser accepts no other."""

_END_OF_LINE: Final = b"\r\n"
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
"""The line before a chunk, if the chunk's size is all it has (RFC 9112, 7.1)."""


class ReceiveBuffer:
    """Bytes in the order in which they came, taken slice by slice. A slice never goes beyond the end of a request.

    The parser parses all of a slice, so the slice decides where it stops.

    Attributes:
        left: How many bytes are left.
    """

    __slots__ = ("_by_lines", "_chunk_left", "_data", "_start", "_tail", "left")

    def __init__(self) -> None:
        """Starts empty."""
        self._data: bytes = b""
        self._start = 0
        self._tail = b""
        self.left = 0
        self.begin_chunks()

    def add(self, data: bytes) -> None:
        """Adds bytes at the end."""
        self._data = self._data[self._start :] + data if self.left else data
        self._start = 0
        self.left = len(self._data)

    def clear(self) -> None:
        """Drops all bytes."""
        self._data, self._start, self.left = b"", 0, 0

    def begin_chunks(self) -> None:
        """Says that a chunked body begins with the next byte."""
        self._chunk_left = 0
        self._by_lines = False

    def take(self, most: int) -> bytes | memoryview:
        """Takes up to ``most`` bytes, for a body whose length is known."""
        return self._cut(min(self._start + most, len(self._data)))

    def take_chunks(self, most: int) -> bytes | memoryview:
        """Takes the chunks of a body that begin in the next ``most`` bytes, as far as they have come.

        The size of a chunk says where the next one begins, so nobody has to search for the end of the body. If a size
        is not plain (it has extensions, or its line has not come whole), all that follows is taken by lines, as are the
        last chunk and the trailers.
        """
        data, start = self._data, self._start
        stop = start + self._chunk_left
        while not self._by_lines and stop < len(data) and stop - start < most:
            found = _CHUNK_SIZE.match(data, stop)
            size = 0 if found is None else int(found[1], 16)
            if found is None or not size:
                self._by_lines = True
                break
            stop = found.end() + size + len(_END_OF_LINE)
        if stop == start:
            return self.take_lines(most)
        self._chunk_left = max(stop - len(data), 0)
        return self._cut(min(stop, len(data)))

    def take_lines(self, most: int) -> bytes | memoryview:
        """Takes up to ``most`` bytes, but not beyond the next `END_OF_HEAD`, which may have begun in the last slice."""
        start, most = self._start, min(self._start + most, len(self._data))
        # The end may have begun in the last slice.
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
        self.left = len(data) - stop
        return memoryview(data)[start:stop]
