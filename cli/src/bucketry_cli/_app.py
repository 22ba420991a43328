"""The program: all commands in one group."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from io import TextIOWrapper
from typing import Final, NoReturn

import click

from bucketry_cli._commands._buckets import mb, rb, usage
from bucketry_cli._commands._drivers import drivers
from bucketry_cli._commands._get import get
from bucketry_cli._commands._ls import ls
from bucketry_cli._commands._presign import presign
from bucketry_cli._commands._put import put
from bucketry_cli._commands._rm import rm
from bucketry_cli._commands._serve import serve
from bucketry_cli._group import Commands
from bucketry_cli._logging import log_to_standard_error
from bucketry_cli._options import global_options

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
    """One object store, many backends: serve it over HTTP, or work on its buckets and objects from here."""


for _command in (serve, drivers, mb, rb, ls, put, get, rm, presign, usage):
    cli.add_command(_command)


def _open_closed_streams() -> None:
    """Has what is written to a closed stream (``>&-``) go nowhere; Python has ``None`` in its place."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # In this order, so that they take the numbers that are free, which no file or socket may get.
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def _let_go_of_output() -> None:
    """Drops what a full disk or a closed pipe does not take: the command has said so, and its exit code stays."""
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
            # A terminal that is not UTF-8 shows the rest as escapes.
            stream.reconfigure(errors="backslashreplace")
    log_to_standard_error("WARNING")
    # A signal becomes an exception, so that half-written files are taken away.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    cli.main(prog_name="bucketry")
    raise AssertionError("click ends the process")
