"""Errors that end a command: one sentence on standard error, and sometimes a hint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click
from bucketry import InvalidSettings

from bucketry_cli.output import printable


class Failure(click.ClickException):
    """Ends the command with one sentence and exit code 1."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: IO[Any] | None = None) -> None:
        """Writes the sentence and the hint."""
        click.echo(f"error: {printable(self.message)}", file=file, err=True)
        if self.hint:
            click.echo(f"hint: {printable(self.hint)}", file=file, err=True)


class Interrupted(Failure):
    """Ends the command after Ctrl-C; the exit code is 128 and the signal's number, as shells count."""

    exit_code = 130


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Says where settings stand that cannot be used.

    Raises:
        Failure: The body raised `InvalidSettings`.
    """
    try:
        yield
    except InvalidSettings as error:
        raise Failure(f"{where}: {error.detail}") from error


def describe(error: OSError) -> str:
    """Returns what the operating system refused, and for which file."""
    reason = error.strerror or type(error).__name__
    return reason if error.filename is None else f"{reason}: {str(error.filename)!r}"
