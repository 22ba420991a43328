"""Signature Version 2: in presigned URLs and the policies of forms, as boto3 makes them by default, and in headers.

Sources: S3 user guide, "Signing and authenticating REST requests (AWS signature version 2)" and "Browser-based uploads
using POST (AWS signature version 2)". The signature does not cover the host, most parameters and the body. A parameter
that it does not cover is accepted only if it gives nothing that the URL without it does not give.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from bucketry import Secret
from bucketry.s3 import parse_http_date
from bucketry.sigv4 import SignatureError, Times

from bucketry_http.s3.headers import MARKS_V2, OVERRIDES, PREFIX, query_headers
from bucketry_http.s3.request import Domains, S3Request

_HEADERS: Final = ("content-md5", "content-type")
"""Headers that are signed without their names. botocore repeats them in the query, where they have no effect."""

_SIGNED: Final = OVERRIDES.keys() | {
    "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location",
    "logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
    "restore", "select", "select-type", "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId",
    "versioning", "versions", "website",
}  # fmt: skip
"""Parameters that are signed: those of the user guide, and more that botocore signs."""

_NARROWING: Final = frozenset({
    "bucket-region", "continuation-token", "delimiter", "encoding-type", "fetch-owner", "key-marker", "list-type",
    "marker", "max-buckets", "max-keys", "max-parts", "max-uploads", "part-number-marker", "prefix", "start-after",
    "upload-id-marker", "version-id-marker",
})  # fmt: skip
"""Parameters that select or encode a part of a listing. S3 signs none: whoever may list may list everything."""

_KNOWN: Final = MARKS_V2 | {"Expires"} | _SIGNED | _NARROWING | frozenset(_HEADERS)
_IGNORED_PREFIX: Final = "x-"
"""S3 ignores such parameters: they are for its access log ("Customizing access log information")."""

_AUTHORIZATION: Final = re.compile(r"AWS ([\x21-\x39\x3b-\x7e]{1,256}):([\x21-\x7e]{1,128})")

_EXPIRES: Final = re.compile("[0-9]{1,19}")
_RAW_PREFIX: Final = PREFIX.encode()


class VerifiedV2(NamedTuple):
    """A valid signature of version 2. It does not cover the body.

    Attributes:
        kind: ``header``, ``query`` (a presigned URL) or ``policy`` (a form upload).
        access_key: Who signed.
        of_session: Whether the request has a session token.
    """

    kind: Literal["header", "query", "policy"]
    access_key: str
    of_session: bool


class VerifierV2:
    """Verifies Signature Version 2. Threads may share it."""

    def __init__(self, lookup: Callable[[str], Secret | None], domains: Domains, times: Times) -> None:
        """Prepares to verify.

        Args:
            lookup: Returns the secret key of an access key, or ``None`` for an unknown one.
            domains: The endpoint's names.
            times: Judges when URLs expire.
        """
        self._lookup = lookup
        self._domains = domains
        self._times = times
        # Verifies unknown access keys, so that they take as long as known ones.
        self._decoy = Secret(secrets.token_urlsafe(30))

    def verify(self, request: S3Request) -> VerifiedV2:
        """Verifies a presigned URL.

        Raises:
            SignatureError: The signature is wrong or has expired, or a parameter needs a signature that this version
                cannot give.
            S3Error: A header in the query is malformed.
        """
        query = request.query
        access_key, signature, expires = (query.get(name, "") for name in ("AWSAccessKeyId", "Signature", "Expires"))
        if not (access_key and signature and expires):
            raise SignatureError(
                "AccessDenied",
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters.",
            )
        self._check_expires(expires, signature)
        _check_repeated(request)
        of_session = self._check(request, access_key, expires, signature)
        self._times.remember(signature)
        return VerifiedV2("query", access_key, of_session)

    def verify_header(self, request: S3Request) -> VerifiedV2:
        """Verifies a request that is signed in its header ``Authorization``.

        Raises:
            SignatureError: The signature is wrong or too old, or a parameter needs a signature that this version cannot
                give.
        """
        found = _AUTHORIZATION.fullmatch(request.headers["authorization"])
        if found is None:
            raise SignatureError(
                "InvalidArgument", "AWS authorization header is invalid. Expected AwsAccessKeyId:signature"
            )
        access_key, signature = found.groups()
        self._check_date(request.headers)
        # A date in x-amz-date is signed among the headers.
        date = "" if "x-amz-date" in request.headers else request.headers["date"]
        of_session = self._check(request, access_key, date, signature)
        return VerifiedV2("header", access_key, of_session)

    def _check_date(self, headers: Mapping[str, str]) -> None:
        moment = parse_http_date(headers.get("x-amz-date", headers.get("date")))
        if moment is None:
            raise SignatureError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
        if not self._times.is_near(moment):
            raise SignatureError(
                "RequestTimeTooSkewed",
                f"The request was signed more than {self._times.max_skew} seconds from the server's time. "
                "Set the clock.",
            )

    def _check(self, request: S3Request, access_key: str, when: str, signature: str) -> bool:
        """Checks a signature, and returns whether the request has a session token.

        Args:
            request: The request.
            access_key: Who signed.
            when: The time of a header's signature, or when a URL's expires.
            signature: The signature.

        Raises:
            SignatureError: It is wrong.
        """
        _check_parameters(request.query)
        headers = _amz_headers(request)
        lines = [
            request.method.encode(),
            *(request.headers.get(name, "").encode("latin-1") for name in _HEADERS),
            when.encode("latin-1"),
            *(name + b":" + value for name, value in sorted(headers.items())),
        ]
        self._decide(access_key, [b"\n".join([*lines, each]) for each in self._resources(request)], signature)
        return b"x-amz-security-token" in headers

    def verify_policy(self, fields: Mapping[str, str]) -> VerifiedV2:
        """Verifies the signature of a form's policy. The caller checks the policy itself.

        Args:
            fields: The form's fields by lower-case name.

        Raises:
            SignatureError: A field is missing, or the signature does not match.
        """
        for name in ("AWSAccessKeyId", "signature", "policy"):
            if not fields.get(name.lower()):
                raise SignatureError("InvalidArgument", f"Bucket POST must contain a field named {name!r}.")
        self._decide(fields["awsaccesskeyid"], [fields["policy"].encode()], fields["signature"])
        self._times.remember(fields["signature"])
        return VerifiedV2("policy", fields["awsaccesskeyid"], "x-amz-security-token" in fields)

    def _resources(self, request: S3Request) -> list[bytes]:
        """Returns the resource that the request names, in each form that a client may sign."""
        path: bytes = request.scope["raw_path"]
        if bucket := self._domains.bucket_of(request.headers.get("host", "")):
            path = b"/" + bucket.encode("latin-1") + path
        # In the user guide, the path is signed as it is sent. But botocore signs "/bucket/" and sends "/bucket".
        paths = [path, path + b"/"] if b"/" not in path[1:] else [path]
        # Values are signed decoded. S3, MinIO and RGW write a parameter without a value as its name alone.
        pairs = sorted((name, value) for name, value in request.query.items() if name in _SIGNED)
        signed = "&".join(f"{name}={value}" if value else name for name, value in pairs)
        return [each + b"?" + signed.encode() for each in paths] if signed else paths

    def _check_expires(self, expires: str, signature: str) -> None:
        if not _EXPIRES.fullmatch(expires):
            raise SignatureError(
                "AccessDenied", "Invalid date (should be seconds since epoch) in the parameter Expires."
            )
        if self._times.is_over(int(expires), signature):
            raise SignatureError("AccessDenied", "Request has expired. Ask for a new presigned URL.")

    def _decide(self, access_key: str, to_sign: list[bytes], signature: str) -> None:
        # With an empty secret key everybody could sign, so it counts as unknown.
        known = self._lookup(access_key) or None
        key, given = (self._decoy if known is None else known).reveal().encode(), signature.encode()
        matches = [hmac.compare_digest(base64.b64encode(hmac.digest(key, each, "sha1")), given) for each in to_sign]
        if known is None:
            raise SignatureError("InvalidAccessKeyId", "The access key is not known here.")
        if not any(matches):
            raise SignatureError("SignatureDoesNotMatch", _MISMATCH)


_MISMATCH: Final = (
    "The signature of version 2 does not match the request. Check the secret key, and that method, path, sub-resource, "
    "Content-Type, Content-MD5 and x-amz-* headers arrive as they were signed, and no other one of these."
)


def _check_parameters(query: Mapping[str, str]) -> None:
    """Refuses parameters that could change the meaning of the signed request."""
    for name in query:
        if name not in _KNOWN and not name.lower().startswith(_IGNORED_PREFIX):
            raise SignatureError(
                "AccessDenied",
                f"The parameter {name[:64]!r} is not signed by Signature Version 2. Presign with AWS4-HMAC-SHA256.",
            )
    # Values are signed decoded, so the value "a&tagging" of a response-* parameter looks like a sub-resource.
    signed = query.keys() & _SIGNED
    if signed & OVERRIDES.keys() and signed - OVERRIDES.keys() - {"partNumber", "versionId"}:
        raise SignatureError("InvalidRequest", "A response-* parameter goes with the content of an object only.")


def _amz_headers(request: S3Request) -> dict[bytes, bytes]:
    """Returns the ``x-amz-*`` headers as they are signed, also those in the query."""
    headers: dict[bytes, bytes] = {}
    for name, raw in request.scope["headers"]:
        if name.startswith(_RAW_PREFIX):
            value = raw.strip()
            headers[name] = headers[name] + b"," + value if name in headers else value
    for _, header, text in query_headers(request.query):
        name, value = header.encode(), text.strip().encode("latin-1")
        if headers.setdefault(name, value) != value:
            raise SignatureError(
                "SignatureDoesNotMatch", f"The header and the parameter {header[:100]!r} are different."
            )
    return headers


def _check_repeated(request: S3Request) -> None:
    for name in _HEADERS:
        if request.query.get(name, request.headers.get(name)) != request.headers.get(name):
            raise SignatureError(
                "SignatureDoesNotMatch", f"The header {name} is not the one that the URL was made for."
            )
