"""Regions: where a bucket may be, and requests that were signed for another region than its own.

One endpoint serves all regions of its settings. A request names a region in its signature alone. The first region,
where the endpoint itself is, plays the part of S3's global endpoint: buckets in any region are created there, and
clients that do not know a bucket's region begin there (S3 user guide, "Creating a general purpose bucket" and "Request
redirection and the REST API").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

from bucketry import BucketInfo, InvalidSettings, Store
from bucketry.sigv4 import Verified

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.settings import S3Settings
from bucketry_http.shared.calls import StoreCalls

if TYPE_CHECKING:
    from bucketry_http.s3.request import S3Request

DEFAULT_REGION: Final = "us-east-1"
"""The region whose ``LocationConstraint`` is empty (S3 API reference, GetBucketLocation)."""

REGION: Final = "x-amz-bucket-region"


@final
class Regions:
    """The regions of one endpoint.

    Attributes:
        home: Where the endpoint is, and every bucket that has no region of its own.
        several: Whether there are others.
    """

    __slots__ = ("_calls", "_names", "_store", "home", "several")

    def __init__(self, store: Store, calls: StoreCalls, settings: S3Settings) -> None:
        """Takes the regions of the settings.

        Raises:
            InvalidSettings: There are several, and the store does not keep the regions of buckets.
        """
        self._store = store
        self._calls = calls
        self._names = frozenset({settings.region, *settings.regions})
        self.home = settings.region
        self.several = len(self._names) > 1
        if self.several and not store.capabilities.features.bucket_region:
            raise InvalidSettings(
                f"the driver {store.capabilities.driver!r} does not keep the region of a bucket (bucket_region): "
                "leave regions out"
            )

    def check_signed(self, verified: Verified) -> None:
        """Refuses a signature for a region that the endpoint does not have.

        Raises:
            S3Error: It is one.
        """
        if verified.region not in self._names:
            raise _wrong_region(verified, self.home, {})

    def of(self, bucket: BucketInfo) -> str:
        """Returns the region of a bucket."""
        return bucket.region or self.home

    def of_new(self, request: S3Request, location: str | None) -> str:
        """Returns where a new bucket is to be.

        Args:
            request: The request that creates it.
            location: Its ``LocationConstraint``, if it has one.

        Raises:
            S3Error: The endpoint has no such region, or the request is signed for another one.
        """
        signed = self._signed_for(request)
        if not location:
            if signed != self.home:
                raise _illegal("unspecified")
            return self.home
        if location not in self._names:
            raise S3Error("InvalidLocationConstraint", elements={"LocationConstraint": location[:128]})
        if signed not in {self.home, location}:
            raise _illegal(location)
        return location

    async def require(self, request: S3Request) -> None:
        """Checks that a request to a bucket is signed for the bucket's region.

        Signatures of version 2 and requests without a signature name no region. They are served wherever they come.

        Raises:
            S3Error: It is signed for another region.
            NoSuchBucket: The bucket does not exist.
        """
        found = await self._calls.call(self._store.head_bucket, request.bucket)
        region = request.region = self.of(found)
        verified = request.verified
        if not isinstance(verified, Verified) or verified.region == region:
            return
        headers = {REGION: region}
        if request.method != "HEAD" and verified.region == self.home:
            raise _wrong_region(verified, region, headers)
        # An address without a bucket, as S3 has one for each region.
        place = {"Bucket": request.bucket, "Endpoint": request.headers.get("host", "")}
        raise S3Error("PermanentRedirect", elements=place, headers=headers)

    def _signed_for(self, request: S3Request) -> str:
        return request.verified.region if isinstance(request.verified, Verified) else self.home


def _wrong_region(verified: Verified, region: str, headers: Mapping[str, str]) -> S3Error:
    in_query = verified.kind == "query"
    code = "AuthorizationQueryParametersError" if in_query else "AuthorizationHeaderMalformed"
    message = f"The authorization is malformed; the region {verified.region!r} is wrong; expecting {region!r}"
    return S3Error(code, message, elements={"Region": region}, headers=headers)


def _illegal(location: str) -> S3Error:
    return S3Error(
        "IllegalLocationConstraintException",
        f"The {location} location constraint is incompatible for the region specific endpoint this request was sent "
        "to.",
    )
