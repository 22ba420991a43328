"""``bucketry serve``."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import click
from bucketry.layers import ReadOnly

from bucketry_cli._failures import Failure, describe
from bucketry_cli._options import command_options, examples, open_selected, store_option
from bucketry_cli._output import write_lines

if TYPE_CHECKING:
    from bucketry_http import Listener

_LEVELS: Final = ("debug", "info", "warning", "error")


class _Endpoint(NamedTuple):
    """What one listener serves: the name and path of everything that a user may want to open."""

    listener: Listener
    places: tuple[tuple[str, str], ...]


_REST_PLACES: Final = (("REST API", "/api/v1/storage"), ("API docs", "/schema"))


@click.command(
    epilog=examples(
        "bucketry serve",
        "bucketry serve --store minio://localhost:9000 --port 8080 --read-only",
    )
)
@command_options
@store_option("memory://")
@click.option(
    "--host",
    envvar="BUCKETRY_HOST",
    show_envvar=True,
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0: all. The API asks nobody for credentials.",
)
@click.option(
    "--port",
    envvar="BUCKETRY_PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="TCP port of the REST API; 0: any that is free.",
)
@click.option(
    "--read-only/--read-write",
    envvar="BUCKETRY_READ_ONLY",
    show_envvar=True,
    default=False,
    help="Refuse everything that changes the store.",
)
@click.option(
    "--log-level",
    envvar="BUCKETRY_LOG_LEVEL",
    show_envvar=True,
    type=click.Choice(_LEVELS, case_sensitive=False),
    default="warning",
    show_default=True,
    help="What is logged, on standard error.",
)
@click.pass_context
def serve(ctx: click.Context, store: str, host: str, port: int, read_only: bool, log_level: str) -> None:
    """Serve the REST API over a store, until Ctrl-C or SIGTERM.

    memory:// starts empty, and its buckets live as long as the server does.
    """
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with open_selected(ctx, store, [ReadOnly()] if read_only else []) as opened:
        from bucketry_http import Listener, create_app

        rest = _Endpoint(Listener(create_app(opened), host, port), _REST_PLACES)
        _run([rest], f"bucketry serves {store}" + (" for reading only" if read_only else "") + "; Ctrl-C stops it")


def _run(endpoints: list[_Endpoint], headline: str) -> None:
    from bucketry_http import Server

    def announce(urls: tuple[str, ...]) -> None:
        places = [
            (name, url + path) for endpoint, url in zip(endpoints, urls, strict=True) for name, path in endpoint.places
        ]
        width = max(len(name) for name, _ in places)
        write_lines([headline, *(f"{name:<{width}}  {url}" for name, url in places)])

    try:
        Server([endpoint.listener for endpoint in endpoints], announce).run()
    except OSError as error:
        raise _not_listening(error, [endpoint.listener for endpoint in endpoints]) from error


def _not_listening(error: OSError, listeners: list[Listener]) -> Failure:
    where = " and ".join(f"{listener.host} port {listener.port}" for listener in listeners)
    if error.errno == errno.EADDRINUSE:
        return Failure(f"cannot listen on {where}: in use", "stop what listens there, or give another --port (0: any)")
    if isinstance(error, socket.gaierror):
        return Failure(f"cannot listen on {where}: no such host", "give an address of this machine as --host")
    return Failure(f"cannot listen on {where}: {describe(error)}")
