"""Starts a real server for one row, in a container or in a process, and removes it after."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.case import NotAvailable
from tests.servers.containers import Owner
from tests.servers.engine import EngineMissing
from tests.servers.handles import Server
from tests.servers.images import ImageMissing
from tests.servers.programs import LocalServer, Program, ProgramMissing, start_program

ServerType = TypeVar("ServerType", bound=Server)


def started(stack: ExitStack, start: Callable[[Owner], ServerType]) -> ServerType:
    """Starts a server in a container.

    Args:
        stack: What removes it.
        start: One of the functions of `tests.servers.containers`.

    Raises:
        NotAvailable: No Docker engine responds, or its image is not there.
    """
    try:
        server = start(_owner(stack))
    except EngineMissing as error:
        raise NotAvailable("no Docker engine") from error
    except ImageMissing as error:
        raise NotAvailable(str(error)) from error
    stack.callback(server.remove)
    return server


def started_program(
    stack: ExitStack, program: Program, folder: Path | None = None, more: Sequence[str] = ()
) -> LocalServer:
    """Starts a server in a process.

    Args:
        stack: What ends it.
        program: The server.
        folder: Where it keeps its data, in a new folder. ``None``: in the folder for temporary files.
        more: Arguments beside the usual ones.

    Raises:
        NotAvailable: It is not installed.
    """
    try:
        server = start_program(program, _owner(stack, folder), more)
    except ProgramMissing as error:
        raise NotAvailable(f"{program.title}: {error}") from error
    stack.callback(server.stop)
    return server


def _owner(stack: ExitStack, folder: Path | None = None) -> Owner:
    return Owner(os.getpid(), Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-", dir=folder))))
