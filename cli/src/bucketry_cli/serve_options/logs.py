"""What is logged."""

from __future__ import annotations

from typing import ClassVar, Literal

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.needs import Values, needs


def _shows_keys(values: Values) -> bool:
    return values["log_format"] is not None or values["traces"] != "off"


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
        option(
            "--log-format",
            type=click.Choice(("text", "json")),
            help="Also log each request, and write all lines like that.  [default: no line for a request]",
        ),
        option(
            "--log-keys/--no-log-keys",
            need=needs("--log-format or --traces", _shows_keys),
            default=True,
            help="Show the keys of objects in the log and in traces.  [default: show]",
        ),
    )

    log_level: str
    log_format: Literal["text", "json"] | None
    log_keys: bool
