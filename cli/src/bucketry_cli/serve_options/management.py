"""The management port: metrics and health."""

from __future__ import annotations

from typing import ClassVar, Final

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.needs import needs
from bucketry_cli.serve_options.numbers import FiniteRange
from bucketry_cli.serve_options.ports import PortOption

_PORT: Final = needs("--management-port", lambda values: values["management_port"] is not None)


class ManagementOptions(Group, frozen=True, kw_only=True):
    """The management port: metrics and health."""

    TITLE: ClassVar = "Management port"
    OPTIONS: ClassVar = (
        option(
            "--management-port",
            cls=PortOption,
            type=click.IntRange(0, 65535),
            help="Serve metrics for Prometheus (/metrics) and health (/health/live, /health/ready) on this TCP port; "
            "0: any that is free.  [default: no such port]",
        ),
        option(
            "--management-host",
            need=_PORT,
            default="127.0.0.1",
            show_default=True,
            help="Its address; 0.0.0.0: all. It asks nobody for credentials, and its metrics name buckets.",
        ),
        option(
            "--usage-seconds",
            need=_PORT,
            type=FiniteRange(0),
            default=300.0,
            show_default=True,
            metavar="SECONDS",
            help="How often metrics ask the backend how much each bucket holds, at most; 0: never.",
        ),
    )

    management_port: int | None
    management_host: str
    usage_seconds: float
