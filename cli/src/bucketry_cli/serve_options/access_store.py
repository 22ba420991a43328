"""Where it is kept who may use what, in front of a backend that must not hear of it."""

from __future__ import annotations

from typing import ClassVar

import click
from bucketry.access_store import ACCESS_BUCKET

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.names import check_new_buckets, checked_by


def _check_bucket(context: click.Context, given: click.Parameter, name: str) -> str:
    if name != ACCESS_BUCKET:
        checked_by(check_new_buckets)(context, given, (name,))
    return name


class AccessStoreOptions(Group, frozen=True, kw_only=True):
    """Where policies, ACLs and owners are kept, in front of a backend that must not hear of them."""

    TITLE: ClassVar = "Access store"
    OPTIONS: ClassVar = (
        option(
            "--access-store",
            metavar="URL",
            help="Keep policies, ACLs and owners of our own users in this store, and not in the backend.  "
            "[default: the served store, with --s3 in front of a backend that has an S3 endpoint of its own]",
        ),
        option(
            "--access-bucket",
            metavar="NAME",
            default=ACCESS_BUCKET,
            show_default=True,
            callback=_check_bucket,
            help="The bucket there. No user sees a bucket of this name, or can create it.",
        ),
    )

    access_store: str | None
    access_bucket: str
