"""What a server says when it refuses a request, and why there is no answer at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Final

import msgspec
from bucketry import (
    AccessDenied,
    BadDigest,
    BucketAlreadyExists,
    BucketNotEmpty,
    BucketryError,
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

S3_KINDS: Final[Mapping[str, type[BucketryError]]] = {
    "AccessDenied": AccessDenied,
    "AllAccessDisabled": AccessDenied,
    "AuthorizationHeaderMalformed": AccessDenied,
    "BadDigest": BadDigest,
    "BucketAlreadyExists": BucketAlreadyExists,
    "BucketAlreadyOwnedByYou": BucketAlreadyExists,
    "BucketNotEmpty": BucketNotEmpty,
    "EntityTooLarge": TooLarge,
    "EntityTooSmall": PartTooSmall,
    "ExpiredToken": AccessDenied,
    "IncompleteBody": IncompleteBody,
    "InvalidAccessKeyId": AccessDenied,
    "InvalidArgument": InvalidArgument,
    "InvalidBucketName": InvalidBucketName,
    "InvalidPart": InvalidPart,
    "InvalidPartNumber": InvalidRange,
    "InvalidPartOrder": InvalidPart,
    "InvalidRange": InvalidRange,
    "InvalidTag": InvalidArgument,
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
    "TooManyRequests": Throttled,
    "XAmzContentSHA256Mismatch": BadDigest,
}
"""Errors of the contract by the codes of S3 (S3 API reference, "Error responses"); a driver adds its server's own.

S3 has no quotas: ``QuotaExceeded`` is the code of Ceph RGW (``rgw_common.cc``), and of bucketry's own endpoint.
"""

S3_DETAILS: Final[Mapping[str, str]] = {
    "InvalidAccessKeyId": "the server does not know the access key",
    "RequestTimeTooSkewed": "the clocks of this machine and of the server differ by more than 15 minutes",
    "SignatureDoesNotMatch": "the secret key is not the access key's, or a proxy changes what is signed",
}
"""What to say to an operator, by code, where the server's own words do not help."""

_BY_STATUS: Final[Mapping[int, str]] = {
    304: "NotModified",
    400: "BadRequest",
    401: "AccessDenied",
    403: "AccessDenied",
    405: "MethodNotAllowed",
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
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>|\"Code\": ?\"([A-Za-z0-9]{1,64})\"")
"""S3 answers in XML; the admin APIs of some servers in JSON."""

_MESSAGE: Final = re.compile(rb"<Message>([^<]{1,1000})</Message>")
_ERROR_DOCUMENT: Final = re.compile(rb"\s*(?:<\?xml[^>]{0,100}\?>\s*)?<Error[\s>]")
REFUSED: Final = "the connection is refused, or the host is not reachable"
NO_CONNECTION: Final = "the server does not accept the connection within connect_timeout"
NO_ANSWER: Final = "the server does not answer within read_timeout"
NO_TLS: Final = "TLS fails: the certificate is not trusted (see ca_file), or the server does not speak TLS"
BROKEN: Final = "the connection broke off"
_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (http.NameResolutionError, "the host's name cannot be resolved"),
    (http.NewConnectionError, REFUSED),
    (http.ConnectTimeoutError, NO_CONNECTION),
    (http.ReadTimeoutError, NO_ANSWER),
    (http.SSLError, NO_TLS),
    (http.IncompleteRead, "the answer broke off"),
    (http.ProtocolError, BROKEN),
)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that says no, as a driver gets it to make an error of it.

    Attributes:
        method: The HTTP method of the request.
        bucket: The bucket that was asked for; empty for the server itself.
        key: The key that was asked for; empty for the bucket itself.
        status: HTTP status of the answer. 200 where the server found out only after it had begun to answer.
        headers: Headers of the answer.
        code: The server's code; empty where the answer has none, as answers to ``HEAD``, which have no body.
        message: The server's message, empty where there is none.
    """

    method: str
    bucket: str
    key: str
    status: int
    headers: Mapping[str, str]
    code: str
    message: str

    @property
    def code_by_status(self) -> str:
        """The code that S3 would give with this status; ``HTTP418`` where it would give none."""
        return code_of_status(self.status, self.bucket, self.key)


def code_of_status(status: int, bucket: str = "", key: str = "") -> str:
    """Returns the code of an answer that says no more than its status."""
    if status == 404:
        return "NoSuchKey" if key else "NoSuchBucket" if bucket else "NotFound"
    return _BY_STATUS.get(status, f"HTTP{status}")


def code_in(body: bytes) -> str:
    """Returns the code in the body of a refusal, which may be XML, JSON or a proxy's page; empty if it has none."""
    match = _CODE.search(body)
    return (match[1] or match[2]).decode() if match else ""


def message_in(body: bytes) -> str:
    """Returns the message in the body of a refusal; empty if it has none."""
    match = _MESSAGE.search(body)
    return unescape(match[1].decode(errors="replace")) if match else ""


def is_error(body: bytes) -> bool:
    """Whether a body is the error document of an answer whose status promised otherwise.

    Where work takes long, S3 answers 200 first, sends blanks, and finds out later that it failed (S3 API reference,
    CompleteMultipartUpload and CopyObject).
    """
    return _ERROR_DOCUMENT.match(body) is not None


def explain(error: Exception, more: Iterable[tuple[type[Exception], str]] = ()) -> str:
    """Says why there is no answer, without a URL: the texts of urllib3's errors hold them, signatures included.

    Args:
        error: What the request failed with.
        more: What errors of another library mean, for a driver whose SDK has its own.
    """
    if isinstance(error, http.MaxRetryError) and error.reason is not None:
        error = error.reason
    for kind, text in (*more, *_REASONS):
        if isinstance(error, kind):
            return text
    return "the connection failed"
