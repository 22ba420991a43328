"""The audit stream."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.needs import needs

_AUDIT: Final = needs("--audit", lambda values: values["audit"] is not None)


class AuditOptions(Group, frozen=True, kw_only=True):
    """The audit stream."""

    TITLE: ClassVar = "Audit"
    OPTIONS: ClassVar = (
        option(
            "--audit",
            metavar="stdout|FILE|URL",
            help="Write an entry in JSON for each write, delete, presigned URL, change of access and refusal: to "
            "standard output, to a file, or to a URL, signed with BUCKETRY_WEBHOOK_SECRET.",
        ),
        option(
            "--audit-when-full",
            need=_AUDIT,
            type=click.Choice(("block", "drop")),
            default="block",
            show_default=True,
            help="If entries cannot be written: requests wait and are refused (503), or entries are lost and counted.",
        ),
        option(
            "--audit-queue",
            need=_AUDIT,
            type=click.IntRange(1),
            default=10_000,
            show_default=True,
            metavar="ENTRIES",
            help="Most entries that wait.",
        ),
    )

    audit: str | None
    audit_when_full: Literal["block", "drop"]
    audit_queue: int
