"""``bucketry presign``."""

from __future__ import annotations

from typing import Literal

import click
from bucketry import PresignOptions, Store
from bucketry.presigning import DEFAULT_EXPIRES_IN
from bucketry.s3 import MAX_EXPIRES_IN

from bucketry_cli.options import Target, examples, object_target, with_store
from bucketry_cli.output import json_line, note, timestamp, write_lines


@click.command(
    epilog=examples(
        'curl -o photo.jpg "$(bucketry presign assets/photo.jpg)"',
        'curl -T photo.jpg "$(bucketry presign assets/photo.jpg --method PUT)"',
    )
)
@click.argument("target", metavar="BUCKET/KEY", type=object_target)
@click.option(
    "--method",
    type=click.Choice(("GET", "PUT"), case_sensitive=False),
    default="GET",
    show_default=True,
    help="GET downloads the object, PUT uploads it.",
)
@click.option(
    "--expires-in",
    type=click.IntRange(1, MAX_EXPIRES_IN),
    default=DEFAULT_EXPIRES_IN,
    show_default=True,
    metavar="SECONDS",
    help="How long the URL works, at most a week.",
)
@click.option("--content-type", metavar="TYPE", help="With PUT: the Content-Type that the client must send.")
@click.option("--json", "as_json", is_flag=True, help="The URL and its expiry as one JSON object.")
@with_store
def presign(
    store: Store,
    target: Target,
    method: Literal["GET", "PUT"],
    expires_in: int,
    content_type: str | None,
    as_json: bool,
) -> None:
    """Print a URL that lets its holder download or upload one object.

    The URL is as good as a password until it expires: hand it on with care. Neither bucket nor object needs to exist.
    """
    options = PresignOptions(method=method, expires_in=expires_in, content_type=content_type)
    presigned = store.presign(target.bucket, target.key, options)
    expires_at = timestamp(presigned.expires_at)
    if as_json:
        write_lines([json_line({"url": presigned.url, "method": presigned.method, "expires_at": expires_at})])
        return
    write_lines([presigned.url])
    note(f"works until {expires_at}")
