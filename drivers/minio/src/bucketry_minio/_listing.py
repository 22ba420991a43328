"""Lists objects, uploads and parts, page by page."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from itertools import chain
from typing import Final, TypeVar

import msgspec
from bucketry import (
    DEFAULT_CONTENT_TYPE,
    InvalidArgument,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    Part,
    PartPage,
    Unsupported,
    Upload,
)
from bucketry.options import MAX_PAGE

from bucketry_minio._connection import Connection
from bucketry_minio._headers import etag_of
from bucketry_minio._keys import ends_in_dots, marker_for, may_begin_a_key
from bucketry_minio._xml import Element, decoded

_CURSOR_MARK: Final = "m1."
_LAST: Final = "\U0010ffff"
_CURSOR_ERROR: Final = "that is no cursor of this driver"

PositionT = TypeVar("PositionT")
ObjectCursor = str
UploadCursor = tuple[bytes, str, str]
PartCursor = int


def encode_cursor(position: ObjectCursor | UploadCursor | PartCursor) -> str:
    """Returns where a page ended as an opaque cursor."""
    return _CURSOR_MARK + base64.urlsafe_b64encode(msgspec.msgpack.encode(position)).decode()


def decode_cursor(cursor: str, kind: type[PositionT]) -> PositionT:
    """Returns where the page before ended.

    Raises:
        InvalidArgument: The cursor is none of this driver's, or one of another operation's.
    """
    if not cursor.startswith(_CURSOR_MARK) or not cursor.isascii():
        raise InvalidArgument(_CURSOR_ERROR)
    try:
        packed = base64.b64decode(cursor.removeprefix(_CURSOR_MARK), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidArgument(_CURSOR_ERROR) from None


def list_page(connection: Connection, bucket: str, options: ListOptions) -> ObjectPage:
    """Asks for one page of a bucket's objects: one request."""
    after = options.start_after
    if options.cursor is not None:
        after = max(after, decode_cursor(options.cursor, ObjectCursor))
    prefix = options.prefix
    if not may_begin_a_key(prefix) or (after > prefix and not after.startswith(prefix)):
        # MinIO refuses such a prefix, or nothing that begins with it can follow.
        connection.send("HEAD", bucket)
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
    return connection.ask("GET", bucket, query=query)[1]


def _beyond(after: str, prefix: str, delimiter: str) -> str:
    """Returns what comes last of what is rolled up into the same common prefix, which was listed then."""
    if not delimiter or not after.startswith(prefix):
        return after
    head, found, _ = after[len(prefix) :].partition(delimiter)
    return prefix + head + found + _LAST if found else after


def _page(document: Element, options: ListOptions, after: str) -> ObjectPage:
    objects = [_object(entry) for entry in document.all("Contents")]
    prefixes = [decoded(entry.text("Prefix")) for entry in document.all("CommonPrefixes")]
    found = sorted(chain((info.key for info in objects), prefixes))
    more = document.text("IsTruncated") == "true"
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
        cursor=encode_cursor((wanted or found)[-1]) if more and found else None,
    )


def _object(entry: Element) -> ObjectInfo:
    texts = entry.texts()
    content_type = DEFAULT_CONTENT_TYPE
    if "UserMetadata" in texts:
        for metadata in entry.all("UserMetadata"):
            content_type = metadata.text("content-type") or DEFAULT_CONTENT_TYPE
    return ObjectInfo(
        key=decoded(texts["Key"]),
        size_bytes=int(texts["Size"]),
        etag=etag_of(texts["ETag"]),
        last_modified=datetime.fromisoformat(texts["LastModified"]),
        content_type=content_type,
    )


def list_uploads(connection: Connection, bucket: str, prefix: str) -> list[Upload]:
    """Asks for the uploads in progress, by key and then by time.

    MinIO lists them all in one answer, but only those that it remembers since it was started; below a prefix it
    lists those alone whose key is the prefix, from disk. So both are asked.
    """
    found = {}
    for asked in dict.fromkeys(
        [prefix, ""] if prefix and may_begin_a_key(prefix) and not ends_in_dots(prefix) else [""]
    ):
        query = {"uploads": "", "encoding-type": "url", "max-uploads": str(MAX_PAGE), "prefix": asked}
        for entry in connection.ask("GET", bucket, query=query)[1].all("Upload"):
            upload = _upload(entry)
            if upload.key.startswith(prefix):
                found[upload.upload_id] = upload
    return sorted(found.values(), key=upload_position)


def upload_position(upload: Upload) -> UploadCursor:
    """Returns where an upload stands in the list of them."""
    return upload.key.encode(), upload.initiated_at.isoformat(timespec="microseconds"), upload.upload_id


def _upload(entry: Element) -> Upload:
    texts = entry.texts()
    return Upload(
        key=decoded(texts["Key"]),
        upload_id=texts["UploadId"],
        initiated_at=datetime.fromisoformat(texts["Initiated"]),
    )


def list_parts(connection: Connection, bucket: str, key: str, upload_id: str, after: int, limit: int) -> PartPage:
    """Asks for one page of an upload's parts: those with a number above ``after``."""
    query = {"uploadId": upload_id, "max-parts": str(limit), "part-number-marker": str(after)}
    _, document = connection.ask("GET", bucket, key, query=query)
    parts = tuple(_part(entry) for entry in document.all("Part"))
    more = document.text("IsTruncated") == "true" and bool(parts)
    return PartPage(parts=parts, cursor=encode_cursor(parts[-1].part_number) if more else None)


def _part(entry: Element) -> Part:
    texts = entry.texts()
    return Part(
        part_number=int(texts["PartNumber"]),
        etag=etag_of(texts["ETag"]),
        size_bytes=int(texts["Size"]),
        last_modified=datetime.fromisoformat(texts["LastModified"]),
    )
