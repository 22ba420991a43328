"""Starts a real server for one row, and removes it after."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.case import NotAvailable
from tests.servers.containers import Owner, remove_leftovers
from tests.servers.engine import EngineMissing, engine
from tests.servers.handles import Server
from tests.servers.images import ImageMissing

ServerType = TypeVar("ServerType", bound=Server)


def started(stack: ExitStack, start: Callable[[Owner], ServerType]) -> ServerType:
    """Starts a server in a container.

    Args:
        stack: What removes it.
        start: One of the functions of `tests.servers.containers`.

    Raises:
        NotAvailable: No Docker engine responds, or its image is not there.
    """
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-")))
    try:
        with engine() as client:
            remove_leftovers(client)
        server = start(Owner(os.getpid(), folder))
    except EngineMissing as error:
        raise NotAvailable("no Docker engine") from error
    except ImageMissing as error:
        raise NotAvailable(str(error)) from error
    stack.callback(server.remove)
    return server
