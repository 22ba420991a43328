"""The group of all commands, and the one place where errors become what the user sees."""

from __future__ import annotations

import errno
import os
import traceback
from typing import Any, Final, NoReturn

import bucketry
import click
from bucketry.redaction import redacted

from bucketry_cli._failures import Failure, Interrupted, describe
from bucketry_cli._output import note
from bucketry_cli._state import State
from bucketry_cli._variables import report_misspelt

_HINTS: Final[dict[type[bucketry.BucketryError], str]] = {
    bucketry.NoSuchBucket: "'bucketry ls' lists the buckets, 'bucketry mb BUCKET' creates one",
    bucketry.NoSuchKey: "'bucketry ls BUCKET' lists the keys; a key counts byte for byte",
    bucketry.BucketNotEmpty: "'bucketry rm --recursive BUCKET' deletes its objects",
    bucketry.AccessDenied: "check the credentials: BUCKETRY_<DRIVER>_... variables, or [drivers.<driver>] in the file",
    bucketry.Unavailable: "check the store's URL, and that the server behind it runs",
    bucketry.InvalidSettings: "use BUCKETRY_<DRIVER>_<SETTING> variables, or [drivers.<driver>] in the file",
    bucketry.InvalidDriver: "'bucketry drivers' shows what is wrong with an installed driver",
    bucketry.Unsupported: "'bucketry drivers' shows what each driver can do",
}


class Commands(click.Group):
    """Commands that stay in the order in which they were added, and of which none ends in a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the commands' names in that order."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command and turns whatever it raises into a `Failure`."""
        report_misspelt(os.environ, self)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place where it can be put in words
            _fail(error, debug=ctx.ensure_object(State).debug)


def _fail(error: BaseException, *, debug: bool) -> NoReturn:
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        raise error  # Click ends quietly: whoever read the output has seen enough.
    if debug:
        for line in redacted("".join(traceback.format_exception(error))).splitlines():
            note(line)
    if isinstance(error, bucketry.BucketryError):
        raise Failure(str(error), _hint(error)) from error
    if isinstance(error, KeyboardInterrupt):
        raise Interrupted("interrupted") from error
    if isinstance(error, OSError):
        raise Failure(describe(error)) from error
    raise Failure(
        redacted(f"unexpected {type(error).__name__}: {error}"), "this is a bug: --debug shows where it is"
    ) from error


def _hint(error: bucketry.BucketryError) -> str:
    return next((hint for kind, hint in _HINTS.items() if isinstance(error, kind)), "")
