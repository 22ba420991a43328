"""Connections to a server: TLS, and pools that notice a response whose head broke off.

Python's ``http.client`` takes the end of the connection for the end of the headers. Headers that did not arrive are
missing, and nothing says so. urllib3 builds on that, and so does every SDK above it. An empty line ends a head
(RFC 9112, 2.1). So here a line without a line break is an error. A line that is not a header is an error too, because
``http.client`` loses the headers behind it.

This module reaches into ``http.client``: it reads the lines of a response from ``HTTPResponse.fp``, and
``HTTPConnection.response_class`` makes the responses. It overrides ``_put_conn`` of urllib3's pools, and
``_make_request``, which sends one try of a request.
``tests/s3client/test_connections.py`` fails where that changes.
It also raises a limit of ``http.client`` for the whole process: see `MAX_HEADERS`.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse, RemoteDisconnected
from typing import Any, Final
from urllib.parse import urlsplit

import certifi
from bucketry import InvalidSettings
from bucketry.backend_requests import request_headers, sending, tracing_of_call
from typing_extensions import override
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HeaderParsingError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util.response import assert_header_parsing

from bucketry_s3client.forking import watch_forks
from bucketry_s3client.retries import Retries

MAX_HEADERS: Final = 1000
"""Most headers of a response. S3's 2 KB of user metadata may be several hundred entries, a header each."""

# Python takes 100, and has a setting for it from 3.15 on only. An object with more could be written, but never read.
http.client._MAXHEADERS = max(MAX_HEADERS, http.client._MAXHEADERS)  # type: ignore[attr-defined]


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Returns the TLS settings: which certificate authorities are trusted.

    Args:
        ca_file: PEM file of the user's own authorities; ``None`` for those that certifi lists.

    Raises:
        InvalidSettings: ``ca_file`` cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or certifi.where())
    except OSError as error:
        raise InvalidSettings(f"ca_file cannot be used: {error.strerror or type(error).__name__}") from None


def open_socket(
    endpoint: str, tls: ssl.SSLContext | None, connect_timeout: float, read_timeout: float
) -> socket.socket:
    """Opens a connection that no pool keeps.

    Args:
        endpoint: URL of the server.
        tls: The TLS settings; ``None`` for plain HTTP.
        connect_timeout: Seconds that connecting may take.
        read_timeout: Seconds that reading and writing may take.

    Raises:
        OSError: The server cannot be reached, or TLS fails.
    """
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "", parts.port or (80 if tls is None else 443)
    connection = socket.create_connection((host, port), connect_timeout)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(read_timeout)
        return connection if tls is None else tls.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def connect_error(error: OSError, pool: HTTPConnectionPool) -> HTTPError:
    """Returns the error that urllib3 would raise where no connection is made.

    Args:
        error: Of `open_socket`.
        pool: Who would have connected.
    """
    who: Any = pool  # urllib3 wants a connection, and takes its text only.
    if isinstance(error, TimeoutError):
        return ConnectTimeoutError(who, "connecting timed out")
    if isinstance(error, ssl.SSLError):
        return SSLError(error)
    if isinstance(error, socket.gaierror):
        return NameResolutionError(pool.host, who, error)
    return NewConnectionError(who, f"no connection is made: {error}")


def read_error(error: OSError, pool: HTTPConnectionPool, target: str) -> HTTPError:
    """Returns the error that urllib3 would raise where a request cannot be sent, or its response not be read.

    Args:
        error: Of the connection.
        pool: Who would have sent it.
        target: Path and query.
    """
    if isinstance(error, TimeoutError):
        return ReadTimeoutError(pool, target, "reading timed out")
    return SSLError(error) if isinstance(error, ssl.SSLError) else ProtocolError("Connection aborted.", error)


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


_deadline: Final[ContextVar[float | None]] = ContextVar("bucketry_s3client_deadline", default=None)


@contextmanager
def ending_within(seconds: float) -> Iterator[None]:
    """Reads each response that begins in the block within a time: its head, and its body after the block too.

    A timeout of a socket is one of each read. A server that sends a byte now and then would never reach it.

    Args:
        seconds: How long connecting, the head and the body may take together.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


class _EndingReads(io.RawIOBase):
    """Reads of a connection that end at a moment, however little each of them waits."""

    def __init__(self, raw: io.RawIOBase, sock: Any, deadline: float) -> None:
        self._raw, self._sock, self._deadline = raw, sock, deadline

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any, /) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response does not end")
        timeout = self._sock.gettimeout()
        self._sock.settimeout(left if timeout is None else min(left, timeout))
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _WholeResponse(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        # Nothing is read yet, so no byte is left behind in the reader that is replaced.
        raw, deadline = self.fp.detach(), _deadline.get()
        self.fp = _Lines(raw if deadline is None else _EndingReads(raw, sock, deadline))

    @override
    def begin(self, *arguments: Any, **more: Any) -> None:  # Newer releases of Python have arguments here.
        super().begin(*arguments, **more)
        try:
            assert_header_parsing(self.msg)
        except HeaderParsingError as error:  # urllib3 logs it and goes on, and the headers behind that line are lost.
            self.close()
            raise HTTPException("a line of a response's head is not a header") from error


class _Connection(HTTPConnection):
    response_class = _WholeResponse


class _SecureConnection(HTTPSConnection):
    response_class = _WholeResponse


class _PlainPool(HTTPConnectionPool):
    ConnectionCls: Any = _Connection

    @override
    def _make_request(self, conn: Any, method: str, url: str, **more: Any) -> Any:  # type: ignore[override]
        """Sends one try, as a span of its own if the call is traced."""
        if tracing_of_call() is None:
            return super()._make_request(conn, method, url, **more)
        retries = more.get("retries")
        resends = len(retries.history) if isinstance(retries, Retry) else 0
        with sending(method, f"{self.scheme}://{self._netloc()}{url}", resends=resends) as sent:
            more["headers"] = {**(more.get("headers") or {}), **request_headers()}
            response = super()._make_request(conn, method, url, **more)
            sent.status = response.status
            return response

    def _netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @override
    def _put_conn(self, conn: Any) -> None:  # A connection, or None.
        """Keeps a connection, or closes it if there are enough. urllib3 would log a warning for each of these."""
        try:
            if self.pool is not None:
                self.pool.put(conn, block=False)
                return
        except (AttributeError, queue.Full):  # Another thread closed the pool, or it is full.
            pass
        if conn is not None:
            conn.close()


class _SecurePool(_PlainPool, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def leave_connections(pool: HTTPConnectionPool) -> None:
    """Takes its connections from a pool, in a new process, and closes those that are given back later.

    The pool is not used any more.
    """
    kept, pool.pool = pool.pool, None
    if kept is None:
        return
    connections = list(kept.queue)
    # urllib3 empties the queue when the pool goes. That would wait for a thread that is not there any more.
    queue.LifoQueue.__init__(kept, kept.maxsize)
    for connection in connections:
        if connection is not None:
            connection.close()


class WholeHeadPools(PoolManager):
    """Pools of connections. A response whose head broke off is a `urllib3.exceptions.ProtocolError` on them."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def after_fork(self) -> None:
        """Begins without connections, in a new process (`bucketry_s3client.forking`)."""
        self.pools.lock = threading.RLock()
        for pool in map(self.pools.get, self.pools.keys()):  # It has no other way to go through it.
            if pool is not None:
                leave_connections(pool)
        self.pools.clear()


class SdkPools(WholeHeadPools):
    """Pools for an SDK: requests are sent again as the store's retry policy says, and redirects are not followed."""

    def __init__(self, policy: Retries, **more: Any) -> None:
        super().__init__(**more)
        self._policy = policy
        watch_forks(self)

    @override
    def urlopen(  # type: ignore[override]  # urllib3 gives its base class other arguments.
        self, method: str, url: str, redirect: bool = True, **more: Any
    ) -> BaseHTTPResponse:
        parts = urlsplit(url)
        retries = self._policy.of_sdk(method, parts.path, parts.query, more.get("headers") or {})
        headers = {**(more.get("headers") or {}), **request_headers()}
        return super().urlopen(method, url, redirect=False, **{**more, "headers": headers, "retries": retries})
