"""Headers: those that an object carries, those that are refused, and those in the query of a presigned URL."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bucketry import InvalidArgument
from bucketry.headers import HEADER_OF, OBJECT_HEADERS, header_fields
from bucketry.object_lock import BUCKET_LOCK, LOCK_MODE
from bucketry.s3 import COPY_SOURCE, WEBSITE_REDIRECT_HEADER

from bucketry_http.s3.checksums import SDK_ALGORITHM, algorithm_in
from bucketry_http.s3.errors import S3Error, header_not_implemented, invalid_argument, not_implemented
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.storage_classes import STORAGE_CLASS
from bucketry_http.s3.xml import OWNER_ID
from bucketry_http.shared.headers import TAGGING, tag_pairs
from bucketry_http.shared.response_body import RawHeaders

if TYPE_CHECKING:
    from bucketry.acls import Permission

DEFAULT_TYPE: Final = "binary/octet-stream"
"""The type of an object that is stored without ``Content-Type`` (S3 API reference, PutObject)."""

PREFIX: Final = "x-amz-"
"""How the names of S3's own headers begin."""

OVERRIDES: Final = {f"response-{header.name}": header.name.encode() for header in OBJECT_HEADERS}
"""Parameters of GetObject and HeadObject that replace a header of the response (S3 API reference)."""

CANNED: Final = "x-amz-acl"
"""The header that gives a canned ACL."""

_FULL_CONTROL: Final = "x-amz-grant-full-control"

GRANTS: Final[Mapping[str, Permission]] = {
    "x-amz-grant-read": "READ",
    "x-amz-grant-write": "WRITE",
    "x-amz-grant-read-acp": "READ_ACP",
    "x-amz-grant-write-acp": "WRITE_ACP",
    _FULL_CONTROL: "FULL_CONTROL",
}
"""The headers that grant a permission."""

ACL_HEADERS: Final = frozenset({CANNED, *GRANTS})
"""The headers that give an ACL."""

OWNERSHIP: Final = "x-amz-object-ownership"
"""The header that says who owns the objects of a new bucket."""

MARKS_V2: Final = frozenset({"AWSAccessKeyId", "Signature"})
"""Parameters of a Signature Version 2. A request with one of them claims to be signed with it."""

SCHEME_V2: Final = "AWS "
"""How the header ``Authorization`` begins in a request that is signed with that version."""

_ENCRYPTION: Final = "x-amz-server-side-encryption"
_CUSTOMER_KEY: Final = f"{_ENCRYPTION}-customer-"

_PREFIXES: Final = (
    _ENCRYPTION,
    f"{COPY_SOURCE}-server-side-encryption",
    "x-amz-grant-",
    "x-amz-if-match-",
    "x-amz-object-lock-",
    "x-amz-rename-source",
    WEBSITE_REDIRECT_HEADER,
    "x-amz-write-offset-bytes",
)
"""Beginnings of headers that a write cannot honour."""

_ANYWHERE: Final = frozenset({"x-amz-mfa", LOCK_MODE})

EXPECTED_OWNER: Final = "x-amz-expected-bucket-owner"
EXPECTED_SOURCE_OWNER: Final = "x-amz-source-expected-bucket-owner"
EXPECTED_OWNERS: Final = frozenset({EXPECTED_OWNER, EXPECTED_SOURCE_OWNER})
"""Headers that name the owner of a bucket, and of the bucket of a copy's source."""

_OWNERS_ONLY: Final = frozenset({"private", "bucket-owner-read", "bucket-owner-full-control"})
"""Canned ACLs that give rights to the owner of the bucket alone, who owns everything."""

_VALUES: Final[Mapping[str, frozenset[str]]] = {
    CANNED: _OWNERS_ONLY,
    BUCKET_LOCK: frozenset({"false", "False", "FALSE"}),
    OWNERSHIP: frozenset({"BucketOwnerEnforced"}),
}
"""Values with which these headers change nothing."""

_OWNERS_GRANT: Final = re.compile(rf'\s*id="?{OWNER_ID}"?\s*(,\s*id="?{OWNER_ID}"?\s*)*')
"""A grant to the owner, who has all rights anyway (S3 API reference, PutObjectAcl)."""

PLAIN: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "content-type",
        "expect",
        "host",
        "range",
        "transfer-encoding",
        "user-agent",
        "x-amz-checksum-crc32",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-decoded-content-length",
        SDK_ALGORITHM,
        "x-amz-trailer",
        "x-amz-user-agent",
    }
)
"""Headers that most requests have, and that are never refused."""

PLAIN_BODY: Final = PLAIN - {
    "content-md5",
    "range",
    "x-amz-checksum-crc32",
    SDK_ALGORITHM,
    "x-amz-trailer",
}
"""Those of them that say nothing about an object but its type, and nothing about a body but its length."""

_CONDITIONS: Final = ("If-Match", "If-None-Match")
_OF_SOURCE: Final = f"{COPY_SOURCE}-"

_OF_COPY_SOURCE: Final = frozenset(
    _OF_SOURCE + name for name in ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range")
)
"""Headers about the source of a copy that are honoured (S3 API reference, CopyObject and UploadPartCopy)."""

_SIGNATURE: Final = frozenset(
    f"X-Amz-{name}"
    for name in (
        "Algorithm",
        "Content-Sha256",
        "Credential",
        "Date",
        "Expires",
        "Security-Token",
        "Signature",
        "SignedHeaders",
    )
)
"""Parameters of the signature itself. Their names are valid in exactly this case."""

_SIGNATURE_LOWER: Final = frozenset(name.lower() for name in _SIGNATURE)
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_NO_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that a header cannot hold (RFC 9110, 5.5)."""


def written_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Returns the fields of ``ObjectHeaders`` that a request gives.

    Raises:
        InvalidArgument: ``Expires`` is not a date.
    """
    # S3 ignores headers without a value.
    fields = {field: value for field, value in header_fields(headers).items() if value}
    fields.setdefault("content_type", DEFAULT_TYPE)
    if "content_encoding" in fields:
        # How the body came over the wire is not how the object is encoded. Codings ignore case (RFC 9110, 8.4.1).
        codings = [coding.strip() for coding in fields["content_encoding"].split(",")]
        kept = [coding for coding in codings if coding.lower() != "aws-chunked"]
        fields["content_encoding"] = ", ".join(kept) or None
    if "expires" in fields:
        fields["expires"] = HEADER_OF["expires"].received(fields["expires"])
    if "metadata" in fields:
        fields["metadata"] = _kept_metadata(fields["metadata"])
    return fields


def _kept_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    text = "".join(metadata.values())
    if text.isascii() and "=?" not in text:
        return metadata
    from bucketry_http.s3.encoded_words import kept_metadata  # Only here: most metadata is US-ASCII.

    return {name: kept_metadata(value) for name, value in metadata.items()}


def written_tags(header: str | None) -> Mapping[str, str] | None:
    """Returns the tags in ``x-amz-tagging``, which is encoded like a query; ``None`` without that header.

    Raises:
        S3Error: The header is malformed, or two tags have the same key.
    """
    if header is None:
        return None
    try:
        pairs = tag_pairs(header)
    except InvalidArgument:
        raise invalid_argument(
            TAGGING,
            header,
            f"The header '{TAGGING}' shall be encoded as UTF-8 then "
            "URLEncoded URL query parameters without tag name duplicates.",
        ) from None
    return tags_by_key(pairs)


def tags_by_key(pairs: list[tuple[str, str]]) -> Mapping[str, str]:
    """Returns tags by key. The store checks them.

    Raises:
        S3Error: Two tags have the same key.
    """
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    return tags


def overridden(headers: RawHeaders, query: Mapping[str, str], *, signed: bool) -> RawHeaders:
    """Returns the headers with those replaced that the query names.

    Raises:
        S3Error: The request is not signed, or a value cannot stand in a header.
    """
    wanted = {OVERRIDES[name]: value for name, value in query.items() if name in OVERRIDES}
    if not wanted:
        return headers
    if not signed:
        raise S3Error("InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.")
    for name, value in wanted.items():
        if not value.isprintable():
            raise invalid_argument(f"response-{name.decode()}", "", "A header's value has printable characters only.")
    return [pair for pair in headers if pair[0] not in wanted] + [
        (name, value.encode()) for name, value in wanted.items()
    ]


def check_headers(
    headers: Mapping[str, str], *, write: bool, conditional: bool = False, taken: Collection[str] = ()
) -> None:
    """Refuses a request with a header that cannot be honoured: a request that ignores it would be a wrong success.

    Args:
        headers: The request's headers by lower-case name.
        write: Whether the request changes something.
        conditional: Whether it is a write that takes ``If-Match`` or ``If-None-Match``.
        taken: Names of headers that its operation reads as options.

    Raises:
        S3Error: It has one.
    """
    if headers.keys() <= PLAIN:
        return
    names = headers.keys() - taken if taken else headers.keys()
    if refused := names & _ANYWHERE:
        raise header_not_implemented(min(refused))
    amazons = [name for name in names if name.startswith(PREFIX)]
    if not write:
        _check_read(amazons)
        return
    for name in amazons:
        if name.startswith(_PREFIXES) and not (name == _FULL_CONTROL and _OWNERS_GRANT.fullmatch(headers[name])):
            raise header_not_implemented(name)
    for name, allowed in _VALUES.items():
        if name in names and headers[name] not in allowed:
            raise not_implemented(f"this value of the header {name}")
    if STORAGE_CLASS in names and headers[STORAGE_CLASS] != "STANDARD":
        raise S3Error("InvalidStorageClass")
    _check_conditions(headers, conditional=conditional)
    if "content-range" in headers:
        # Without this check a part would be stored as the whole object (RFC 9110, 14.5).
        raise header_not_implemented("Content-Range")
    _check_copy([name for name in headers if name.startswith(COPY_SOURCE)], taken)


def _check_read(names: Iterable[str]) -> None:
    """Refuses headers of encryption that a read does not take (S3 API reference, GetObject, "Encryption")."""
    for name in names:
        if name.startswith(_CUSTOMER_KEY):
            raise S3Error("InvalidRequest", "The encryption parameters are not applicable to this object.")
        if name.startswith(_ENCRYPTION):
            message = f"{name} header is not supported for this operation."
            raise S3Error("InvalidArgument", message, elements={"ArgumentName": name})


def _check_conditions(headers: Mapping[str, str], *, conditional: bool) -> None:
    """Refuses conditions that a write would not check (S3 user guide, "Conditional writes").

    ``If-Modified-Since`` is not one of them: a write has to ignore it (RFC 9110, 13.1.3).
    """
    given = [name for name in _CONDITIONS if name.lower() in headers]
    if len(given) > 1 or (given and not conditional):
        raise header_not_implemented(",".join(given))
    if "if-unmodified-since" in headers:
        raise header_not_implemented("If-Unmodified-Since")


def _check_copy(names: Collection[str], taken: Collection[str]) -> None:
    """Refuses headers about a copy's source that are unknown, or that come without a copy."""
    for name in names:
        if name.startswith(_OF_SOURCE) and name not in _OF_COPY_SOURCE and name not in taken:
            raise header_not_implemented(name)
        if name.startswith(_OF_SOURCE) and COPY_SOURCE not in names:
            raise S3Error("InvalidRequest", f"The header {name} goes with {COPY_SOURCE}.")


def take_query_headers(request: S3Request) -> None:
    """Moves headers from the query of a presigned URL, whose signature is verified, to the headers.

    Clients move them there ("hoist" them), so that whoever uses the URL need not send them. S3 treats them as headers
    (S3 API reference, "Authenticating requests: using query parameters"; the presigners of Amazon's SDKs for
    JavaScript, Go, Ruby and PHP). A server that ignored one would store an upload without its tags, or copy nothing.

    Raises:
        S3Error: A parameter cannot be a header, it differs from the header of that name, or the URL is not presigned.
    """
    found = query_headers(request.query)
    if not found:
        return
    if request.verified is None or request.verified.kind != "query":
        name = found[0][0]
        raise S3Error("InvalidArgument", f"The parameter {name[:100]!r} has a meaning in a presigned URL only.")
    headers, query = dict(request.headers), dict(request.query)
    for name, header, value in found:
        del query[name]
        if _says_nothing(header, value):
            continue
        if headers.get(header, value) != value:
            raise S3Error("InvalidRequest", f"The header and the parameter {header[:100]!r} are different.")
        if name not in _SIGNATURE:
            if header in _SIGNATURE_LOWER:
                raise S3Error(
                    "InvalidArgument",
                    f"The parameter {header!r} is not in the right case: write it as in the S3 API reference.",
                )
            headers[header] = value
    request.headers, request.query = headers, query


def query_headers(query: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Returns the parameters that stand for headers: the name as sent, the header's name, and its value.

    Raises:
        S3Error: A parameter cannot be a header.
    """
    found = []
    for name in query:
        if name[: len(PREFIX)].lower() != PREFIX:
            continue
        header, value = name.lower(), _as_header(query[name])
        if not _NAME.fullmatch(header) or _NO_VALUE.search(value):
            raise S3Error("InvalidArgument", f"The parameter {name[:100]!r} cannot be a header.")
        found.append((name, header, value))
    return found


def _as_header(value: str) -> str:
    # Each character is a byte, as in all headers.
    return value.encode().decode("latin-1")


def _says_nothing(header: str, value: str) -> bool:
    """Says whether a client added this parameter before it knew what would be uploaded.

    Amazon's SDK for JavaScript adds the checksum of an empty body to the URL of each upload, and S3 takes no checksum
    from a query at all (localstack/localstack, issue 12169; aws/aws-sdk-js-v3, issue 4448). One of a body that the
    presigner knew is obeyed here.
    """
    known = algorithm_in(header)
    if known is None:
        return header == SDK_ALGORITHM
    return value == base64.b64encode(known.new().digest()).decode()
