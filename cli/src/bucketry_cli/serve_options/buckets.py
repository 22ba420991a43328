"""What is served: the buckets, and where their events are sent."""

from __future__ import annotations

from typing import ClassVar

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.names import check_new_buckets, checked_by


class BucketOptions(Group, frozen=True, kw_only=True):
    """What is served: the buckets, and where their events are sent."""

    TITLE: ClassVar = "Buckets and events"
    OPTIONS: ClassVar = (
        option(
            "--bucket",
            multiple=True,
            metavar="NAME",
            callback=checked_by(check_new_buckets),
            help="Create this bucket first, if it does not exist. Repeatable.",
        ),
        option(
            "--read-only/--read-write",
            default=False,
            help="Refuse everything that changes the store.",
        ),
        option(
            "--webhook",
            multiple=True,
            metavar="[NAME=]URL",
            help="Send events of objects (S3's messages) to this URL, signed with BUCKETRY_WEBHOOK_SECRET "
            "(docs/events.md). Repeatable.",
        ),
    )

    bucket: tuple[str, ...]
    read_only: bool
    webhook: tuple[str, ...]
