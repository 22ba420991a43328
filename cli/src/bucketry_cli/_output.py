"""How things are written out: lines, JSON lines and tables, with nothing in them that a terminal would obey."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Final

import click
import msgspec

_PIPE_WIDTH: Final = 10_000
"""Width of a table that no terminal shows, in columns: nothing is folded for programs that read lines."""


def printable(text: str) -> str:
    r"""Returns text with control and other invisible characters as escapes (``\n``, ``\x1b``, ``\u200b``).

    Keys, and what a backend says, come from strangers; on a terminal they could move the cursor or fake a line.
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
    """Returns one line of JSON, which is ASCII alone unless standard output is UTF-8: JSON has no other encoding."""
    if sys.stdout.encoding.lower() in ("utf-8", "utf8"):
        return msgspec.json.encode(values).decode()
    return json.dumps(msgspec.to_builtins(values), separators=(",", ":"))


def write_lines(lines: Iterable[str]) -> None:
    """Writes lines to standard output in one go, which a listing of a million keys needs."""
    if text := "\n".join(lines):
        click.echo(text)


def program() -> str:
    """Returns what starts this program from where the user is: ``bucketry``, or its path where that is not found."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m bucketry_cli"
    found = shutil.which("bucketry")
    is_found = found is not None and started.exists() and Path(found).samefile(started)
    return "bucketry" if is_found or not started.exists() else shlex.quote(str(started))


def note(text: str) -> None:
    """Says something on standard error that is no part of the result."""
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
