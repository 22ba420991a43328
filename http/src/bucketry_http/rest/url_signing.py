"""Presigned URLs for those who send a token: who signs them, and when they end.

A URL for an S3 port of ours has the rights that its user has when it is used. It is signed with a key pair of the user,
and ends with it; or, for a user without one, with a session (`bucketry_access.UrlSessions`), which ends with the token.
A URL for the backend's own endpoint is the store's: it is only checked when it is made.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from bucketry import AccessDenied, NoSuchBucket, PresignedUrl, PresignOptions
from bucketry.presigning import presigned_url
from bucketry.sigv4 import Credentials, Presigner
from bucketry_access import Directory, Identity, NoSession, UrlSessions

from bucketry_http.shared.errors import Unauthenticated

if TYPE_CHECKING:
    from bucketry_http.shared.calls import StoreCalls


class UrlSigning(msgspec.Struct, frozen=True, kw_only=True):
    """Where presigned URLs lead: an S3 port that knows the users of the directory.

    Attributes:
        endpoint: The URL of the port, as clients reach it.
        region: Its region.
        several_regions: Whether buckets can be in others.
    """

    endpoint: str
    region: str
    several_regions: bool = False

    async def presign(
        self,
        calls: StoreCalls,
        directory: Directory,
        identity: Identity,
        bucket: str,
        key: str,
        options: PresignOptions,
    ) -> PresignedUrl:
        """Signs a URL for somebody.

        It ends no later than what it is signed with, so it may end before ``options`` ask for it.

        Args:
            calls: The store.
            directory: The users.
            identity: Who asks for it.
            bucket: The bucket.
            key: The key.
            options: What the URL is for.

        Raises:
            AccessDenied: The token cannot be named in a URL.
            Unauthenticated: It ends within a second.
        """
        signer, ends = self._signer(directory, identity)
        region = await self._region_of(calls, bucket)
        presigner = Presigner(signer, endpoint=self.endpoint, region=region)
        return presigned_url(presigner, bucket, key, ending(options, ends), now=calls.store.clock.now())

    def _signer(self, directory: Directory, identity: Identity) -> tuple[Credentials, datetime | None]:
        pair = next((pair for pair in identity.user.keys if not pair.is_expired(datetime.now(UTC))), None)
        if pair is not None:
            return Credentials(pair.access_key, pair.secret_key), pair.expires_at
        try:
            return UrlSessions(directory).begin(identity), identity.expires_at
        except NoSession as error:
            raise AccessDenied(str(error)) from None

    async def _region_of(self, calls: StoreCalls, bucket: str) -> str:
        """Returns the region that the port expects in signatures for a bucket."""
        if not self.several_regions:
            return self.region
        try:
            found = await calls.call(calls.store.head_bucket, bucket)
        except NoSuchBucket:
            return self.region  # A URL can be made before the bucket is.
        return found.region or self.region


def ending(options: PresignOptions, ends: datetime | None) -> PresignOptions:
    """Returns options for a URL that does not outlive what it is made with.

    Args:
        options: The options.
        ends: When that ends, in UTC; ``None``: never.

    Raises:
        Unauthenticated: It ends within a second.
    """
    if ends is None:
        return options
    left = int((ends - datetime.now(UTC)).total_seconds())
    if left < 1:
        raise Unauthenticated("the token is unknown, wrong or has ended", "invalid_token")
    return msgspec.structs.replace(options, expires_in=min(options.expires_in, left))
