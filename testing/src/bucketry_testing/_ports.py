"""Ports that are known before anybody listens there."""

from __future__ import annotations

import socket
from typing import Final

HOST: Final = "127.0.0.1"


def reserve_port() -> socket.socket:
    """Returns a socket with a port of its own, on which nobody listens yet."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        reserved.bind((HOST, 0))
        reserved.setblocking(False)
    except BaseException:
        reserved.close()
        raise
    return reserved


def url_of(reserved: socket.socket) -> str:
    """Returns the URL of what will listen on a socket."""
    return f"http://{HOST}:{reserved.getsockname()[1]}"
