"""Headers that ask for what this endpoint does not do. To ignore one would be a wrong success."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.xml import OWNER_ID

_AMAZON: Final = "x-amz-"
_ENCRYPTION: Final = "x-amz-server-side-encryption"
_CUSTOMER_KEY: Final = f"{_ENCRYPTION}-customer-"

_PREFIXES: Final = (
    _ENCRYPTION,
    "x-amz-copy-source-server-side-encryption",
    "x-amz-grant-",
    "x-amz-if-match-",
    "x-amz-object-lock-",
    "x-amz-rename-source",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
)
"""How headers begin that a write cannot honour."""

_ANYWHERE: Final = frozenset({"x-amz-mfa", "x-amz-object-lock-mode"})

_OWNERS: Final = ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner")
"""Whose a bucket, and a copy's source, must be: everything belongs to the same."""

_OWNERS_ONLY: Final = frozenset({"private", "bucket-owner-read", "bucket-owner-full-control"})
"""Canned ACLs that give nothing to anybody but the owner of the bucket, who owns everything."""

_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "x-amz-acl": _OWNERS_ONLY,
    "x-amz-bucket-object-lock-enabled": frozenset({"false", "False", "FALSE"}),
    "x-amz-object-ownership": frozenset({"BucketOwnerEnforced"}),
}
"""Headers that say nothing new with one of these values."""

_GRANT: Final = "x-amz-grant-full-control"
_OWNERS_GRANT: Final = re.compile(rf'\s*id="?{OWNER_ID}"?\s*(,\s*id="?{OWNER_ID}"?\s*)*')
"""A grant to the owner, who has all rights anyway (S3 API reference, PutObjectAcl)."""

_PLAIN: Final = frozenset(
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
        "x-amz-sdk-checksum-algorithm",
        "x-amz-trailer",
        "x-amz-user-agent",
    }
)
"""Headers that most requests have, and that nothing here is about."""

_CONDITIONS: Final = ("If-Match", "If-None-Match")
_COPY_SOURCE: Final = "x-amz-copy-source"
_OF_SOURCE: Final = f"{_COPY_SOURCE}-"

_OF_COPY_SOURCE: Final = frozenset(
    _OF_SOURCE + name for name in ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range")
)
"""Headers about the source of a copy that are honoured (S3 API reference, CopyObject and UploadPartCopy)."""


def check_headers(headers: Mapping[str, str], *, write: bool, conditional: bool = False) -> None:
    """Refuses a request with a header that cannot be honoured.

    Args:
        headers: The request's headers by lower-case name.
        write: Whether the request changes something.
        conditional: Whether it is a write that takes ``If-Match`` or ``If-None-Match``.

    Raises:
        S3Error: It has one.
    """
    if headers.keys() <= _PLAIN:
        return
    if refused := headers.keys() & _ANYWHERE:
        raise _not_honoured(min(refused))
    if any(headers.get(name, OWNER_ID) != OWNER_ID for name in _OWNERS):
        raise S3Error("AccessDenied")
    amazons = [name for name in headers if name.startswith(_AMAZON)]
    if not write:
        _check_read(amazons)
        return
    for name in amazons:
        if name.startswith(_PREFIXES) and not (name == _GRANT and _OWNERS_GRANT.fullmatch(headers[name])):
            raise _not_honoured(name)
    for name, allowed in _VALUES.items():
        if headers.get(name) not in {None, *allowed}:
            raise not_implemented(f"this value of the header {name}")
    if headers.get("x-amz-storage-class", "STANDARD") != "STANDARD":
        raise S3Error("InvalidStorageClass")
    _check_conditions(headers, conditional=conditional)
    if "content-range" in headers:
        # RFC 9110, 14.5: where parts cannot be put, one must not be taken for the whole.
        raise _not_honoured("Content-Range")
    _check_copy(amazons)


def _check_read(names: Iterable[str]) -> None:
    """Refuses to read as if an object were encrypted, which none is (S3 API reference, GetObject, "Encryption")."""
    for name in names:
        if name.startswith(_CUSTOMER_KEY):
            raise S3Error("InvalidRequest", "The encryption parameters are not applicable to this object.")
        if name.startswith(_ENCRYPTION):
            message = f"{name} header is not supported for this operation."
            raise S3Error("InvalidArgument", message, elements={"ArgumentName": name})


def _check_conditions(headers: Mapping[str, str], *, conditional: bool) -> None:
    """Refuses conditions that the write would not be under (S3 user guide, "Conditional writes").

    ``If-Modified-Since`` is not one of them: a write has to ignore it (RFC 9110, 13.1.3).
    """
    given = [name for name in _CONDITIONS if name.lower() in headers]
    if len(given) > 1 or (given and not conditional):
        raise _not_honoured(",".join(given))
    if "if-unmodified-since" in headers:
        raise _not_honoured("If-Unmodified-Since")


def _check_copy(names: Collection[str]) -> None:
    """Refuses what is said of a copy's source and is not understood, or where nothing is copied."""
    for name in names:
        if name.startswith(_OF_SOURCE) and name not in _OF_COPY_SOURCE:
            raise _not_honoured(name)
        if name.startswith(_OF_SOURCE) and _COPY_SOURCE not in names:
            raise S3Error("InvalidRequest", f"The header {name} goes with x-amz-copy-source.")


def _not_honoured(name: str) -> S3Error:
    return S3Error("NotImplemented", f"This endpoint does not implement the header {name}.", elements={"Header": name})
