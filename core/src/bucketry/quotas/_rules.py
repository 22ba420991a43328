"""The rules, and which of them is about a bucket."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final, Literal, NamedTuple

import msgspec

from bucketry.errors import InvalidBucketName, InvalidSettings

_MAX: Final = 2**62
"""Largest limit. Sums of sizes stay within 64 bits."""

_MAX_PATTERN: Final = 1024

Scope = Literal["bucket", "owner"]


class Limit(NamedTuple):
    """The limits of one bucket, or of one owner's buckets together; ``None``: there is no such limit."""

    scope: Scope
    name: str
    max_size_bytes: int | None
    max_objects: int | None


class QuotaRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much each bucket that a pattern matches may hold, or all buckets of each owner that it matches together.

    A rule without limits is an exception: what it matches may hold any amount, whatever later rules say.

    Attributes:
        buckets: Pattern of bucket names. ``*`` stands for any characters, ``?`` for one, ``[abc]`` for one of these.
        owners: Pattern of ids of owners, likewise. A rule has either `buckets` or `owners`.
        max_size_bytes: Most bytes: of all versions of objects, and of the parts of uploads in progress.
        max_objects: Most objects: versions, delete markers and uploads in progress.

    Raises:
        InvalidSettings: There is no pattern, or two, or one that no bucket can match. Or a limit is negative.
    """

    buckets: str | None = None
    owners: str | None = None
    max_size_bytes: int | None = None
    max_objects: int | None = None

    def __post_init__(self) -> None:
        pattern = self.buckets if self.owners is None else self.owners
        if (self.buckets is None) == (self.owners is None):
            raise InvalidSettings("a quota is for buckets or for owners: give one of the two patterns")
        if not pattern or len(pattern) > _MAX_PATTERN:
            raise InvalidSettings(f"the pattern of a quota has 1 to {_MAX_PATTERN} characters")
        if self.buckets is not None:
            from bucketry.bucket_names import check_bucket_pattern  # Only here: most programs have no quotas.

            try:
                check_bucket_pattern(self.buckets)
            except InvalidBucketName as error:
                raise InvalidSettings(f"the pattern {self.buckets[:80]!r} of a quota: {error.detail}") from None
        for name in ("max_size_bytes", "max_objects"):
            limit = getattr(self, name)
            if limit is not None and not (type(limit) is int and 0 <= limit <= _MAX):
                raise InvalidSettings(f"{name} of the quota for {pattern!r} is not a number from 0 to {_MAX}")


class QuotaUse(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a quota is used. Writes in progress count with what they will take.

    Attributes:
        scope: Whether it is the quota of a bucket or of an owner.
        name: The bucket, or the owner's id.
        size_bytes: Bytes that count.
        objects: Objects that count.
        max_size_bytes: Most bytes; ``None``: there is no limit.
        max_objects: Most objects; likewise.
    """

    scope: Scope
    name: str
    size_bytes: int
    objects: int
    max_size_bytes: int | None
    max_objects: int | None


class QuotaRules:
    """All rules. For each bucket the first rule counts that matches its name, and for each owner likewise.

    Attributes:
        by_owner: Whether a rule is about owners.
    """

    def __init__(self, rules: Iterable[QuotaRule]) -> None:
        """Takes the rules in their order."""
        found = tuple(rules)
        self._of_buckets = [(rule.buckets, rule) for rule in found if rule.buckets is not None]
        self._of_owners = [(rule.owners, rule) for rule in found if rule.owners is not None]
        self.by_owner = bool(self._of_owners)

    def of_bucket(self, bucket: str) -> tuple[Limit, ...]:
        """Returns the limit of a bucket, if it has one."""
        for pattern, rule in self._of_buckets:
            if fnmatchcase(bucket, pattern):
                return _limit(rule, "bucket", bucket)
        return ()

    def of_owner(self, owner: str) -> tuple[Limit, ...]:
        """Returns the limit of an owner, if there is one."""
        for pattern, rule in self._of_owners:
            if fnmatchcase(owner, pattern):
                return _limit(rule, "owner", owner)
        return ()


def _limit(rule: QuotaRule, scope: Scope, name: str) -> tuple[Limit, ...]:
    if rule.max_size_bytes is None and rule.max_objects is None:
        return ()
    return (Limit(scope, name, rule.max_size_bytes, rule.max_objects),)
