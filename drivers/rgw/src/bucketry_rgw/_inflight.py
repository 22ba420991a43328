"""Multipart uploads in progress, and their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from bucketry import Part, Upload
from bucketry.paging import stands_still
from bucketry_s3client import S3Client, incomplete_response, is_truncated, parse_xml, read_part, read_upload, reading

from bucketry_rgw._xml import NOT_XML

_PAGE: Final = 1000


def uploads(client: S3Client, bucket: str, prefix: str = "") -> Iterator[Upload]:
    """Yields all uploads in progress, in RGW's own order: that of ``KEY.UPLOAD_ID``, which is not that of the keys."""
    marker: dict[str, str] = {}
    while True:
        query = {"uploads": "", "max-uploads": str(_PAGE), **({"prefix": prefix} if prefix else {}), **marker}
        _, body = client.request("GET", bucket, query=query)
        with reading("a page of uploads"):
            document = parse_xml(_encoded(body))
            found = [read_upload(entry) for entry in document.all("Upload")]
            more = is_truncated(document)
        if document.name != "ListMultipartUploadsResult":
            raise incomplete_response("the response is no list of uploads")
        following = {"key-marker": found[-1].key, "upload-id-marker": found[-1].upload_id} if found else marker
        if more and _place(following) <= _place(marker):
            stands_still("a page of uploads ends where it was to begin")
        yield from found
        if not more:
            return
        marker = following


def _place(marker: Mapping[str, str]) -> tuple[bytes, ...]:
    """Returns where a marker stands in RGW's order, that of its own objects for uploads: so a repeated page shows."""
    return (f"{marker['key-marker']}.{marker['upload-id-marker']}.meta".encode(),) if marker else ()


def parts(client: S3Client, bucket: str, key: str, upload_id: str, after: int = 0) -> Iterator[Part]:
    """Yields the parts of an upload whose number is higher than ``after``, in ascending number.

    Raises:
        S3ResponseError: The upload is not in progress: ``NoSuchKey`` or ``NoSuchUpload``.
        Unavailable: A page does not move on.
    """
    while True:
        query = {"uploadId": upload_id, "max-parts": str(_PAGE), "part-number-marker": str(after)}
        _, document = client.request_xml("GET", bucket, key, root="ListPartsResult", query=query)
        with reading("a page of parts"):
            found = [read_part(entry) for entry in document.all("Part")]
            more = is_truncated(document)
        if (found and found[0].part_number <= after) or (more and not found):
            stands_still("a page of parts does not begin after the one before it")
        yield from found
        if not more:
            return
        after = found[-1].part_number


def _encoded(document: bytes) -> bytes:
    """Writes what XML cannot hold as ``%HH``: this listing takes no ``encoding-type``."""
    return NOT_XML.sub(_as_percent, document.replace(b"%", b"%25").replace(b"+", b"%2B"))


def _as_percent(match: re.Match[bytes]) -> bytes:
    if not match[0].startswith(b"&#"):
        return b"".join(b"%%%02X" % byte for byte in match[0])
    digits = match[0][2:-1].lower()
    code = int(digits[1:], 16) if digits.startswith(b"x") else int(digits)
    return quote(chr(code), safe="").encode()
