"""Where the REST API listens, and who may use it."""

from __future__ import annotations

from typing import ClassVar

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.names import Names, checked_by
from bucketry_cli.serve_options.ports import PortOption


def _check_hosts(names: Names) -> None:
    from bucketry_http import RestSettings

    RestSettings(allowed_hosts=names)


def _check_origins(names: Names) -> None:
    from bucketry_http import RestSettings

    RestSettings(cors_origins=names)


class ListeningOptions(Group, frozen=True, kw_only=True):
    """Where the REST API listens, and who may use it."""

    TITLE: ClassVar = "The REST API"
    OPTIONS: ClassVar = (
        option(
            "--host",
            default="127.0.0.1",
            show_default=True,
            help="Address to listen on; 0.0.0.0: all. Any but this machine's own needs --allow-anonymous.",
        ),
        option(
            "--port",
            cls=PortOption,
            type=click.IntRange(0, 65535),
            default=8000,
            show_default=True,
            help="TCP port of the REST API; 0: any that is free.",
        ),
        option(
            "--allow-anonymous/--no-allow-anonymous",
            default=False,
            help="Listen beyond this machine although the REST API asks nobody for credentials: "
            "everybody may do everything.",
        ),
        option(
            "--allowed-host",
            multiple=True,
            metavar="NAME",
            callback=checked_by(_check_hosts),
            help="Host name under which clients reach this server, besides localhost; * for any. Repeatable.",
        ),
        option(
            "--cors-origin",
            multiple=True,
            metavar="ORIGIN",
            callback=checked_by(_check_origins),
            help="Web pages from here may use the REST API (https://app.example.com); * for all. Repeatable.",
        ),
    )

    host: str
    port: int
    allow_anonymous: bool
    allowed_host: tuple[str, ...]
    cors_origin: tuple[str, ...]
