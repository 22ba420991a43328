"""The S3 endpoint."""

from __future__ import annotations

from typing import ClassVar

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.names import Names, checked_by
from bucketry_cli.serve_options.needs import S3
from bucketry_cli.serve_options.ports import PortOption


def _check_domains(names: Names) -> None:
    from bucketry_http import S3Settings

    S3Settings(domains=names)


def _check_regions(names: Names) -> None:
    from bucketry_http import S3Settings

    S3Settings(regions=names)


class S3Options(Group, frozen=True, kw_only=True):
    """The S3 endpoint."""

    TITLE: ClassVar = "The S3 endpoint"
    OPTIONS: ClassVar = (
        option(
            "--s3/--no-s3",
            default=None,
            help="Serve S3: always, with users of our own and none of the backend's; or never.  [default: where the "
            "backend has no S3 endpoint of its own]",
        ),
        option("--s3-host", need=S3, help="Its address.  [default: that of --host]"),
        option(
            "--s3-port",
            need=S3,
            cls=PortOption,
            type=click.IntRange(0, 65535),
            default=9000,
            show_default=True,
            help="Its TCP port; 0: any that is free.",
        ),
        option(
            "--s3-public-endpoint",
            need=S3,
            metavar="URL",
            help="Its URL as clients reach it, which status and presigned URLs name.  [default: where it listens]",
        ),
        option(
            "--s3-domain",
            need=S3,
            multiple=True,
            metavar="NAME",
            callback=checked_by(_check_domains),
            help="Host name below which the first label is a bucket (bucket.s3.example.com). Repeatable.",
        ),
        option(
            "--s3-region",
            need=S3,
            multiple=True,
            metavar="NAME",
            callback=checked_by(_check_regions),
            help="Another region that buckets can be in, besides the store's own. Repeatable.",
        ),
        option(
            "--s3-check-origins/--no-s3-check-origins",
            need=S3,
            default=True,
            help="Web pages from elsewhere need a CORS rule or a presigned URL to change something.  [default: check]",
        ),
    )

    s3: bool | None
    s3_host: str | None
    s3_port: int
    s3_public_endpoint: str | None
    s3_domain: tuple[str, ...]
    s3_region: tuple[str, ...]
    s3_check_origins: bool
