"""Parts that are copied into an upload."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bucketry import ByteRange, Part

from bucketry_s3client._broken import reading
from bucketry_s3client._headers import some_etag
from bucketry_s3client._wire import Wire
from bucketry_s3client._xml import Element, time_of


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

    Raises:
        Unavailable: The answer does not say what was stored.
    """
    query = {"partNumber": str(part_number), "uploadId": upload_id}
    _, document = wire.ask("PUT", bucket, key, root="CopyPartResult", query=query, headers=headers)
    etag, moment = copied_of(document)
    return Part(part_number=part_number, etag=etag, size_bytes=size_bytes, last_modified=moment)


def copied_of(document: Element) -> tuple[str, datetime]:
    """Reads the response to a copy, of an object or a part: its etag, and when it was made.

    Raises:
        Unavailable: It lacks one of them.
    """
    with reading("the response to a copy"):
        texts = document.texts()
        return some_etag(texts["ETag"]), time_of(texts["LastModified"])


def of_source(path: str, wanted: ByteRange | None = None) -> dict[str, str]:
    """Returns the headers that say what is copied.

    Args:
        path: The source, of `target_of`.
        wanted: The bytes of it, with both ends; ``None``: all.
    """
    sent = {"x-amz-copy-source": path}
    return sent if wanted is None else {**sent, "x-amz-copy-source-range": str(wanted)}
