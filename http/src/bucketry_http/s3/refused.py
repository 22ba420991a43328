"""Headers that ask for what this endpoint does not do. To ignore one would be a wrong success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.xml import OWNER_ID

_READ: Final = frozenset(
    f"x-amz-server-side-encryption-customer-{part}" for part in ("algorithm", "key", "key-md5")
) | {"x-amz-mfa", "x-amz-object-lock-mode"}

_WRITE: Final = _READ | {
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-website-redirect-location",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-grant-full-control",
    "x-amz-write-offset-bytes",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
}

_OWNERS: Final = ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner")
"""Whose a bucket, and a copy's source, must be: everything belongs to the same."""

_OWNERS_ONLY: Final = frozenset({"private", "bucket-owner-read", "bucket-owner-full-control"})
"""Canned ACLs that give nothing to anybody but the owner of the bucket, who owns everything."""

_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "x-amz-acl": _OWNERS_ONLY,
    "x-amz-bucket-object-lock-enabled": frozenset({"false", "False"}),
    "x-amz-object-ownership": frozenset({"BucketOwnerEnforced"}),
}
"""Headers that say nothing new with one of these values."""


def check_headers(headers: Mapping[str, str], *, write: bool) -> None:
    """Refuses a request with a header that cannot be honoured.

    Raises:
        S3Error: It has one.
    """
    if refused := headers.keys() & (_WRITE if write else _READ):
        raise not_implemented(f"the header {min(refused)}")
    if any(headers.get(name, OWNER_ID) != OWNER_ID for name in _OWNERS):
        raise S3Error("AccessDenied")
    if not write:
        return
    for name, allowed in _VALUES.items():
        if headers.get(name) not in {None, *allowed}:
            raise not_implemented(f"this value of the header {name}")
    if headers.get("x-amz-storage-class", "STANDARD") != "STANDARD":
        raise S3Error("InvalidStorageClass")
