"""Ways to a MinIO server: signed requests, and the SDK over the same connections.

The SDK's public methods hide pages, and offer neither all of MinIO's conditions nor multipart uploads; so these go over
its connections, signed by core. Whatever fails, fails as the SDK's ``S3Error``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import certifi
from bucketry_s3client import Wire
from minio import Minio
from minio.credentials.providers import StaticProvider
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
    """Signed requests to a MinIO server, and the SDK's client. Threads may share it.

    Attributes:
        client: The SDK's client.
    """

    def __init__(self, settings: MinioSettings) -> None:
        super().__init__(settings, refused, authorities=certifi.where(), user_agent="bucketry-minio", clean=as_xml)
        token = settings.session_token
        # With a region given, the SDK never asks for a bucket's.
        self.client = Minio(
            endpoint=settings.location,
            credentials=StaticProvider(
                settings.access_key, settings.secret_key.reveal(), token.reveal() if token is not None else None
            ),
            secure=settings.secure,
            region=settings.region,
            http_client=self.manager,
        )

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
