"""Multipart uploads in progress, and their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bucketry import BackendError, Part, Upload
from bucketry_s3client import Wire, etag_of, parse_xml, upload_of

from bucketry_rgw._client import NOT_XML

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_PAGE: Final = 1000


def uploads(wire: Wire, bucket: str, prefix: str = "") -> Iterator[Upload]:
    """Yields all uploads in progress, in RGW's own order: that of ``KEY.UPLOAD_ID``, which is not that of the keys."""
    marker: dict[str, str] = {}
    while True:
        query = {"uploads": "", "max-uploads": str(_PAGE), **({"prefix": prefix} if prefix else {}), **marker}
        _, body = wire.send("GET", bucket, query=query)
        try:
            document = parse_xml(_encoded(body))
            found = [upload_of(entry) for entry in document.all("Upload")]
        except (KeyError, ValueError) as error:
            raise BackendError("the answer to a listing of uploads cannot be read") from error
        yield from found
        if document.text("IsTruncated") != "true" or not found:
            return
        marker = {"key-marker": found[-1].key, "upload-id-marker": found[-1].upload_id}


def parts(client: S3Client, bucket: str, key: str, upload_id: str, after: int = 0) -> Iterator[Part]:
    """Yields the parts of an upload whose number is higher than ``after``, in ascending number.

    Raises:
        ClientError: The upload is not in progress: ``NoSuchKey`` or ``NoSuchUpload``.
    """
    while True:
        page = client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id, PartNumberMarker=after)
        for found in page.get("Parts", ()):
            after = found["PartNumber"]
            yield Part(
                part_number=found["PartNumber"],
                etag=etag_of(found["ETag"]),
                size_bytes=found["Size"],
                last_modified=found["LastModified"],
            )
        if not page["IsTruncated"] or "Parts" not in page:
            return


def _encoded(document: bytes) -> bytes:
    """Writes what XML cannot hold as ``%HH``: this listing takes no ``encoding-type``."""
    return NOT_XML.sub(_as_percent, document.replace(b"%", b"%25").replace(b"+", b"%2B"))


def _as_percent(match: re.Match[bytes]) -> bytes:
    if not match[0].startswith(b"&#"):
        return b"".join(b"%%%02X" % byte for byte in match[0])
    digits = match[0][2:-1].lower()
    code = int(digits[1:], 16) if digits.startswith(b"x") else int(digits)
    return quote(chr(code), safe="").encode()
