"""Output: lines, JSON lines, tables, progress and log, without characters that control a terminal."""

from __future__ import annotations

import json
import logging
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Final, Protocol, TextIO

import click
import msgspec
from bucketry.redaction import RedactingFilter

_PIPE_WIDTH: Final = 10_000
"""Width of a table that goes to a pipe, in columns: programs read whole lines."""


def printable(text: str) -> str:
    r"""Returns text with control and other invisible characters as escapes (``\n``, ``\x1b``, ``\u200b``).

    Keys and messages of a backend come from strangers. On a terminal they could move the cursor or fake a line.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def timestamp(moment: datetime) -> str:
    """Returns a time as the REST API writes it: ``2024-01-15T10:30:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def size(count: int) -> str:
    """Returns a number of bytes for people: ``1.5 MiB``."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} TiB"


def counted(count: int, noun: str) -> str:
    """Returns ``1 object`` or ``2,000 objects``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def json_line(values: dict[str, object]) -> str:
    """Returns one line of JSON, in ASCII unless standard output is UTF-8: JSON has no other encoding."""
    if sys.stdout.encoding.lower() in ("utf-8", "utf8"):
        return msgspec.json.encode(values).decode()
    return json.dumps(msgspec.to_builtins(values), separators=(",", ":"))


def write_lines(lines: Iterable[str]) -> None:
    """Writes lines to standard output in one call, which is much faster for a million keys."""
    if text := "\n".join(lines):
        click.echo(text)


def program() -> str:
    """Returns the command that starts this program: ``bucketry``, or its path if that is not found."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m bucketry_cli"
    found = shutil.which("bucketry")
    is_found = found is not None and started.exists() and Path(found).samefile(started)
    return "bucketry" if is_found or not started.exists() else shlex.quote(str(started))


def note(text: str) -> None:
    """Writes a line to standard error, beside the result."""
    click.echo(printable(text), err=True)


def write_table(headers: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    """Writes a table to standard output; numbers are aligned to the right, and nothing is cut off."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    cells = [list(row) for row in rows]
    for column, header in enumerate(headers):
        numeric = bool(cells) and all(isinstance(row[column], int) for row in cells)
        table.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else printable(cell)) for cell in row))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH
    rendered = StringIO()
    Console(file=rendered, width=width, highlight=False).print(table)
    write_lines(line.rstrip() for line in rendered.getvalue().splitlines())


class Meter(Protocol):
    """Shows how far a transfer is."""

    def advance(self, count: int) -> None:
        """Adds bytes that have passed."""

    def label(self, text: str) -> None:
        """Names what is transferred now."""


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
        total: How many bytes will pass, or ``None`` if unknown.
        shown: Whether a bar is shown if standard error is a terminal.
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


_RETRYING: Final = "urllib3.connectionpool"
"""It warns of each attempt that failed."""

_LIBRARIES: Final = (
    "asyncio",
    "boto3",
    "botocore",
    "charset_normalizer",
    "httpcore",
    "httpx",
    "litestar",
    "minio",
    "multipart",
    "python_multipart",
    "s3transfer",
    "urllib3",
    "uvicorn",
)
"""SDKs and HTTP libraries. Below ``info`` they log requests and responses, secrets included."""


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to the standard error of the moment: a test or a shell may replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.addFilter(RedactingFilter())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard error."""
        return sys.stderr


_handler: Final = _StandardError()


def log_to_standard_error(level: str, form: str | logging.Formatter = "%(message)s", *filters: logging.Filter) -> None:
    """Writes all records from a level on to standard error, redacted. A later call changes level and form.

    Args:
        level: The lowest level, in capitals.
        form: How a line looks, as `logging.Formatter` takes it; or what makes the lines.
        filters: See each record after it was redacted.
    """
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    _handler.setFormatter(logging.Formatter(form) if isinstance(form, str) else form)
    _handler.filters[1:] = filters
    root.setLevel(level)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))
    # If a backend is down, each request is tried several times. One line for the last attempt is enough.
    logging.getLogger(_RETRYING).setLevel(
        max(logging.ERROR, root.level) if root.level > logging.DEBUG else logging.INFO
    )
