"""``bucketry mb``, ``rb`` and ``usage``."""

from __future__ import annotations

import click
from bucketry import CreateBucketOptions, NoSuchBucket, Store, Usage

from bucketry_cli.options import bucket_target, with_store
from bucketry_cli.output import json_line, note, size, timestamp, write_lines, write_table


@click.command
@click.argument("bucket", type=bucket_target)
@click.option("--object-lock", is_flag=True, help="Its versions can be locked. Versioning is on then, for good.")
@with_store
def mb(store: Store, bucket: str, object_lock: bool) -> None:
    """Make a bucket."""
    store.create_bucket(bucket, CreateBucketOptions(object_lock=object_lock))
    note(f"created {bucket}")


@click.command
@click.argument("bucket", type=bucket_target)
@with_store
def rb(store: Store, bucket: str) -> None:
    """Remove an empty bucket."""
    store.delete_bucket(bucket)
    note(f"removed {bucket}")


@click.command
@click.argument("bucket", type=bucket_target, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_store
def usage(store: Store, bucket: str | None, as_json: bool) -> None:
    """Show how much each bucket holds, or this one.

    SOURCE says where the figures come from: index and listing are exact, a backend's own statistics may lag; AS OF is
    when they were true.
    """
    names = [bucket] if bucket else [listed.name for listed in store.list_buckets()]
    usages = store.bucket_usages(names)
    if bucket and bucket not in usages:
        raise NoSuchBucket(bucket=bucket)
    if as_json:
        write_lines(json_line(_described(name, figures)) for name, figures in usages.items())
        return
    headers = ("BUCKET", "OBJECTS", "BYTES", "SIZE", "SOURCE", "AS OF")
    write_table(headers, (_row(name, figures) for name, figures in usages.items()))


def _row(bucket: str, usage: Usage) -> tuple[str | int, ...]:
    human = size(usage.size_bytes)
    return bucket, usage.object_count, usage.size_bytes, human, usage.source, timestamp(usage.as_of)


def _described(bucket: str, usage: Usage) -> dict[str, object]:
    return {
        "name": bucket,
        "object_count": usage.object_count,
        "size_bytes": usage.size_bytes,
        "noncurrent_count": usage.noncurrent_count,
        "noncurrent_bytes": usage.noncurrent_bytes,
        "source": usage.source,
        "as_of": timestamp(usage.as_of),
    }
