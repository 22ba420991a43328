"""Which error of the contract an error of the SDK is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bucketry import (
    AccessDenied,
    BackendError,
    BadDigest,
    BucketAlreadyExists,
    BucketNotEmpty,
    BucketryError,
    Classified,
    IncompleteBody,
    InvalidArgument,
    InvalidBucketName,
    InvalidKey,
    InvalidPart,
    InvalidRange,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NotModified,
    PartTooSmall,
    PreconditionFailed,
    QuotaExceeded,
    Throttled,
    TooLarge,
    Unavailable,
    Unsupported,
)
from minio.error import InvalidResponseError, MinioAdminException, S3Error, ServerError
from urllib3 import HTTPResponse
from urllib3 import exceptions as http

KINDS: Final[Mapping[str, type[BucketryError]]] = {
    "AccessDenied": AccessDenied,
    "AllAccessDisabled": AccessDenied,
    "AuthorizationHeaderMalformed": AccessDenied,
    "AuthorizationParametersError": AccessDenied,
    "BadDigest": BadDigest,
    "BucketAlreadyExists": BucketAlreadyExists,
    "BucketAlreadyOwnedByYou": BucketAlreadyExists,
    "BucketNotEmpty": BucketNotEmpty,
    "ClientDisconnected": Unavailable,
    "EntityTooLarge": TooLarge,
    "EntityTooSmall": PartTooSmall,
    "ExpiredToken": AccessDenied,
    "IncompleteBody": IncompleteBody,
    "InvalidAccessKeyId": AccessDenied,
    "InvalidArgument": InvalidArgument,
    "InvalidBucketName": InvalidBucketName,
    "InvalidPart": InvalidPart,
    "InvalidPartOrder": InvalidPart,
    "InvalidRange": InvalidRange,
    "InvalidRegion": AccessDenied,
    "InvalidTokenId": AccessDenied,
    "KeyTooLongError": InvalidKey,
    "NoSuchBucket": NoSuchBucket,
    "NoSuchKey": NoSuchKey,
    "NoSuchUpload": NoSuchUpload,
    "NotImplemented": Unsupported,
    "NotModified": NotModified,
    "PreconditionFailed": PreconditionFailed,
    "RequestTimeTooSkewed": AccessDenied,
    "RequestTimeout": Unavailable,
    "ServerBusy": Unavailable,
    "ServiceUnavailable": Unavailable,
    "SignatureDoesNotMatch": AccessDenied,
    "SlowDown": Throttled,
    "SlowDownRead": Throttled,
    "SlowDownWrite": Throttled,
    "TooManyRequests": Throttled,
    "UnauthorizedAccess": AccessDenied,
    "XAmzContentSHA256Mismatch": BadDigest,
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
    "AuthorizationHeaderMalformed": "the server has another region: set region to the server's",
    "InvalidAccessKeyId": "the server does not know the access key",
    "InvalidRegion": "the server has another region: set region to the server's",
    "RequestTimeTooSkewed": "the clocks of this machine and of the server differ by more than 15 minutes",
    "SignatureDoesNotMatch": "the secret key is not the access key's, or a proxy changes what is signed",
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

_BY_STATUS: Final[Mapping[int, str]] = {
    304: "NotModified",
    400: "BadRequest",
    401: "AccessDenied",
    403: "AccessDenied",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "EntityTooLarge",
    416: "InvalidRange",
    429: "TooManyRequests",
    501: "NotImplemented",
    502: "ServiceUnavailable",
    503: "ServiceUnavailable",
    504: "ServiceUnavailable",
}
_SHOWN: Final = 200


def code_of_status(status: int, bucket: str, key: str) -> str:
    """Returns the code of an answer that says no more than its status."""
    if status == 404:
        return "NoSuchKey" if key else "NoSuchBucket" if bucket else "NotFound"
    return _BY_STATUS.get(status, f"HTTP{status}")


def s3_error(code: str, message: str, status: int, headers: Mapping[str, str], bucket: str, key: str) -> S3Error:
    """Makes the SDK's error."""
    return S3Error(
        response=HTTPResponse(status=status, headers=headers),
        code=code,
        message=message,
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
    if isinstance(error, (InvalidResponseError, ServerError)):
        return _of_strange_answer(error)
    if isinstance(error, MinioAdminException):
        return Classified(BackendError, "the server refused an administrator's request")
    if isinstance(error, (http.HTTPError, OSError)):
        return Classified(Unavailable, explain(error))
    if isinstance(error, ValueError):
        return Classified(BackendError, f"the server's answer cannot be read: {str(error)[:_SHOWN]}")
    return Classified(BackendError, type(error).__name__)


def _of_strange_answer(error: InvalidResponseError | ServerError) -> Classified:
    status = error.status_code if isinstance(error, ServerError) else getattr(error, "_code", 0)
    kind = KINDS.get(code_of_status(status, "", ""), BackendError)
    return Classified(kind, f"the endpoint answers with status {status}, and not as S3 does: check location and secure")


def explain(error: Exception) -> str:
    """Says why there is no answer, without a URL: the texts of urllib3's errors hold them."""
    if isinstance(error, http.MaxRetryError) and error.reason is not None:
        error = error.reason
    for kind, text in (
        (http.NameResolutionError, "the host's name cannot be resolved"),
        (http.NewConnectionError, "the connection is refused, or the host is not reachable"),
        (http.ConnectTimeoutError, "the server does not accept the connection within connect_timeout"),
        (http.ReadTimeoutError, "the server does not answer within read_timeout"),
        (http.SSLError, "TLS fails: the certificate is not trusted (see ca_file), or the server does not speak TLS"),
        (http.IncompleteRead, "the answer broke off"),
        (http.ProtocolError, "the connection broke off"),
    ):
        if isinstance(error, kind):
            return text
    return f"the connection failed ({type(error).__name__})"
