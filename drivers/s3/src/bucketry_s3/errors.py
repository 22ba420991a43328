"""Which errors of the contract the errors of servers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import bucketry_s3client
from bucketry import (
    AccessDenied,
    BackendError,
    BucketryError,
    Classified,
    InvalidArgument,
    InvalidBucketState,
    InvalidKey,
    QuotaExceeded,
    Throttled,
    Unsupported,
)
from bucketry_s3client import S3_DETAILS, S3_KINDS

KINDS: Final[Mapping[str, type[BucketryError]]] = {
    **S3_KINDS,
    "AccessControlListNotSupported": InvalidBucketState,
    "AuthorizationQueryParametersError": AccessDenied,
    "ConditionalRequestConflict": Throttled,
    "ConcurrentModification": Throttled,
    "ExistingObjectIsDirectory": InvalidKey,
    "IllegalVersioningConfigurationException": InvalidArgument,
    "InvalidBucketAclWithObjectOwnership": InvalidBucketState,
    "InvalidObjectName": InvalidKey,
    "InvalidRedirectLocation": InvalidArgument,
    "InvalidRetentionPeriod": InvalidArgument,
    "InvalidToken": AccessDenied,
    "MetadataTooLarge": InvalidArgument,
    "ObjectParentIsFile": InvalidKey,
    "OperationAborted": Throttled,
    "TokenRefreshRequired": AccessDenied,
    "TooManyBuckets": QuotaExceeded,
    "UnsupportedNotification": Unsupported,
    "XMinioInvalidObjectName": InvalidKey,
    "XMinioObjectExistsAsDirectory": InvalidKey,
    "XMinioParentIsObject": InvalidKey,
    "XMinioStorageFull": QuotaExceeded,
}
"""By the code of an S3 error (S3 API reference, "Error responses"), with codes of servers' own; whatever is missing is
``BackendError``."""

MISSING_SETTINGS: Final = frozenset({"NoSuchTagSetError", "NoSuchTagSet"})
"""Codes with which servers say that nothing is set, besides S3's."""


def classify(error: Exception) -> Classified:
    """Says which error of the contract an error is, by its code or type."""
    found = bucketry_s3client.classify(error, KINDS, S3_DETAILS)
    # The text of any other error may hold what was sent. Its type says enough.
    return found or Classified(BackendError, type(error).__name__)
