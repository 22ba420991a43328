"""Errors: what a server refused, a response that is not whole, and why there is no response.

`S3ResponseError` is the error of every request that this package makes. A driver's `classify_error` makes errors of the
contract of it with `classify` and its own tables of codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from http.client import BadStatusLine
from typing import Final, NoReturn

import msgspec
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
    InvalidBucketState,
    InvalidKey,
    InvalidPart,
    InvalidRange,
    IsDeleteMarker,
    NoSuchBucket,
    NoSuchKey,
    NoSuchKmsKey,
    NoSuchUpload,
    NoSuchVersion,
    NotModified,
    NotModifiedInfo,
    ObjectLocked,
    PartTooSmall,
    PreconditionFailed,
    QuotaExceeded,
    Throttled,
    TooLarge,
    Unavailable,
    Unsupported,
)
from bucketry.errors import Condition, Digest
from bucketry.s3 import parse_http_date
from urllib3 import exceptions as http

from bucketry_s3client.version_headers import DELETE_MARKER, VERSION_ID

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
    "InvalidBucketState": InvalidBucketState,
    "InvalidObjectState": Unsupported,
    "InvalidPart": InvalidPart,
    "InvalidPartNumber": InvalidRange,
    "InvalidPartOrder": InvalidPart,
    "InvalidRange": InvalidRange,
    "InvalidStorageClass": InvalidArgument,
    "InvalidTag": InvalidArgument,
    "KMS.NotFoundException": NoSuchKmsKey,
    "KeyTooLongError": InvalidKey,
    "MalformedPolicy": InvalidArgument,
    "MalformedXML": InvalidArgument,
    "MethodNotAllowed": Unsupported,
    "NoSuchBucket": NoSuchBucket,
    "NoSuchKey": NoSuchKey,
    "NoSuchUpload": NoSuchUpload,
    "NoSuchVersion": NoSuchVersion,
    "NotImplemented": Unsupported,
    "NotModified": NotModified,
    "ObjectLocked": ObjectLocked,
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
    "InvalidObjectState": "the object is archived: restore it first, with a client of the server's own",
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
"""S3 responds in XML; the admin APIs of some servers respond in JSON."""

_NO_SERVER: Final = frozenset({502, 503, 504})
"""Statuses that a proxy gives where no server answers behind it (RFC 9110, 15.6)."""

_FIELD: Final = re.compile(rb"<([A-Za-z0-9]{1,40})>([^<]{1,1000})</\1>")
_NO_FIELDS: Final[Mapping[str, str]] = {}
_ERROR_DOCUMENT: Final = re.compile(rb"\s*(?:<\?xml[^>]{0,100}\?>\s*)?<Error[\s>]")
_REASONS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (http.NameResolutionError, "the host's name cannot be resolved"),
    (http.NewConnectionError, "the connection is refused, or the host is not reachable"),
    (http.ConnectTimeoutError, "the server does not accept the connection within connect_timeout"),
    ((http.ReadTimeoutError, TimeoutError), "the server does not answer within read_timeout"),
    (http.SSLError, "TLS fails: the certificate is not trusted (see ca_file), or the server does not speak TLS"),
    (http.IncompleteRead, "the response broke off"),
    ((http.ProtocolError, ConnectionError), "the connection broke off"),
)
_SHOWN: Final = 200
"""Most characters of a server's message that an error shows."""


class S3ResponseError(Exception):
    """A server refused a request.

    Its text has neither URL nor headers, so that no signature is logged with it.

    Attributes:
        method: The HTTP method of the request.
        bucket: The bucket that was asked for; empty for the server itself.
        key: The key that was asked for; empty for the bucket itself.
        status: HTTP status of the response. 200 where the server found out only after it had begun to respond.
        code: The server's code. Where the response has none, the code that S3 gives with this status: responses to
            ``HEAD`` have no body (S3 API reference, HeadObject).
        message: The server's message; empty where there is none.
        fields: The texts in the error document, by element: ``Code``, ``Message``, ``ActualObjectSize``, …
        headers: Headers of the response.
        names_version: Whether the request names a version, of the object or of the source of a copy.
    """

    def __init__(
        self,
        *,
        method: str,
        bucket: str,
        key: str,
        status: int,
        code: str = "",
        fields: Mapping[str, str] = _NO_FIELDS,
        headers: Mapping[str, str],
    ) -> None:
        self.method = method
        self.bucket = bucket
        self.key = key
        self.status = status
        self.code = code or code_of_status(status, bucket, key)
        self.message = fields.get("Message", "")
        self.fields = fields
        self.headers = headers
        self.names_version = False
        super().__init__(f"{self.code} (HTTP {status} to {method})")


def code_of_status(status: int, bucket: str = "", key: str = "") -> str:
    """Returns the code that S3 gives with a status; ``HTTP418`` where it gives none."""
    if status == 404:
        return "NoSuchKey" if key else "NoSuchBucket" if bucket else "NotFound"
    return _BY_STATUS.get(status, f"HTTP{status}")


def code_in(body: bytes) -> str:
    """Returns the code in the body of an error, which may be XML, JSON or a proxy's page; empty if it has none."""
    match = _CODE.search(body)
    return (match[1] or match[2]).decode() if match else ""


def fields_in(body: bytes) -> dict[str, str]:
    """Returns the texts in the body of an error, by element; none if it is not XML."""
    return {name.decode(): unescape(text.decode(errors="replace")) for name, text in _FIELD.findall(body)}


def is_error(body: bytes) -> bool:
    """Whether the body of a response with a good status is an error document.

    Where the work takes long, S3 sends status 200 first, then blanks, and finds out later that it failed (S3 API
    reference, CompleteMultipartUpload and CopyObject).
    """
    return _ERROR_DOCUMENT.match(body) is not None


def is_list_of_buckets(body: bytes) -> bool:
    """Whether a response is S3's list of buckets (S3 API reference, ListBuckets), which every S3 server has."""
    return b"ListAllMyBucketsResult" in body[:4096]


def classify(
    error: Exception, kinds: Mapping[str, type[BucketryError]], details: Mapping[str, str]
) -> Classified | None:
    """Says which error of the contract an error of this package or of its connections is.

    Args:
        error: The error.
        kinds: Classes by code. A code that is missing is `BackendError`, or `Unavailable` with status 502 to 504.
        details: What to say to an operator, by code, in place of the server's own message.

    Returns:
        ``None`` if the error comes from somewhere else.
    """
    if isinstance(error, S3ResponseError):
        verdict = classify_code(error.code, error.status, error.message, kinds, details)
        if error.status == 405 and (error.names_version or _is_about_marker(error)):
            verdict = Classified(IsDeleteMarker)
        elif verdict.kind is NoSuchKey and error.names_version:
            # RGW says this of a version that does not exist, and of a delete marker.
            verdict = Classified(NoSuchVersion, verdict.detail)
        elif error.code == "BadRequest" and error.names_version and error.method == "HEAD":
            # A response to HEAD has no body. What else could be wrong is checked before the request.
            verdict = Classified(InvalidArgument, "the id of the version is not valid")
        elif _is_of_another_server(error):
            verdict = Classified(verdict.kind, f"{error.code}: {not_s3(error.headers)}")
        facts = _FACTS.get(verdict.kind)
        return verdict if facts is None else msgspec.structs.replace(verdict, facts=_known(facts(error)))
    if isinstance(error, (http.HTTPError, OSError)):
        return Classified(Unavailable, explain_no_response(error))
    return None


def not_s3(headers: Mapping[str, str]) -> str:
    """Says that a response is not one of S3, and what to do.

    Args:
        headers: The headers of the response.
    """
    if headers.get("content-type", "").startswith("application/problem+json"):
        return "a REST API responds, not S3: the URL of a store behind bucketry's begins with http:// or https://"
    return "the response is not one of S3: check location and secure"


def _is_of_another_server(error: S3ResponseError) -> bool:
    """Whether a refusal comes of something that does not speak S3: it has no error document, where S3 gives one."""
    has_document = "Code" in error.fields or error.code != code_of_status(error.status, error.bucket, error.key)
    return not has_document and error.method != "HEAD" and (300 <= error.status < 304 or error.status in {400, 404})


def classify_code(
    code: str, status: int, message: str, kinds: Mapping[str, type[BucketryError]], details: Mapping[str, str]
) -> Classified:
    """Says which error of the contract a server's code is. Arguments as in `classify`."""
    kind = kinds.get(code) or (Unavailable if status in _NO_SERVER else BackendError)
    detail = details.get(code) or message[:_SHOWN]
    return Classified(kind, f"{code}: {detail}" if detail else code)


def _is_about_marker(error: S3ResponseError) -> bool:
    """Whether the newest or the named version is a delete marker (S3 user guide, "Working with delete markers")."""
    return error.headers.get(DELETE_MARKER, "").lower() == "true"


Facts = dict[str, object]


def _known(facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if value is not None}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None


def _facts_of_not_modified(error: S3ResponseError) -> Facts:
    etag = error.headers.get("etag")
    if etag is None:
        return {}  # Then core takes what the request says.
    info = NotModifiedInfo(
        etag=etag.strip('"'),
        last_modified=parse_http_date(error.headers.get("last-modified", "")),
        cache_control=error.headers.get("cache-control"),
        expires=error.headers.get("expires"),
    )
    return {"info": info}


def _facts_of_range(error: S3ResponseError) -> Facts:
    size = _number(error.fields.get("ActualObjectSize"))
    if size is None:
        size = _number(error.headers.get("content-range", "").removeprefix("bytes */"))
    return {"size_bytes": size}


def _facts_of_small_part(error: S3ResponseError) -> Facts:
    return {
        "part_number": _number(error.fields.get("PartNumber")),
        "size_bytes": _number(error.fields.get("ProposedSize")),
        "min_size_bytes": _number(error.fields.get("MinSizeAllowed")),
    }


_FACTS: Final[Mapping[type[BucketryError], Callable[[S3ResponseError], Facts]]] = {
    BadDigest: lambda error: {"digest": _DIGESTS.get(error.code)},
    InvalidPart: lambda error: {"fault": "order" if error.code == "InvalidPartOrder" else None},
    InvalidRange: _facts_of_range,
    IsDeleteMarker: lambda error: {
        "version_id": error.headers.get(VERSION_ID),
        "last_modified": parse_http_date(error.headers.get("last-modified")),
    },
    NoSuchKey: lambda error: {
        "delete_marker": _is_about_marker(error) or None,
        "version_id": error.headers.get(VERSION_ID),
    },
    NoSuchVersion: lambda error: {"version_id": error.fields.get("VersionId")},
    NotModified: _facts_of_not_modified,
    PartTooSmall: _facts_of_small_part,
    PreconditionFailed: lambda error: {"condition": _CONDITIONS.get(error.fields.get("Condition", ""))},
    TooLarge: lambda error: {"max_size_bytes": _number(error.fields.get("MaxSizeAllowed"))},
}
"""Facts of an error, from what S3 says in its headers and its error document (S3 API reference, "Error responses")."""

_DIGESTS: Final[Mapping[str, Digest]] = {"BadDigest": "md5", "XAmzContentSHA256Mismatch": "sha256"}
_CONDITIONS: Final[Mapping[str, Condition]] = {
    "If-Match": "if_match",
    "If-None-Match": "if_none_match",
    "If-Unmodified-Since": "if_unmodified_since",
    "x-amz-copy-source-If-Match": "source_if_match",
}


def explain_no_response(error: Exception) -> str:
    """Says why there is no response.

    It names no URL: the texts of urllib3's errors hold them, signatures included.
    """
    if isinstance(error, http.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, http.ProtocolError) and isinstance(error.args[-1], BadStatusLine):
        return "the connection broke off before a response came (a server that wants TLS needs secure=true)"
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text
    return "the connection failed"


def incomplete_response(what: str) -> Unavailable:
    """Makes the error for a response that lacks what it must have.

    It may be tried again: a response that broke off, for instance at a proxy, may arrive whole the next time.

    Args:
        what: What is wrong, such as ``the response about tags is not XML``.
    """
    return Unavailable(f"{what}: it broke off on its way, or the server does not speak S3 (check location and secure)")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Makes `incomplete_response` of an error that the block raises because a response lacks something.

    Args:
        what: What is read, such as ``the response about tags``.

    Raises:
        Unavailable: The block failed with a ``KeyError``, ``TypeError`` or ``ValueError``.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise_incomplete(what, error)


def raise_incomplete(what: str, error: Exception) -> NoReturn:
    """Raises `incomplete_response`; ``error`` is its cause.

    Raises:
        Unavailable: Always.
    """
    raise incomplete_response(f"{what} is malformed or not whole") from error
