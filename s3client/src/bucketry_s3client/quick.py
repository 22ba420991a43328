"""Responses that are read off a connection without an HTTP library: those whose frame is the simplest one."""

from __future__ import annotations

import io
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from http.client import RemoteDisconnected
from typing import Any, Final

from typing_extensions import override
from urllib3.exceptions import IncompleteRead, ProtocolError

QUICK_BYTES: Final = 64 * 1024
"""Largest head, and largest body, that is read into memory at once."""

_STATUS_LINE: Final = re.compile(r"HTTP/1\.1 ([1-5][0-9]{2}) ")
_LENGTH: Final = re.compile(r"[0-9]{1,20}")
_BLANKS: Final = " \t"
_BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
_NOT_MODIFIED: Final = 304


class Unusual(ValueError):
    """A response whose frame only an HTTP library can read."""


class UnusualTimeout(Unusual, TimeoutError):
    """A head that was not read to its end: perhaps its lines end in another way, perhaps the server is slow."""


class BrokenOff(ConnectionResetError):
    """The connection ended after the response had begun."""


class QuickResponse:
    """A response whose head has come, and as much of its body as came with it. One thread at a time reads it.

    Attributes:
        status: Its status.
        headers: Its headers. Names are in lower case.
        length: Length of its body, in bytes.
        held: Its whole body, if that is short; otherwise ``None``, and `stream` gives it.
    """

    __slots__ = ("_begun", "_connection", "_give_back", "_missing", "headers", "held", "length", "status")

    def __init__(self, connection: socket.socket, give_back: Callable[[socket.socket], None]) -> None:
        """Receives the head, and a short body.

        Args:
            connection: Where the request was sent. If this raises, the caller closes it.
            give_back: Takes the connection back.

        Raises:
            OSError: The connection ended within the head or a short body.
            Unusual: The response is no plain one.
        """
        head, body = _receive_head(connection)
        status = _STATUS_LINE.match(head)
        if status is None or status[1].startswith("1"):
            raise Unusual("this is no final response of HTTP/1.1")
        self.status = int(status[1])
        self.headers = headers = _fields(head)
        self.length = _length_of(self.status, headers)
        self.held: bytes | None = None
        self._connection: socket.socket | None = connection
        self._give_back = give_back
        self._begun = body
        self._missing = self.length - len(body)
        if self.length <= QUICK_BYTES:
            while self._missing > 0:
                received = _more(connection)
                body += received
                self._missing -= len(received)
            if self._missing < 0:
                raise Unusual("more than the response came")
            self.held, self._begun = body, b""

    def stream(self, size: int) -> Iterator[bytes]:
        """Yields the body in chunks of ``size`` bytes and a shorter last one. The connection is given back after it.

        Raises:
            OSError: The connection failed.
            urllib3.exceptions.IncompleteRead: It ended within the body.
        """
        connection = self._connection
        if connection is None:
            return
        reader = io.BufferedReader(_Exactly(connection, self._missing))  # It fills each chunk in one call of Python's.
        while self._missing > 0:
            begun, self._begun = self._begun, b""
            chunk = begun + reader.read(min(max(size - len(begun), 1), self._missing))
            self._missing -= len(chunk) - len(begun)
            if len(chunk) < size and self._missing:
                raise IncompleteRead(self.length - self._missing, self._missing)
            if not self._missing:
                self.release()
            yield chunk

    def read_all(self, most: int) -> bytes:
        """Reads the whole body. The connection is closed where that fails.

        Raises:
            urllib3.exceptions.ProtocolError: It breaks off, or is longer than ``most`` bytes.
        """
        if self.held is not None:
            return self.held
        try:
            if self.length > most:
                raise ProtocolError("the response is too long")
            return b"".join(self.stream(QUICK_BYTES))
        except OSError as error:
            raise ProtocolError("the connection broke off", error) from error
        finally:
            self.close()  # A connection that was given back stays open.

    def release(self) -> None:
        """Gives the connection back, if the whole body has come; closes it where the server does so too."""
        if not self._missing and self._connection is not None:
            connection, self._connection = self._connection, None
            if _is_last(self.headers):
                connection.close()
            else:
                self._give_back(connection)

    def close(self) -> None:
        """Closes the connection, unless it was given back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Exactly(io.RawIOBase):
    """Reads so many bytes and no more: what comes behind them shows that the connection cannot be used again."""

    def __init__(self, connection: socket.socket, missing: int) -> None:
        self._connection, self._missing = connection, missing

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any, /) -> int:
        if not self._missing:
            return 0
        count = self._connection.recv_into(memoryview(buffer)[: self._missing])
        self._missing -= count
        return count


def _receive_head(connection: socket.socket) -> tuple[str, bytes]:
    """Returns the head, without its empty line, and what came of the body."""
    received = connection.recv(QUICK_BYTES)
    if not received:
        raise RemoteDisconnected("the connection ended before the response")
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > QUICK_BYTES:
            raise Unusual("the head is long")
        if _BARE_LINE_FEED.search(received):
            raise Unusual("lines end with a line feed alone")
        try:
            received += _more(connection)
        except TimeoutError as error:
            raise UnusualTimeout("the head does not end") from error
    return received[:end].decode("latin-1"), received[end + 4 :]


def _more(connection: socket.socket) -> bytes:
    """Receives more of a response that has begun."""
    try:
        received = connection.recv(QUICK_BYTES)
    except TimeoutError:
        raise
    except OSError as error:
        raise BrokenOff("the connection broke within the response") from error
    if not received:
        raise BrokenOff("the connection ended within the response")
    return received


def _length_of(status: int, headers: Mapping[str, str]) -> int:
    """Returns the length of a body (RFC 9112, 6.3)."""
    if "transfer-encoding" in headers:
        raise Unusual("the body comes in chunks")
    if status == _NOT_MODIFIED or status == 204:
        return 0
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        raise Unusual("the length of the body is not known")
    return int(length)


def _is_last(headers: Mapping[str, str]) -> bool:
    """Whether the server closes the connection after this response (RFC 9112, 9.6)."""
    options = headers.get("connection", "").lower()
    return "close" in options and "close" in map(str.strip, options.split(","))


def is_end(error: BaseException) -> bool:
    """Whether a connection ended before anything of a response came."""
    return isinstance(error, (ConnectionError, ssl.SSLError)) and not isinstance(error, BrokenOff)


def headers_in(head: bytes) -> dict[str, str]:
    """Reads the headers of a response, without its empty line; names are in lower case.

    Raises:
        ValueError: A line is not a header.
    """
    return _fields(head.decode("latin-1"))


def _fields(head: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    first, *lines = head.split("\r\n")
    if "\n" in first or "\r" in first:
        raise Unusual("lines end in different ways")
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or "\n" in line or "\r" in line or " " in name or "\t" in name:
            raise Unusual("that is not a header")
        # Other blanks belong to the value: in Latin-1 the last byte of "à" is one.
        name, value = name.lower(), value.strip(_BLANKS)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
