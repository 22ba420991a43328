"""Transfer acceleration, and who pays for requests. Both are stored, and change nothing here."""

from __future__ import annotations

from typing import ClassVar, Literal

from bucketry.bucket_settings._base import BucketSettings

Payer = Literal["BucketOwner", "Requester"]
"""Who pays for requests."""


class AccelerateSettings(BucketSettings, frozen=True, kw_only=True, tag="accelerate"):
    """Whether a bucket has an accelerated endpoint (S3 user guide, "Amazon S3 Transfer Acceleration").

    Attributes:
        status: ``None``: it was never on. It can be suspended, but never removed.
    """

    feature: ClassVar[str] = "bucket_accelerate"
    removable: ClassVar[bool] = False

    status: Literal["Enabled", "Suspended"] | None = None


class RequestPaymentSettings(BucketSettings, frozen=True, kw_only=True, tag="request_payment"):
    """Who pays for requests (S3 user guide, "Using Requester Pays general purpose buckets").

    Attributes:
        payer: ``BucketOwner`` is the same as nothing set: `Store.delete_bucket_settings` brings it back.
    """

    feature: ClassVar[str] = "bucket_request_payment"

    payer: Payer = "BucketOwner"
