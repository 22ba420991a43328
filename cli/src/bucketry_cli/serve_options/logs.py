"""What is logged."""

from __future__ import annotations

from typing import ClassVar

import click

from bucketry_cli.serve_options.group import Group, option


class LogOptions(Group, frozen=True, kw_only=True):
    """What is logged."""

    TITLE: ClassVar = "Logs"
    OPTIONS: ClassVar = (
        option(
            "--log-level",
            type=click.Choice(("debug", "info", "warning", "error"), case_sensitive=False),
            default="warning",
            show_default=True,
            help="What is logged, on standard error.",
        ),
    )

    log_level: str
