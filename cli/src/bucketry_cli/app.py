"""The program: its commands, and how errors are shown."""

from __future__ import annotations

import atexit
import errno
import os
import signal
import sys
import traceback
from importlib import import_module
from io import TextIOWrapper
from typing import Any, Final, NoReturn

import bucketry
import click
from bucketry.redaction import redacted

from bucketry_cli.config import State, report_misspelt
from bucketry_cli.errors import Failure, Interrupted, describe
from bucketry_cli.options import global_options
from bucketry_cli.output import log_to_standard_error, note

_HINTS: Final[dict[type[bucketry.BucketryError], str]] = {
    bucketry.NoSuchBucket: "'bucketry ls' lists the buckets, 'bucketry mb BUCKET' creates one",
    bucketry.NoSuchKey: "'bucketry ls BUCKET' lists the keys; a key counts byte for byte",
    bucketry.NoSuchVersion: "'bucketry ls --versions BUCKET' lists the versions",
    bucketry.IsDeleteMarker: "'bucketry rm --version-id ID BUCKET/KEY' removes it: the object is there again then",
    bucketry.BucketNotEmpty: "'bucketry rm --recursive BUCKET' deletes its objects, and with --versions all versions",
    bucketry.ObjectLocked: "'bucketry rm --bypass-governance' deletes what is retained in governance mode",
    bucketry.AccessDenied: "check the credentials: BUCKETRY_<DRIVER>_... variables, or [drivers.<driver>] in the file",
    bucketry.Unavailable: "check the store's URL, and that the server behind it runs",
    bucketry.InvalidDriver: "'bucketry drivers' shows what is wrong with an installed driver",
    bucketry.Unsupported: "'bucketry drivers' shows what each driver can do",
}


_MODULES: Final = {
    "serve": "serve",
    "config": "config_commands",
    "user": "access_commands",
    "token": "access_commands",
    "key": "access_commands",
    "drivers": "drivers",
    "mb": "buckets",
    "rb": "buckets",
    "bucket": "bucket_settings",
    "move": "move",
    "ls": "ls",
    "put": "put",
    "get": "get",
    "rm": "rm",
    "presign": "presign",
    "usage": "buckets",
}
"""The module of each command, in the order in which the help lists them."""


class Commands(click.Group):
    """All commands. Each is imported when it is used, and none ends in a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the commands' names. Those that other distributions add come last."""
        from bucketry_cli.added_commands import added_names

        return [*_MODULES, *(name for name in added_names() if name not in _MODULES)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of a name, or ``None``."""
        module = _MODULES.get(cmd_name)
        if module is None:
            from bucketry_cli.added_commands import added_command  # Only here: looking for them takes time.

            return added_command(cmd_name)
        command: click.Command = getattr(import_module(f"bucketry_cli.{module}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command and turns whatever it raises into a `Failure`."""
        report_misspelt(os.environ, self, ctx)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place that can report it
            _fail(error, debug=ctx.ensure_object(State).debug)


def _fail(error: BaseException, *, debug: bool) -> NoReturn:
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        raise error  # Click ends quietly: the reader of the output closed it.
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


_EPILOG: Final = """\b
Which store: --store URL, or BUCKETRY_STORE, or store = "URL" in bucketry.toml.
  A URL names the driver and the place: memory://, minio://localhost:9000.
  Credentials never stand in it, but in BUCKETRY_<DRIVER>_<SETTING> variables
  or in the settings file.

\b
Settings file (TOML): --config, or BUCKETRY_CONFIG, or ./bucketry.toml.
  Command line and variables win over it; URL and variables over [drivers.*].
\b
    store = "minio://localhost:9000"
    [serve]
    host = "127.0.0.1"
    port = 8000
    read_only = false
    log_level = "warning"
    [drivers.minio]
    region = "eu-central-1"

\b
Objects are BUCKET/KEY, or s3://BUCKET/KEY; the key is all after the first
slash, byte for byte. Results go to standard output, all else to standard error.

\b
Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted.
"""


@click.group(
    cls=Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="bucketry-cli", message="%(prog)s %(version)s")
@global_options
def cli() -> None:
    """One object store, many backends: serve it over HTTP, or work on its buckets and objects."""


def _open_closed_streams() -> None:
    """Opens the null device for each stream that the shell closed (``>&-``); Python has ``None`` there."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # In this order they take the free descriptors 0 to 2, so no file or socket gets one of these.
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def _let_go_of_output() -> None:
    """Drops output that a full disk or a closed pipe refuses: the command has reported it, and its exit code stays."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def main() -> NoReturn:
    """Runs the program with the process's arguments, and ends the process."""
    _open_closed_streams()
    atexit.register(_let_go_of_output)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without UTF-8 shows other characters as escapes.
            stream.reconfigure(errors="backslashreplace")
    log_to_standard_error("WARNING")
    # A signal becomes an exception, so that half-written files are removed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    cli.main(prog_name="bucketry")
    raise AssertionError("click ends the process")
