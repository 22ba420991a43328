"""RGW's error codes, and which errors of the contract they are.

RGW's messages are empty almost everywhere. So its codes and HTTP's statuses decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import bucketry_s3client
from bucketry import (
    AccessDenied,
    BackendError,
    BucketryError,
    Classified,
    InvalidKey,
    QuotaExceeded,
    Throttled,
)
from bucketry_s3client import S3_DETAILS, S3_KINDS

KINDS: Final[Mapping[str, type[BucketryError]]] = {
    **S3_KINDS,
    "ConcurrentModification": Throttled,
    "InvalidObjectName": InvalidKey,
    "TooManyBuckets": QuotaExceeded,
    "UserSuspended": AccessDenied,
}
"""By the code in RGW's response (``rgw_common.cc``); whatever is missing is ``BackendError``."""

DETAILS: Final[Mapping[str, str]] = {
    **S3_DETAILS,
    "AccessDenied": "the user may not do this: see the bucket's policy and the user's capabilities",
    "ConcurrentModification": "another request changes the same at this moment",
    "InvalidLocationConstraint": "location_constraint names a zonegroup or placement target that does not exist",
    "QuotaExceeded": "the user's or the bucket's quota",
    "TooManyBuckets": "the user's max_buckets is reached",
    "UserSuspended": "the user is suspended",
}
"""What to say to an operator, since RGW says nothing."""


def classify(error: Exception) -> Classified:
    """Says which error of the contract an error is, by its code or type."""
    found = bucketry_s3client.classify(error, KINDS, DETAILS)
    # The text of any other error may hold what was sent. Its type says enough.
    return found or Classified(BackendError, type(error).__name__)


MISSING_SETTINGS: Final = frozenset({"NoSuchTagSetError"})
"""Codes with which RGW says that nothing is set, besides S3's."""
