"""Which error of the contract an error of the SDK is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
from bucketry_s3client import S3_DETAILS, S3_KINDS, Refusal, explain
from minio.error import S3Error
from urllib3 import HTTPResponse
from urllib3 import exceptions as http

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

ERROR_CODE: Final = "x-minio-error-code"
"""The header in which MinIO names the code where an answer has no body, as to ``HEAD``."""

_SHOWN: Final = 200


def refused(refusal: Refusal) -> S3Error:
    """Makes the SDK's error of a refusal."""
    bucket, key, headers = refusal.bucket, refusal.key, refusal.headers
    code = refusal.code or headers.get(ERROR_CODE) or refusal.code_by_status
    return S3Error(
        response=HTTPResponse(status=refusal.status, headers=headers),
        code=code,
        message=refusal.message,
        resource=f"/{bucket}/{key}" if key else f"/{bucket}",
        request_id=headers.get("x-amz-request-id"),
        host_id=headers.get("x-amz-id-2"),
        bucket_name=bucket or None,
        object_name=key or None,
    )


def classify(error: Exception) -> Classified:
    """Says which error of the contract this is, by its code or type."""
    if isinstance(error, S3Error):
        code = error.code or ""
        detail = DETAILS.get(code) or (error.message or "")[:_SHOWN]
        return Classified(KINDS.get(code, BackendError), f"{code}: {detail}" if detail else code)
    if isinstance(error, (http.HTTPError, OSError)):
        return Classified(Unavailable, explain(error))
    if isinstance(error, ValueError):
        return Classified(BackendError, f"the server's answer cannot be read: {str(error)[:_SHOWN]}")
    return Classified(BackendError, type(error).__name__)
