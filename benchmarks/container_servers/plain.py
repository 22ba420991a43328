"""Requests that are signed beforehand and sent without an SDK: what no client can do without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from bucketry import Secret
from bucketry.sigv4 import Credentials, Presigner

from benchmarks.bucketry_server.running_server import TIMEOUT_SECONDS
from benchmarks.case import MIB

BUCKET = "bench"
_EXPIRES_IN = 3600
NO_QUERY: Mapping[str, str] = {}


class PlainClient:
    """One connection, kept open, and a response that is read but not parsed."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, stack: ExitStack) -> None:
        """Connects with the first request; the stack closes the connection."""
        self._endpoint = endpoint
        self._presigner = Presigner(Credentials(access_key, Secret(secret_key)), endpoint=endpoint, region="us-east-1")
        self._connection = connection_to(endpoint, stack)

    def request(
        self,
        method: str,
        key: str = "",
        *,
        bucket: str = BUCKET,
        query: Mapping[str, str] = NO_QUERY,
        body: bytes | None = None,
    ) -> Callable[[], bytes]:
        """Signs a request, and returns a function that sends it and returns the content of the response."""
        target = self._target(method, key, bucket, query)
        return lambda: send(self._connection, method, target, body).read()

    def upload(self, key: str, file: Path) -> None:
        """Puts a file in one request."""
        with file.open("rb") as content:
            send(self._connection, "PUT", self._target("PUT", key), content, file.stat().st_size).read()

    def download(self, key: str, file: Path) -> None:
        """Gets an object into a file."""
        save(send(self._connection, "GET", self._target("GET", key)), file)

    def _target(self, method: str, key: str, bucket: str = BUCKET, query: Mapping[str, str] = NO_QUERY) -> str:
        url = self._presigner.presign_url(method, bucket, key, expires_in=_EXPIRES_IN, query=query)
        return url.removeprefix(self._endpoint)


def connection_to(endpoint: str, stack: ExitStack) -> HTTPConnection:
    """Makes a connection to an ``http://host:port``; the stack closes it."""
    connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=TIMEOUT_SECONDS, blocksize=MIB)
    stack.callback(connection.close)
    return connection


def send(
    connection: HTTPConnection,
    method: str,
    target: str,
    body: bytes | BinaryIO | None = None,
    length: int | None = None,
) -> HTTPResponse:
    """Sends a request and returns the response, of which only the head is read.

    Raises:
        RuntimeError: The response is not a success.
    """
    connection.request(method, target, body, {} if length is None else {"Content-Length": str(length)})
    response = connection.getresponse()
    if response.status >= 300:
        raise RuntimeError(f"{method} failed with {response.status}: {response.read()[:500]!r}")
    return response


def save(response: HTTPResponse, file: Path) -> None:
    """Writes a response's content to a file."""
    buffer = memoryview(bytearray(MIB))
    with file.open("wb", buffering=0) as content:
        while count := response.readinto(buffer):
            content.write(buffer[:count])
