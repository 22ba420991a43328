"""Sends one large file as a form, as fast as the server takes it."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from benchmarks.bucketry_server.running_server import TIMEOUT_SECONDS, Address
from benchmarks.case import MIB

_BOUNDARY = b"bench-boundary-7MA4YWxkTrZu0gW"
# Like a compressed file: nothing in it looks like the beginning of a boundary more often than chance has it.
_PIECE = memoryview(random.Random(7578).randbytes(MIB))
_HEAD = (
    b'--%b\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" % _BOUNDARY
)
KEY = "large.bin"
"""The file's name in the form, and the object's key."""

_TAIL = b"\r\n--%b--\r\n" % _BOUNDARY


def upload_seconds(
    address: Address, path: str, size: int, watch: Callable[[], object] | None = None, *, file: Path | None = None
) -> float:
    """Uploads a form with one file, and returns how long it took, the response included.

    Args:
        address: The server.
        path: Where to.
        size: Size of the file in bytes, whole MiB.
        watch: Called after every 8 MiB.
        file: A file of this size to send, instead of content from memory.
    """
    total = len(_HEAD) + size + len(_TAIL)
    request = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {total}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY.decode()}\r\n\r\n"
    )
    with ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection(address, TIMEOUT_SECONDS))
        pieces: Iterable[bytes | memoryview] = (
            repeat(_PIECE, size // MIB) if file is None else _pieces(stack.enter_context(file.open("rb")))
        )
        begun = perf_counter()
        connection.sendall(request.encode() + _HEAD)
        for number, piece in enumerate(pieces):
            connection.sendall(piece)
            if watch is not None and number % 8 == 0:
                watch()
        connection.sendall(_TAIL)
        response = b"".join(iter(lambda: connection.recv(MIB), b""))
        seconds = perf_counter() - begun
    if not response.startswith(b"HTTP/1.1 20"):
        raise RuntimeError(f"the upload failed: {response[:500]!r}")
    return seconds


def write_file(file: Path, size: int) -> None:
    """Writes a file of a whole number of MiB, such as is uploaded from memory."""
    with file.open("wb") as content:
        for _ in range(size // MIB):
            content.write(_PIECE)


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: content.read(MIB), b"")
