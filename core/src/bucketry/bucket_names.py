"""The rules for names of buckets, and for patterns of them in settings."""

from __future__ import annotations

import re
from typing import Final

from bucketry._validation import check_bucket, check_new_bucket
from bucketry.errors import InvalidBucketName

__all__ = ["check_bucket", "check_bucket_pattern", "check_new_bucket"]

_CLASS: Final = re.compile(r"\[!?[^\[\]!]+\]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._*?-]{1,255}")
_WILD: Final = frozenset("*?[")
_SHORTEST: Final = 3


def check_bucket_pattern(pattern: str) -> None:
    """Checks a pattern of buckets' names, as `fnmatch.fnmatchcase` reads it.

    ``*`` stands for any characters, ``?`` for one, ``[a-f]`` for one of these, ``[!a-f]`` for one of all others.

    Raises:
        InvalidBucketName: It is malformed, or no bucket can have a name that it matches.
    """
    if _WILD.isdisjoint(pattern):
        check_bucket(pattern)
        return
    plain = _CLASS.sub("?", pattern)
    if not _PLAIN.fullmatch(plain):
        raise InvalidBucketName(
            "write a bucket's name in which * stands for any characters, ? for one, and [a-f] for one of these",
            bucket=pattern,
        )
    if "*" not in plain and len(plain) < _SHORTEST:
        raise InvalidBucketName(f"no bucket has a name of less than {_SHORTEST} characters", bucket=pattern)
