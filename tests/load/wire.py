"""One kept connection to a port, and requests over it. HTTP as both ports speak it, and no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bucketry.sigv4 import Credentials, Signer, payload_hash
from bucketry_s3client import request_target

from tests.load.tally import Port, Tally

PATIENCE: Final = 120.0
"""Seconds after which a response counts as one that never comes."""

KEPT_SECONDS: Final = 20.0
"""How long a connection is used again after a response: less than servers keep it."""

_NOTHING: Final[Mapping[str, str]] = {}
_LIMIT: Final = 1024**2


class Reply(NamedTuple):
    """A response, and when its request began and it ended."""

    asked: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    begun: float
    ended: float

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Wire:
    """A connection to a port; one request at a time.

    Attributes:
        url: The URL of the port.
    """

    def __init__(self, port: Port, url: str, tally: Tally, headers: Mapping[str, str] = _NOTHING) -> None:
        parts = urlsplit(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._port: Port = port
        self._headers = {"host": parts.netloc, **headers}
        self._place = (parts.hostname or "", parts.port or 80)
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._tally = tally
        self._used = time.monotonic()

    async def ask(self, method: str, target: str, headers: Mapping[str, str] = _NOTHING, body: bytes = b"") -> Reply:
        """Make a request. What breaks off or does not come is an error: nobody injects faults here."""
        request_id = self._tally.begin()
        begun = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                status, received, content = await self._exchange(
                    method, target, {**headers, "x-request-id": request_id}, body
                )
        except BaseException:
            await self.close()
            raise
        finally:
            self._tally.end(request_id)
        if received.get("connection", "").lower() == "close":
            await self.close()
        ended = self._used = time.monotonic()
        self._tally.count(self._port, method, status, request_id, ended - begun, content if status >= 400 else b"")
        return Reply(f"{method} {target}", status, received, content, begun, ended)

    async def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        reader, writer = await self._connected()
        sent = {"content-length": str(len(body)), **self._headers, **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        received = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        status = int(lines[0].split(" ")[1])
        if method == "HEAD" or status in {204, 304}:
            return status, received, b""
        if received.get("transfer-encoding") == "chunked":
            return status, received, await _chunks(reader)
        return status, received, await reader.readexactly(int(received["content-length"]))

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # The server ends a connection that waited for too long, perhaps just when the next request is sent.
        if self._open is not None and (self._open[0].at_eof() or time.monotonic() - self._used > KEPT_SECONDS):
            await self.close()
        if self._open is None:
            self._open = await asyncio.open_connection(*self._place, limit=_LIMIT)
        return self._open

    async def close(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened[1].close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        pieces.append((await reader.readexactly(size + 2))[:-2])
        if not size:
            return b"".join(pieces)


class S3Wire(Wire):
    """A connection to the S3 port, whose requests are signed."""

    def __init__(self, url: str, tally: Tally, credentials: Credentials) -> None:
        super().__init__("s3", url, tally)
        self.signer = Signer(credentials, region="us-east-1")

    async def s3(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        body: bytes = b"",
    ) -> Reply:
        """Make a signed request."""
        target = request_target(bucket, key, query)
        signed = self.signer.sign(method, self.url + target, payload=payload_hash(body), headers=headers)
        return await self.ask(method, target, {**headers, **signed.headers}, body)
