"""Requests byte by byte, for clients that are odd."""

from __future__ import annotations

import socket
from contextlib import suppress

from tests.http.serving import API

OBJECTS = f"{API}/buckets/my-assets/objects"
MIB = 1024 * 1024


def answers(client: socket.socket) -> bytes:
    """Returns all that the server says until it closes the connection, or resets it with something left unread."""
    said = bytearray()
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            said += piece
    return bytes(said)


def request(method: str, target: str, content: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


LAST = request("GET", f"{API}/status", Connection="close")
