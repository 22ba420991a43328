"""The connection to MinIO: the client that sends signed requests, and MinIO's XML, which is not always XML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bucketry_s3client import S3Client, S3ResponseError

from bucketry_minio.errors import ERROR_CODE
from bucketry_minio.settings import MinioSettings

_NOTHING: Final[Mapping[str, str]] = {}

_LOCATION: Final[Mapping[str, str]] = {"location": ""}

_UNCLEAR: Final = frozenset({"NoSuchKey", "BadRequest"})
"""Codes that may be about the bucket, if they come from the status alone."""

# MinIO writes the names of user metadata as element names, also those that XML does not allow ("a!b"). A listing does
# not need them, and the values hold no "<". So removing them is exact.
_USER_METADATA: Final = re.compile(rb"<X-Amz-Meta-[^<>]*>[^<]*</X-Amz-Meta-[^<>]*>")


def as_xml(document: bytes) -> bytes:
    """Removes what XML does not allow."""
    return _USER_METADATA.sub(b"", document) if b"<X-Amz-Meta-" in document else document


class Connection(S3Client):
    """Signed requests to a MinIO server. Threads may share it."""

    def __init__(self, settings: MinioSettings) -> None:
        super().__init__(settings, user_agent="bucketry-minio", clean=as_xml, code_header=ERROR_CODE)

    def head(
        self, bucket: str, key: str, *, query: Mapping[str, str] = _NOTHING, headers: Mapping[str, str] = _NOTHING
    ) -> Mapping[str, str]:
        """Returns the headers of an object.

        Raises:
            S3ResponseError: ``NoSuchBucket`` and ``InvalidBucketName`` too, also where MinIO's own header, which names
                it, does not arrive: a response to ``HEAD`` has no body (S3 API reference, HeadObject).
        """
        try:
            return self.request("HEAD", bucket, key, query=query, headers=headers)[0]
        except S3ResponseError as error:
            if error.code in _UNCLEAR and ERROR_CODE not in error.headers:
                self.find(bucket)
            raise

    def find(self, bucket: str) -> None:
        """Looks whether a bucket exists.

        Raises:
            S3ResponseError: It does not; ``InvalidBucketName`` where MinIO cannot have one of that name. It does not
                say so to ``HEAD``, not even in its own header.
        """
        try:
            self.request("HEAD", bucket)
        except S3ResponseError as error:
            if error.code == "BadRequest" and ERROR_CODE not in error.headers:
                self.request("GET", bucket, query=_LOCATION)
            raise
