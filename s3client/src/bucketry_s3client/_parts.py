"""Single parts: one that is copied into an upload, and one of an object that is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from bucketry import BackendError, ByteRange, ContentRange, ObjectInfo, Part

from bucketry_s3client._headers import etag_of, object_info
from bucketry_s3client._wire import Wire

_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20})")


def copy_part(
    wire: Wire, bucket: str, key: str, upload_id: str, part_number: int, headers: Mapping[str, str], size_bytes: int
) -> Part:
    """Copies a part into an upload: one request.

    Args:
        wire: The way to the server.
        bucket: The upload's bucket.
        key: The upload's key.
        upload_id: The upload.
        part_number: The part's number.
        headers: What `of_source` says, and conditions in the server's own way.
        size_bytes: How much it is, which the server does not say.
    """
    query = {"partNumber": str(part_number), "uploadId": upload_id}
    _, document = wire.ask("PUT", bucket, key, query=query, headers=headers)
    return Part(
        part_number=part_number,
        etag=etag_of(document.text("ETag")),
        size_bytes=size_bytes,
        last_modified=datetime.fromisoformat(document.text("LastModified")),
    )


def of_source(path: str, wanted: ByteRange | None = None) -> dict[str, str]:
    """Returns the headers that say what is copied.

    Args:
        path: The source, of `target_of`.
        wanted: The bytes of it, with both ends; ``None``: all.
    """
    sent = {"x-amz-copy-source": path}
    return sent if wanted is None else {**sent, "x-amz-copy-source-range": str(wanted)}


def info_of_part(key: str, answer: Mapping[str, str]) -> ObjectInfo:
    """Reads an object's headers out of an answer about one of its parts.

    Raises:
        BackendError: The server says something of another kind.
    """
    match = _CONTENT_RANGE.fullmatch(answer.get("content-range", ""))
    if match is not None:
        part_range = ContentRange(int(match[1]), int(match[2]) + 1, int(match[3]))
    elif answer.get("content-length") == "0":
        part_range = ContentRange(0, 0, 0)
    else:
        raise BackendError("a part was asked for, and the server gives something else")
    info = object_info(key, answer, part_range.size_bytes)
    count = answer.get("x-amz-mp-parts-count")
    return msgspec.structs.replace(info, part_range=part_range, parts_count=None if count is None else int(count))
