"""Connections that tell a response's head that broke off from a whole one.

Python's ``http.client`` takes the end of the connection for the end of the headers: what did not arrive is missing, and
nothing says so. urllib3, and each SDK above it, builds on that. An empty line ends a head (RFC 9112, 2.1), so here a
line that does not end with its line break is an error, and so is one that is no header, since those behind it are lost.

This reaches into ``http.client``: it reads the lines of a response from ``HTTPResponse.fp``, and
``HTTPConnection.response_class`` makes the responses. ``tests/s3client/test_whole_heads.py`` fails where that changes.

It also raises a limit of ``http.client`` for the whole process: see `MAX_HEADERS`.
"""

from __future__ import annotations

import http.client
import io
from http.client import HTTPException, HTTPResponse, RemoteDisconnected
from typing import Any, Final

from typing_extensions import override
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HeaderParsingError
from urllib3.util.response import assert_header_parsing

MAX_HEADERS: Final = 1000
"""Most headers of a response. S3's 2 KB of user metadata may be several hundred entries, a header each."""

# Python takes 100, and has a setting for it from 3.15 on only: an object with more could be written, but never read.
http.client._MAXHEADERS = max(MAX_HEADERS, http.client._MAXHEADERS)  # type: ignore[attr-defined]


class _Lines(io.BufferedReader):
    """Reads lines that end with a line break.

    ``http.client`` reads by line what frames a response: the status line, headers, the sizes of chunks and trailers. It
    never reads content so.
    """

    @override
    def readline(self, size: int | None = -1, /) -> bytes:
        limit = -1 if size is None else size
        line = super().readline(limit)
        if not line.endswith(b"\n") and (limit < 0 or len(line) < limit):
            raise RemoteDisconnected("the connection ended within a response's head")
        return line


class _WholeResponse(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        # Nothing is read yet, so that no byte is left behind in the reader that is replaced.
        self.fp = _Lines(self.fp.detach())

    @override
    def begin(self, *arguments: Any, **more: Any) -> None:  # Newer releases of Python have arguments here.
        super().begin(*arguments, **more)
        try:
            assert_header_parsing(self.msg)
        except HeaderParsingError as error:  # urllib3 logs it and goes on, and the headers behind that line are lost.
            self.close()
            raise HTTPException("a line of a response's head is no header") from error


class _Connection(HTTPConnection):
    response_class = _WholeResponse


class _SecureConnection(HTTPSConnection):
    response_class = _WholeResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class WholeHeads(PoolManager):
    """Connections on which a response whose head broke off is a `urllib3.exceptions.ProtocolError`."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
