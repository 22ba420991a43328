"""The progress bar: on standard error, and only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from bucketry_cli._output import printable


class Meter(Protocol):
    """What a transfer tells about itself."""

    def advance(self, count: int) -> None:
        """So many more bytes have passed."""

    def label(self, text: str) -> None:
        """This is what passes now."""


class _NoMeter:
    def advance(self, count: int) -> None:
        pass

    def label(self, text: str) -> None:
        pass


class _BarMeter:
    def __init__(self, update: Callable[..., None]) -> None:
        self._update = update

    def advance(self, count: int) -> None:
        self._update(advance=count)

    def label(self, text: str) -> None:
        self._update(description=printable(text))


@contextmanager
def progress(total: int | None, *, shown: bool = True) -> Iterator[Meter]:
    """Shows a bar with bytes, rate and time left while the block runs.

    Args:
        total: How many bytes will pass in all, or ``None`` if that is not known.
        shown: Whether there is to be a bar at all, where there is a terminal for it.
    """
    if not (shown and sys.stderr.isatty()):
        yield _NoMeter()
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.DownloadColumn(binary_units=True),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with rich.Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("", total=total)
        yield _BarMeter(lambda **change: bar.update(task, **change))
