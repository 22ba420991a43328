"""Presigned URLs for an S3 port of ours, signed with the key pair of the user who asks for them.

Such a URL has the rights that its user has when it is used: it ends with the key pair, and with the user's rights.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from bucketry import PresignedUrl, PresignOptions
from bucketry.presigning import presigned_url
from bucketry.sigv4 import Credentials, Presigner
from bucketry_access import User


class UrlSigning(msgspec.Struct, frozen=True, kw_only=True):
    """Where presigned URLs lead: an S3 port that knows the users of the directory.

    Attributes:
        endpoint: The URL of the port, as clients reach it.
        region: Its region.
    """

    endpoint: str
    region: str

    def presign(self, user: User, bucket: str, key: str, options: PresignOptions, now: datetime) -> PresignedUrl | None:
        """Signs a URL with the first key pair of a user that has not ended; ``None``: the user has none.

        Args:
            user: Who asks for it.
            bucket: The bucket.
            key: The key.
            options: What the URL is for.
            now: When it begins to work, in UTC.
        """
        pair = next((pair for pair in user.keys if not pair.is_expired(datetime.now(UTC))), None)
        if pair is None:
            return None
        signer = Presigner(Credentials(pair.access_key, pair.secret_key), endpoint=self.endpoint, region=self.region)
        return presigned_url(signer, bucket, key, options, now=now)
