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
    BucketryError,
    Classified,
    InvalidKey,
    QuotaExceeded,
    Throttled,
    Unavailable,
)
from bucketry_s3client import (
    BROKEN,
    NO_ANSWER,
    NO_CONNECTION,
    NO_TLS,
    REFUSED,
    S3_DETAILS,
    S3_KINDS,
    Refusal,
    code_of_status,
)
from bucketry_s3client import explain as explain_wire
from urllib3 import exceptions as http

KINDS: Final[Mapping[str, type[BucketryError]]] = {
    **S3_KINDS,
    "ConcurrentModification": Throttled,
    "InvalidObjectName": InvalidKey,
    "TooManyBuckets": QuotaExceeded,
    "UserSuspended": AccessDenied,
}
"""By the code in RGW's answer (``rgw_common.cc``); whatever is missing is ``BackendError``."""

DETAILS: Final[Mapping[str, str]] = {
    **S3_DETAILS,
    "AccessDenied": "the user may not do this: see the bucket's policy and the user's capabilities",
    "ConcurrentModification": "another request changes the same at this moment",
    "InvalidLocationConstraint": "location_constraint names a zonegroup or placement target that is not there",
    "QuotaExceeded": "the user's or the bucket's quota",
    "TooManyBuckets": "the user's max_buckets is reached",
    "UserSuspended": "the user is suspended",
}
"""What to say to an operator, since RGW says nothing."""

AUTHENTICATION: Final = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UserSuspended"}
)
"""The codes that refuse who asks, and not what is asked."""

# What boto3 makes of urllib3's errors, where it does not keep them.
_OF_BOTO: Final = (
    (boto.ConnectTimeoutError, NO_CONNECTION),
    (boto.ReadTimeoutError, NO_ANSWER),
    (boto.SSLError, NO_TLS),
    (boto.EndpointConnectionError, REFUSED),
    (boto.ConnectionClosedError, BROKEN),
)


def refused(refusal: Refusal) -> boto.ClientError:
    """Makes the SDK's error of a refusal."""
    return client_error(refusal.code, refusal.status, refusal.bucket, refusal.key, refusal.method)


def client_error(code: str, status: int, bucket: str, key: str, operation: str) -> boto.ClientError:
    """Makes the SDK's error of a refused request.

    Args:
        code: RGW's code; empty where the answer has none, as the answers to ``HEAD``.
        status: HTTP status of the answer.
        bucket: The bucket that was asked for; may be empty.
        key: The key that was asked for; may be empty.
        operation: What was asked, for people.
    """
    code = code or code_of_status(status, bucket, key)
    return boto.ClientError(
        {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


def code_of(error: boto.ClientError) -> str:
    """Returns the code of a refusal; where the answer had none, that of its status."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    # Of an answer without one, boto3 gives the status.
    return code_of_status(status_of(error)) if not code or code.isdigit() else code


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
    cause = error.kwargs.get("error") if isinstance(error, boto.HTTPClientError) else None
    return explain_wire(cause if isinstance(cause, http.HTTPError) else error, _OF_BOTO)
