"""``bucketry ls``."""

from __future__ import annotations

from collections.abc import Iterator

import click
from bucketry import (
    DeleteMarker,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    ObjectVersion,
    Store,
    VersionListOptions,
)
from bucketry.paging import iter_pages

from bucketry_cli.options import Target, examples, prefix_target, with_store
from bucketry_cli.output import json_line, printable, size, timestamp, write_lines


@click.command(
    epilog=examples(
        "bucketry ls",
        "bucketry ls assets/images/",
        "bucketry ls assets --delimiter / --human",
        "bucketry ls assets --versions",
    )
)
@click.argument("target", metavar="[BUCKET[/PREFIX]]", type=prefix_target, required=False)
@click.option("--delimiter", default="", metavar="TEXT", help="Roll keys up at their next TEXT, as with folders: '/'.")
@click.option("--human", is_flag=True, help="Sizes as KiB, MiB, ... instead of bytes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; keys exactly as they are.")
@click.option(
    "--content-type/--no-content-type",
    default=True,
    help="Without it, stores whose listings hold no content types answer faster.",
)
@click.option("--versions", is_flag=True, help="All versions and delete markers, the newest of each key first.")
@with_store
def ls(
    store: Store,
    target: Target | None,
    delimiter: str,
    human: bool,
    as_json: bool,
    content_type: bool,
    versions: bool,
) -> None:
    r"""List the buckets, or all objects whose keys begin with PREFIX.

    A line is time, size, content type and key. Control characters in keys are shown as escapes (\n).
    With --versions it is time, size, id of the version, * for the latest version, and key; a delete marker has no size.
    """
    if target is None:
        if versions:
            raise click.UsageError("--versions needs a BUCKET")
        write_lines(_bucket_lines(store, as_json))
        return
    if versions:
        _list_versions(store, target, delimiter, human, as_json)
        return
    options = ListOptions(prefix=target.key, delimiter=delimiter, content_type=content_type)
    for page in store.iter_object_pages(target.bucket, options):
        write_lines(_json_lines(page, content_type) if as_json else _text_lines(page, human, content_type))


def _bucket_lines(store: Store, as_json: bool) -> Iterator[str]:
    for bucket in store.list_buckets():
        created = timestamp(bucket.created_at)
        yield json_line({"name": bucket.name, "created_at": created}) if as_json else f"{created}  {bucket.name}"


def _entries(page: ObjectPage) -> list[tuple[str, ObjectInfo | None]]:
    """Objects and common prefixes together, in the order of a listing: by UTF-8 bytes."""
    entries: list[tuple[str, ObjectInfo | None]] = [(info.key, info) for info in page.objects]
    if page.prefixes:
        entries.extend((prefix, None) for prefix in page.prefixes)
        entries.sort(key=lambda entry: entry[0].encode())
    return entries


def _text_lines(page: ObjectPage, human: bool, content_type: bool) -> Iterator[str]:
    for name, info in _entries(page):
        if info is None:
            time, amount, kind = "", "-", "(prefix)"
        else:
            time, kind = timestamp(info.last_modified), info.content_type
            amount = size(info.size_bytes) if human else str(info.size_bytes)
        middle = f"  {kind:<24}" if content_type else ""
        yield f"{time:<20}  {amount:>12}{middle}  {printable(name)}"


def _json_lines(page: ObjectPage, content_type: bool) -> Iterator[str]:
    for name, info in _entries(page):
        if info is None:
            yield json_line({"prefix": name})
            continue
        kind = {"content_type": info.content_type} if content_type else {}
        modified = timestamp(info.last_modified)
        yield json_line(
            {"key": name, "size_bytes": info.size_bytes, **kind, "last_modified": modified, "etag": info.etag}
        )


def _list_versions(store: Store, target: Target, delimiter: str, human: bool, as_json: bool) -> None:
    options = VersionListOptions(prefix=target.key, delimiter=delimiter)
    for page in iter_pages(lambda asked: store.list_object_versions(target.bucket, asked), options):
        lines = _json_version if as_json else _text_version
        write_lines([lines(version, human) for version in page.versions])
        write_lines([json_line({"prefix": prefix}) if as_json else printable(prefix) for prefix in page.prefixes])


def _text_version(version: ObjectVersion | DeleteMarker, human: bool) -> str:
    if isinstance(version, DeleteMarker):
        moment, amount = version.last_modified, "(deleted)"
    else:
        moment, count = version.info.last_modified, version.info.size_bytes
        amount = size(count) if human else str(count)
    latest = "*" if version.is_latest else " "
    return f"{timestamp(moment):<20}  {amount:>12}  {version.version_id:<36} {latest} {printable(version.key)}"


def _json_version(version: ObjectVersion | DeleteMarker, _: bool) -> str:
    found: dict[str, object] = {
        "key": version.key,
        "version_id": version.version_id,
        "is_latest": version.is_latest,
        "is_delete_marker": isinstance(version, DeleteMarker),
    }
    if isinstance(version, DeleteMarker):
        return json_line(found | {"last_modified": timestamp(version.last_modified)})
    info = version.info
    return json_line(
        found | {"size_bytes": info.size_bytes, "last_modified": timestamp(info.last_modified), "etag": info.etag}
    )
