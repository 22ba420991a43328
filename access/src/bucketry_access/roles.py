"""Ready-made roles: ``read``, ``write`` and ``admin`` on buckets, or below a prefix in them.

A role is a policy of a user that this module writes, so the same engine decides about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, cast, get_args

import msgspec
from bucketry import InvalidBucketName, InvalidSettings
from bucketry.bucket_names import check_bucket_pattern
from bucketry.s3 import MAX_KEY_BYTES

from bucketry_access.parsing import parse_user_policy
from bucketry_access.policies import Policy
from bucketry_access.rights import escaped

RoleName = Literal["read", "write", "admin"]

ROLES: Final[tuple[RoleName, ...]] = get_args(RoleName)
"""The names of the roles. Each has all rights of those before it."""

LISTS: Final = ("s3:ListBucket", "s3:ListBucketVersions")
"""What a reader may do with a bucket. Below a prefix, only listings of that prefix are allowed."""

LOOKS: Final = ("s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration")
"""What a reader may learn about a bucket, below a prefix too."""

LOOKS_AT_ALL: Final = (
    "s3:GetBucketCORS",
    "s3:GetBucketTagging",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
)
"""What a reader of a whole bucket may learn besides."""

READS: Final = (
    "s3:GetObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectLegalHold",
    "s3:GetObjectRetention",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAttributes",
    "s3:GetObjectVersionTagging",
)
"""What a reader may do with objects."""

WRITES: Final = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersionTagging",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionTagging",
    "s3:RestoreObject",
)
"""What a writer may do with objects besides.

A writer cannot delete old versions, lock objects or give rights to others.
"""

UPLOADS: Final = ("s3:ListBucketMultipartUploads",)
"""What a writer may do with a whole bucket besides."""

_ROLE: Final = re.compile(r"([^:]*):([^/]*)(?:/(.*))?", re.DOTALL)
_PATTERN: Final = re.compile(r"[A-Za-z0-9._*?-]{1,255}", re.ASCII)
_ARN: Final = "arn:aws:s3:::"


@lru_cache(maxsize=4096)
def role_policy(text: str) -> Policy:
    """Returns the policy that a role stands for.

    Args:
        text: ``ROLE:BUCKETS`` or ``ROLE:BUCKETS/PREFIX``. In the names of buckets ``*`` stands for any characters and
            ``?`` for one. Every character of the prefix means itself: ``write:team-a-*/reports/``.

    Raises:
        InvalidSettings: It is no such role.
    """
    match = _ROLE.fullmatch(text)
    if match is None or match[1] not in ROLES:
        raise InvalidSettings(
            f"{text[:100]!r} is no role: write read:BUCKETS, write:BUCKETS or admin:BUCKETS, as in write:team-a-*"
        )
    role, buckets, prefix = cast("RoleName", match[1]), match[2], match[3]
    if not _PATTERN.fullmatch(buckets):
        raise InvalidSettings(
            f"the role {text[:100]!r} names no buckets: their names are letters, digits, '.', '-' and '_', "
            "with * for any characters and ? for one"
        )
    if prefix == "":
        raise InvalidSettings(f"the role {text[:100]!r} has an empty prefix: leave out the '/' for whole buckets")
    if prefix is not None and len(prefix.encode(errors="replace")) > MAX_KEY_BYTES:
        raise InvalidSettings(f"the prefix of a role has at most {MAX_KEY_BYTES} bytes")
    try:
        check_bucket_pattern(buckets)
    except InvalidBucketName as error:
        raise InvalidSettings(f"the role {text[:100]!r} names no buckets: {error.detail}") from None
    found = _of_prefix(role, buckets, prefix) if prefix is not None else _of_buckets(role, buckets)
    document = msgspec.json.encode({"Version": "2012-10-17", "Statement": list(found)}).decode()
    return parse_user_policy(document, max_bytes=len(document.encode()))


def joined(policies: Sequence[Policy]) -> Policy:
    """Returns one policy that has the statements of all of them."""
    statements = tuple(statement for policy in policies for statement in policy.statements)
    return Policy("2012-10-17", "", statements)


def _of_buckets(role: RoleName, buckets: str) -> Iterable[Mapping[str, Any]]:
    bucket = _ARN + buckets
    if role == "admin":
        yield _allow(["s3:*"], bucket, f"{bucket}/*")
        return
    yield _allow([*LISTS, *LOOKS, *LOOKS_AT_ALL, *(UPLOADS if role == "write" else ())], bucket)
    yield _allow([*READS, *(WRITES if role == "write" else ())], f"{bucket}/*")


def _of_prefix(role: RoleName, buckets: str, prefix: str) -> Iterable[Mapping[str, Any]]:
    bucket, below = _ARN + buckets, f"{escaped(prefix)}*"
    yield _allow(list(LOOKS), bucket)
    yield {**_allow(list(LISTS), bucket), "Condition": {"StringLike": {"s3:prefix": below}}}
    actions = {"read": [*READS], "write": [*READS, *WRITES], "admin": ["s3:*"]}[role]
    yield _allow(actions, f"{bucket}/{below}")


def _allow(actions: Sequence[str], *resources: str) -> Mapping[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
