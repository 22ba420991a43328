"""MinIO's error codes, and which errors of the contract they are."""

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
    Unavailable,
)
from bucketry_s3client import S3_DETAILS, S3_KINDS

KINDS: Final[Mapping[str, type[BucketryError]]] = {
    **S3_KINDS,
    "AuthorizationParametersError": AccessDenied,
    "ClientDisconnected": Unavailable,
    "InvalidRegion": AccessDenied,
    "InvalidTokenId": AccessDenied,
    "ServerBusy": Unavailable,
    "SlowDownRead": Throttled,
    "SlowDownWrite": Throttled,
    "UnauthorizedAccess": AccessDenied,
    "XMinioAdminBucketQuotaExceeded": QuotaExceeded,
    "XMinioBackendDown": Unavailable,
    "XMinioInvalidObjectName": InvalidKey,
    "XMinioObjectExistsAsDirectory": InvalidKey,
    "XMinioParentIsObject": InvalidKey,
    "XMinioServerNotInitialized": Unavailable,
    "XMinioStorageFull": QuotaExceeded,
}
"""By the code of an S3 error (MinIO's ``cmd/api-errors.go``); whatever is missing is ``BackendError``."""

DETAILS: Final[Mapping[str, str]] = {
    **S3_DETAILS,
    "AuthorizationHeaderMalformed": "the server has another region: set region to the server's",
    "InvalidRegion": "the server has another region: set region to the server's",
    "XMinioInvalidObjectName": "the server's file system cannot hold it",
    "XMinioParentIsObject": "part of it is an object already",
    "XMinioServerNotInitialized": "the server is starting",
}
"""What to say to an operator, where the server's own words do not help."""

AUTHENTICATION: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "AuthorizationParametersError",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidRegion",
        "InvalidTokenId",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
"""The codes that refuse who asks, and not what is asked."""

MISSING_SETTINGS: Final = frozenset({"NoSuchTagSetError"})
"""Codes with which MinIO says that nothing is set, besides S3's."""

ERROR_CODE: Final = "x-minio-error-code"
"""The header in which MinIO names the code where a response has no body, as to ``HEAD``."""


def classify(error: Exception) -> Classified:
    """Says which error of the contract an error is, by its code or type."""
    found = bucketry_s3client.classify(error, KINDS, DETAILS)
    # The text of any other error may hold what was sent. Its type says enough.
    return found or Classified(BackendError, type(error).__name__)
