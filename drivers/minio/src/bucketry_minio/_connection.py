"""The way to a MinIO server: signed requests, whose refusals are the SDK's ``S3Error``.

The SDK's own requests are not used (docs/adr/0007-one-wire.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import certifi
from bucketry_s3client import Wire
from minio.error import S3Error

from bucketry_minio._errors import ERROR_CODE, refused
from bucketry_minio._settings import MinioSettings

_NOTHING: Final[Mapping[str, str]] = {}

# MinIO writes the names of user metadata as element names, also those that XML does not allow ("a!b"). Nobody needs
# them in a listing, and the values hold no "<", so that leaving them out is exact.
_USER_METADATA: Final = re.compile(rb"<X-Amz-Meta-[^<>]*>[^<]*</X-Amz-Meta-[^<>]*>")


def as_xml(document: bytes) -> bytes:
    """Leaves out of an answer what XML does not allow."""
    return _USER_METADATA.sub(b"", document) if b"<X-Amz-Meta-" in document else document


class Connection(Wire):
    """Signed requests to a MinIO server. Threads may share it."""

    def __init__(self, settings: MinioSettings) -> None:
        super().__init__(settings, refused, authorities=certifi.where(), user_agent="bucketry-minio", clean=as_xml)

    def head(
        self, bucket: str, key: str, *, query: Mapping[str, str] = _NOTHING, headers: Mapping[str, str] = _NOTHING
    ) -> Mapping[str, str]:
        """Returns the headers of an object.

        Raises:
            S3Error: ``NoSuchBucket`` too, also where MinIO's own header, which names it, does not arrive: an answer to
                ``HEAD`` has no body (S3 API reference, HeadObject).
        """
        try:
            return self.send("HEAD", bucket, key, query=query, headers=headers)[0]
        except S3Error as error:
            if error.code == "NoSuchKey" and ERROR_CODE not in error.response.headers:
                self.send("HEAD", bucket)
            raise
