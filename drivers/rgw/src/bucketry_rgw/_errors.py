"""Says which error of the contract an error of RGW or of the way to it is.

RGW's messages are empty almost everywhere, so all is decided by its codes and by HTTP's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from botocore import exceptions as boto
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
from urllib3 import exceptions as http

KINDS: Final[Mapping[str, type[BucketryError]]] = {
    "AccessDenied": AccessDenied,
    "BadDigest": BadDigest,
    "BucketAlreadyExists": BucketAlreadyExists,
    "BucketAlreadyOwnedByYou": BucketAlreadyExists,
    "BucketNotEmpty": BucketNotEmpty,
    "ConcurrentModification": Throttled,
    "EntityTooLarge": TooLarge,
    "EntityTooSmall": PartTooSmall,
    "ExpiredToken": AccessDenied,
    "IncompleteBody": IncompleteBody,
    "InvalidAccessKeyId": AccessDenied,
    "InvalidArgument": InvalidArgument,
    "InvalidBucketName": InvalidBucketName,
    "InvalidObjectName": InvalidKey,
    "InvalidPart": InvalidPart,
    "InvalidPartOrder": InvalidPart,
    "InvalidRange": InvalidRange,
    "KeyTooLongError": InvalidKey,
    "MethodNotAllowed": Unsupported,
    "NoSuchBucket": NoSuchBucket,
    "NoSuchKey": NoSuchKey,
    "NoSuchUpload": NoSuchUpload,
    "NotImplemented": Unsupported,
    "NotModified": NotModified,
    "PreconditionFailed": PreconditionFailed,
    "QuotaExceeded": QuotaExceeded,
    "RequestTimeTooSkewed": AccessDenied,
    "RequestTimeout": Unavailable,
    "ServiceUnavailable": Unavailable,
    "SignatureDoesNotMatch": AccessDenied,
    "SlowDown": Throttled,
    "TooManyBuckets": QuotaExceeded,
    "UserSuspended": AccessDenied,
    "XAmzContentSHA256Mismatch": BadDigest,
}
"""By the code in RGW's answer (``rgw_common.cc``); whatever is missing is ``BackendError``."""

DETAILS: Final[Mapping[str, str]] = {
    "AccessDenied": "the user may not do this: see the bucket's policy and the user's capabilities",
    "ConcurrentModification": "another request changes the same at this moment",
    "InvalidAccessKeyId": "the gateway does not know the access key",
    "InvalidLocationConstraint": "location_constraint names a zonegroup or placement target that is not there",
    "QuotaExceeded": "the user's or the bucket's quota",
    "RequestTimeTooSkewed": "the clocks of this machine and of the gateway differ by more than 15 minutes",
    "SignatureDoesNotMatch": "the secret key is not the access key's, or a proxy changes what is signed",
    "TooManyBuckets": "the user's max_buckets is reached",
    "UserSuspended": "the user is suspended",
}
"""What to say to an operator, since RGW says nothing."""

AUTHENTICATION: Final = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UserSuspended"}
)
"""The codes that refuse who asks, and not what is asked."""

_BY_STATUS: Final[Mapping[int, str]] = {
    304: "NotModified",
    401: "AccessDenied",
    403: "AccessDenied",
    405: "MethodNotAllowed",
    412: "PreconditionFailed",
    413: "EntityTooLarge",
    416: "InvalidRange",
    429: "SlowDown",
    501: "NotImplemented",
    502: "ServiceUnavailable",
    503: "ServiceUnavailable",
    504: "ServiceUnavailable",
}


def refusal(code: str, status: int, bucket: str, key: str, operation: str) -> boto.ClientError:
    """Makes the SDK's error of a refused request.

    Args:
        code: RGW's code; empty where the answer has none, as the answers to ``HEAD``.
        status: HTTP status of the answer.
        bucket: The bucket that was asked for; may be empty.
        key: The key that was asked for; may be empty.
        operation: What was asked, for people.
    """
    if not code:
        missing = "NoSuchKey" if key else "NoSuchBucket" if bucket else "NotFound"
        code = missing if status == 404 else _BY_STATUS.get(status, f"HTTP{status}")
    return boto.ClientError(
        {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


def code_of(error: boto.ClientError) -> str:
    """Returns the code of a refusal; where the answer had none, that of its status."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code and not code.isdigit():
        return code
    return _BY_STATUS.get(status_of(error), code)


def status_of(error: boto.ClientError) -> int:
    """Returns the HTTP status of a refusal."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def classify(error: Exception) -> Classified:
    """Says which error of the contract this is, by its code or type."""
    if isinstance(error, boto.ClientError):
        return _of_refusal(code_of(error), status_of(error))
    if isinstance(error, (http.HTTPError, boto.HTTPClientError, boto.ConnectionError, OSError)):
        return Classified(Unavailable, explain(error))
    if isinstance(error, boto.BotoCoreError):
        # Its text may hold what was sent; its type says enough.
        return Classified(BackendError, f"boto3 failed with {type(error).__name__}")
    return Classified(BackendError, type(error).__name__)


def _of_refusal(code: str, status: int) -> Classified:
    kind = KINDS.get(code)
    if kind is None:
        kind = Unavailable if status in {502, 503, 504} else BackendError
    detail = DETAILS.get(code)
    return Classified(kind, f"{code}: {detail}" if detail else code)


def explain(error: Exception) -> str:
    """Says why there is no answer, without a URL: the texts of these errors hold them."""
    if isinstance(error, http.MaxRetryError) and error.reason is not None:
        error = error.reason
    cause = error.kwargs.get("error") if isinstance(error, boto.HTTPClientError) else None
    if isinstance(cause, Exception):
        error = cause if isinstance(cause, http.HTTPError) else error
    for kind, text in (
        (http.NameResolutionError, "the host's name cannot be resolved"),
        (http.NewConnectionError, "the connection is refused, or the host is not reachable"),
        (
            (http.ConnectTimeoutError, boto.ConnectTimeoutError),
            "the gateway takes no connection within connect_timeout",
        ),
        ((http.ReadTimeoutError, boto.ReadTimeoutError), "the gateway does not answer within read_timeout"),
        (
            (http.SSLError, boto.SSLError),
            "TLS fails: the certificate is not trusted (see ca_file), or the gateway does not speak TLS",
        ),
        (http.IncompleteRead, "the answer broke off"),
        (boto.EndpointConnectionError, "the connection is refused, or the host is not reachable"),
        ((http.ProtocolError, boto.ConnectionClosedError), "the connection broke off"),
    ):
        if isinstance(error, kind):
            return text
    return f"the connection failed ({type(error).__name__})"
