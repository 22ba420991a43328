"""Applications for workers, which import this module in processes of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any


async def pid_app(scope: Any, receive: Any, send: Any) -> None:
    """Responds with the number of its process."""
    if scope["type"] != "lifespan":
        body = str(os.getpid()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def opened() -> Iterator[Any]:
    yield pid_app


@contextmanager
def opened_unless_told() -> Iterator[Any]:
    """Opens unless there is a file ``broken`` in the folder where the process runs."""
    if os.path.exists("broken"):
        raise RuntimeError("a file has a mistake")
    yield pid_app


def broken() -> AbstractContextManager[Any]:
    raise RuntimeError("no such backend")


@contextmanager
def short_lived() -> Iterator[Any]:
    """Dies soon after it serves."""
    threading.Timer(1.0, os._exit, (7,)).start()  # Late enough that a busy machine has it ready.
    yield pid_app
