"""Applications for workers, which import this module in processes of their own."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bucketry import InvalidSettings
from bucketry_http.server.server import Listener


async def pid_app(scope: Any, receive: Any, send: Any) -> None:
    """Responds with the number of its process."""
    if scope["type"] != "lifespan":
        body = str(os.getpid()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def opened_unless_told(sockets: Sequence[socket.socket], _number: int) -> Iterator[list[Listener]]:
    """Opens unless there is a file ``broken`` in the folder where the process runs."""
    if os.path.exists("broken"):
        raise RuntimeError("a file has a mistake")
    yield [Listener(pid_app, bound=bound) for bound in sockets]


def broken(_sockets: Sequence[socket.socket], _number: int) -> AbstractContextManager[list[Listener]]:
    raise RuntimeError("no such backend")


def unfit(_sockets: Sequence[socket.socket], _number: int) -> AbstractContextManager[list[Listener]]:
    raise InvalidSettings("the key does not belong to the certificate")


@contextmanager
def short_lived(sockets: Sequence[socket.socket], _number: int) -> Iterator[list[Listener]]:
    """Dies soon after it serves."""
    threading.Timer(1.0, os._exit, (7,)).start()  # Late enough that a busy machine has it ready.
    yield [Listener(pid_app, bound=bound) for bound in sockets]
