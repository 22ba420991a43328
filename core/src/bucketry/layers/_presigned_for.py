"""A layer that presigns URLs for the S3 endpoint in front of a store, in place of the backend's own."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bucketry.hookspecs import hookimpl
from bucketry.models import PresignedUrl
from bucketry.presigning import presigned_url

if TYPE_CHECKING:
    from bucketry.options import PresignOptions
    from bucketry.sigv4 import Presigner


class PresignedFor:
    """Makes ``presign`` sign URLs for the S3 endpoint that serves the store, with a key pair of that endpoint."""

    def __init__(self, presigner: Presigner) -> None:
        """Takes who signs, for which endpoint."""
        self._presigner = presigner

    @hookimpl(wrapper=True)
    def presign(self, bucket: str, key: str, options: PresignOptions) -> Generator[None, PresignedUrl, PresignedUrl]:
        """Replaces the URL that the driver made. What the driver refuses stays refused."""
        yield
        return presigned_url(self._presigner, bucket, key, options)
