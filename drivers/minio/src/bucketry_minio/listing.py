"""Pages of a bucket's objects with their content types."""

from __future__ import annotations

from itertools import chain
from typing import Final

from bucketry import (
    DEFAULT_CONTENT_TYPE,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    Unsupported,
)
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.paging import stands_still
from bucketry.s3 import MAX_PAGE
from bucketry_s3client import (
    Element,
    is_truncated,
    read_count,
    read_time,
    reading,
    unquoted,
    url_decoded,
)

from bucketry_minio.connection import Connection
from bucketry_minio.keys import ends_in_dots, marker_for, may_begin_a_key

_OBJECTS: Final = "minio objects"
_LAST: Final = "\U0010ffff"


def list_page(connection: Connection, bucket: str, options: ListOptions) -> ObjectPage:
    """Asks for one page of a bucket's objects: one request."""
    after = options.start_after
    if options.cursor is not None:
        after = max(after, decode_cursor(_OBJECTS, options.cursor, str))
    prefix = options.prefix
    if not may_begin_a_key(prefix) or (after > prefix and not after.startswith(prefix)):
        # MinIO refuses such a prefix, or nothing that begins with it can follow.
        connection.find(bucket)
        return ObjectPage(objects=())
    if ends_in_dots(prefix):
        if options.delimiter not in {"", "/"}:
            raise Unsupported("MinIO cannot roll up what begins with '.' or '..' at another delimiter than '/'")
        after, prefix = max(after, prefix), prefix.rpartition("/")[0] + "/" * ("/" in prefix)
    document = _ask(connection, bucket, options, prefix, after)
    return _page(document, options, after)


def _ask(connection: Connection, bucket: str, options: ListOptions, prefix: str, after: str) -> Element:
    query = {
        "list-type": "2",
        "encoding-type": "url",
        # One more than wanted: MinIO may give again what the page before ended with, and asked for one object of a
        # prefix that is an object itself, it gives that one and says that there are no others.
        "max-keys": str(min(MAX_PAGE, options.limit + 1)),
        "prefix": prefix,
        "delimiter": options.delimiter,
    }
    if after > prefix:  # MinIO finds nothing after a marker that lies before the prefix.
        query["start-after"] = marker_for(_beyond(after, prefix, options.delimiter))
    if options.content_type:
        query["metadata"] = "true"
    return connection.request_xml("GET", bucket, root="ListBucketResult", query=query)[1]


def _beyond(after: str, prefix: str, delimiter: str) -> str:
    """Returns what comes last of what is rolled up into the same common prefix, which was listed then."""
    if not delimiter or not after.startswith(prefix):
        return after
    head, found, _ = after[len(prefix) :].partition(delimiter)
    return prefix + head + found + _LAST if found else after


def _page(document: Element, options: ListOptions, after: str) -> ObjectPage:
    with reading("a page of objects"):
        objects = [_object(entry) for entry in document.all("Contents")]
        prefixes = [url_decoded(entry.texts()["Prefix"]) for entry in document.all("CommonPrefixes")]
        more = is_truncated(document)
    found = sorted(chain((info.key for info in objects), prefixes))
    if more and (not found or found[-1] <= after):
        # What comes next is asked for by the last entry, and MinIO always gives one where others follow.
        stands_still("a page ends where it was to begin")
    # Code points sort as their UTF-8 does.
    wanted = [entry for entry in found if entry > after and entry.startswith(options.prefix)]
    if found and found[-1] > options.prefix and not found[-1].startswith(options.prefix):
        more = False  # A wider prefix was asked for, and what comes now is beyond the wanted one.
    if len(wanted) > options.limit:
        wanted, more = wanted[: options.limit], True
    shown = set(wanted)
    return ObjectPage(
        objects=tuple(info for info in objects if info.key in shown),
        prefixes=tuple(prefix for prefix in prefixes if prefix in shown),
        cursor=encode_cursor(_OBJECTS, (wanted or found)[-1]) if more else None,
    )


def _object(entry: Element) -> ObjectInfo:
    texts = entry.texts()
    content_type = DEFAULT_CONTENT_TYPE
    if "UserMetadata" in texts:
        for metadata in entry.all("UserMetadata"):
            content_type = metadata.text("content-type") or DEFAULT_CONTENT_TYPE
    return ObjectInfo(
        key=url_decoded(texts["Key"]),
        size_bytes=read_count(texts["Size"]),
        etag=unquoted(texts["ETag"]),
        last_modified=read_time(texts["LastModified"]),
        content_type=content_type,
    )
