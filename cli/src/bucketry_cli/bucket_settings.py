"""``bucketry bucket settings``: settings of a bucket, as JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import click
import msgspec
from bucketry import Store
from bucketry.bucket_settings import SETTINGS_KINDS, AnyBucketSettings, unknown_field
from bucketry.decoding import from_json

from bucketry_cli.errors import Failure
from bucketry_cli.options import bucket_target, examples, with_store
from bucketry_cli.output import note, write_lines

_KINDS: Final[Mapping[str, type[AnyBucketSettings]]] = {
    str(kind.__struct_config__.tag): cast("type[AnyBucketSettings]", kind) for kind in SETTINGS_KINDS
}
_KIND: Final = click.Choice(sorted(_KINDS))
_MAX_BYTES: Final = 1024 * 1024


@click.group
def bucket() -> None:
    """Work on a bucket itself."""


@bucket.group
def settings() -> None:
    """Show, replace and delete a bucket's settings: versioning, lifecycle, policy and others."""


@settings.command(name="list", epilog=examples("bucketry bucket settings list assets"))
@click.argument("bucket", type=bucket_target)
@with_store
def list_(store: Store, bucket: str) -> None:
    """Name the kinds of settings that are set, one a line."""
    store.head_bucket(bucket)
    features = store.capabilities.features
    for name, kind in sorted(_KINDS.items()):
        if getattr(features, kind.feature) and store.get_bucket_settings(bucket, kind) != kind():
            click.echo(name)


@settings.command(epilog=examples("bucketry bucket settings get assets versioning"))
@click.argument("bucket", type=bucket_target)
@click.argument("kind", type=_KIND)
@with_store
def get(store: Store, bucket: str, kind: str) -> None:
    """Show settings of one kind as JSON. Where nothing is set, all fields have their defaults."""
    found = store.get_bucket_settings(bucket, _KINDS[kind])
    write_lines([msgspec.json.format(msgspec.json.encode(found), indent=2).decode()])


@settings.command(
    epilog=examples(
        'bucketry bucket settings put assets versioning \'{"status": "Enabled"}\'',
        "bucketry bucket settings put assets lifecycle @rules.json",
        "bucketry bucket settings get assets cors | bucketry bucket settings put other cors -",
    )
)
@click.argument("bucket", type=bucket_target)
@click.argument("kind", type=_KIND)
@click.argument("document", metavar="JSON|@FILE|-")
@with_store
def put(store: Store, bucket: str, kind: str, document: str) -> None:
    """Replace settings of one kind, all of them. The fields are those that 'get' shows.

    The JSON stands on the command line, in a FILE, or comes from standard input (-).
    """
    store.put_bucket_settings(bucket, _decoded(kind, _read(document)))
    note(f"{kind} of {bucket} is set")


@settings.command(epilog=examples("bucketry bucket settings delete assets cors"))
@click.argument("bucket", type=bucket_target)
@click.argument("kind", type=_KIND)
@with_store
def delete(store: Store, bucket: str, kind: str) -> None:
    """Delete settings of one kind. Where nothing is set, this is not an error."""
    store.delete_bucket_settings(bucket, _KINDS[kind])
    note(f"{kind} of {bucket} is not set")


def _read(document: str) -> bytes:
    if document == "-":
        content = sys.stdin.buffer.read(_MAX_BYTES + 1)
    elif document.startswith("@"):
        with Path(document[1:]).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    else:
        content = document.encode()
    if len(content) > _MAX_BYTES:
        raise Failure(f"settings have at most {_MAX_BYTES} bytes")
    return content


def _decoded(kind: str, content: bytes) -> AnyBucketSettings:
    """Reads settings strictly: a field that the kind does not have is an error.

    Raises:
        Failure: They cannot be read; the message says why.
    """
    try:
        found = from_json(content, _KINDS[kind])
        sent = from_json(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"these are not settings of the kind {kind}: {error}", _hint(kind)) from None
    if unknown := unknown_field(sent, msgspec.to_builtins(found)):
        raise Failure(f"settings of the kind {kind} have no field {unknown[:100]!r}", _hint(kind))
    return found


def _hint(kind: str) -> str:
    return f"'bucketry bucket settings get BUCKET {kind}' shows the fields"
