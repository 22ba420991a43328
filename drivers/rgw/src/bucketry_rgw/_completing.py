"""Completing a multipart upload, and the XML around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.sax.saxutils import escape

from bucketry import BackendError, CompletedPart

from bucketry_rgw._wire import Wire

_UPLOAD_ID: Final = re.compile(rb"<UploadId>([A-Za-z0-9~._-]{1,256})</UploadId>")


def upload_id_in(answer: bytes) -> str:
    """Returns the id in the answer to a new upload.

    Raises:
        BackendError: It holds none.
    """
    match = _UPLOAD_ID.search(answer)
    if match is None:
        raise BackendError("the answer to a new upload holds no upload id")
    return match[1].decode()


def complete(wire: Wire, bucket: str, key: str, upload_id: str, parts: Sequence[CompletedPart]) -> None:
    """Makes these parts the object. Not repeated: a second time, RGW would say that the upload does not exist."""
    content = "".join(_lines(parts)).encode()
    wire.send("POST", bucket, key, query={"uploadId": upload_id}, content=content, repeatable=False)


def _lines(parts: Sequence[CompletedPart]) -> Iterable[str]:
    yield "<CompleteMultipartUpload>"
    for part in parts:
        etag = escape(part.etag)
        yield f'<Part><PartNumber>{part.part_number}</PartNumber><ETag>"{etag}"</ETag></Part>'
    yield "</CompleteMultipartUpload>"
