"""The processes of the server, and how they end."""

from __future__ import annotations

from typing import ClassVar

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.numbers import FiniteRange


class ProcessOptions(Group, frozen=True, kw_only=True):
    """The processes of the server, and how they end."""

    TITLE: ClassVar = "Processes"
    OPTIONS: ClassVar = (
        option(
            "--workers",
            type=click.IntRange(1, 256),
            default=1,
            show_default=True,
            metavar="N",
            help="Serve the REST API and S3 in so many processes, for stores that they can share (not memory://).",
        ),
        option(
            "--shutdown-delay",
            type=FiniteRange(0),
            default=0.0,
            show_default=True,
            metavar="SECONDS",
            help="When stopped, go on serving for so long while /health/ready says 503, so that a load balancer "
            "notices.",
        ),
        option(
            "--grace-seconds",
            type=FiniteRange(0),
            default=10.0,
            show_default=True,
            metavar="SECONDS",
            help="Then let requests in progress go on for so long; what is left is cut off (503). "
            "A second signal ends all.",
        ),
    )

    workers: int
    shutdown_delay: float
    grace_seconds: float
