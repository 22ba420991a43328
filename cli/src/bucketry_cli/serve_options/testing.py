"""What tests of applications need: faults, and the endpoints that reset the store and turn its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import click
from bucketry import BucketryError

from bucketry_cli.control_paths import CLOCK, EVENTS, RESET
from bucketry_cli.serve_options.group import Group, option

if TYPE_CHECKING:
    from bucketry.layers import Fault


def _faults(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Fault, ...]:
    if not texts:
        return ()
    from bucketry.layers import Fault  # Only here: most servers have none.

    try:
        return tuple(map(Fault.parse, texts))
    except BucketryError as error:
        raise click.BadParameter(error.detail) from None


class TestingOptions(Group, frozen=True, kw_only=True):
    """What tests of applications need."""

    TITLE: ClassVar = "For tests"
    OPTIONS: ClassVar = (
        option(
            "--fault",
            multiple=True,
            metavar="FAULT",
            callback=_faults,
            help="Fail on request: get_object:torn:after=1000, *:latency=0.2, ... (docs/faults.md). Repeatable.",
        ),
        option(
            "--reset-endpoint/--no-reset-endpoint",
            default=False,
            help=f"For tests: POST {RESET} deletes everything, POST {CLOCK} turns the clock, and GET "
            f"{EVENTS} lists S3's events. Refused if the store holds buckets at the start.",
        ),
    )

    fault: tuple[Fault, ...]
    reset_endpoint: bool
