"""RGW's error codes, and which errors of the contract they are.

RGW's messages are empty almost everywhere. So its codes and HTTP's statuses decide.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

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
from bucketry_s3client import S3_DETAILS, S3_KINDS, S3ResponseError, classify_code, code_of_status, incomplete_response

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
    found = bucketry_s3client.classify(error, KINDS, DETAILS) or _classify_sdk(error)
    # The text of any other error may hold what was sent. Its type says enough.
    return found or Classified(BackendError, type(error).__name__)


def _classify_sdk(error: Exception) -> Classified | None:
    """Says which error of the contract an error of boto3 is; ``None`` if it comes from somewhere else."""
    if _is_sdks(error, "exceptions", "ClientError"):
        said: Mapping[str, Any] = error.response  # type: ignore[attr-defined]
        status = int(said["ResponseMetadata"]["HTTPStatusCode"])
        return classify_code(code_of(error), status, said["Error"].get("Message") or "", KINDS, DETAILS)
    if _is_sdks(error, "parsers", "ResponseParserError"):
        lost = incomplete_response("the response is not XML")
        return Classified(type(lost), lost.detail)
    return None


def _is_sdks(error: Exception, module: str, name: str) -> bool:
    """Whether an error is one of botocore's. Where botocore is not imported, it is not."""
    found = sys.modules.get(f"botocore.{module}")
    return found is not None and isinstance(error, getattr(found, name))


def code_of(error: Exception) -> str:
    """Returns the code of an error of a request, also of boto3's; empty where it is another error."""
    if isinstance(error, S3ResponseError):
        return error.code
    if not _is_sdks(error, "exceptions", "ClientError"):
        return ""
    said: Mapping[str, Any] = error.response  # type: ignore[attr-defined]
    code = str(said["Error"].get("Code") or "")
    # Where the response has no code, boto3 gives the status.
    return code_of_status(int(said["ResponseMetadata"]["HTTPStatusCode"])) if not code or code.isdigit() else code


MISSING_SETTINGS: Final = frozenset({"NoSuchTagSetError"})
"""Codes with which RGW says that nothing is set, besides S3's."""
