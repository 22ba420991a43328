"""Policies of buckets, as they are stored."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bucketry_access.errors import InvalidPolicy

if TYPE_CHECKING:
    from bucketry_access.policies import Policy


@lru_cache(maxsize=1024)
def policy_of(text: str, bucket: str) -> Policy | None:
    """Returns the stored policy of a bucket, parsed once; ``None``: it is not valid, so nobody knows what it allows."""
    from bucketry_access.parsing import parse_policy  # Only here: servers without policies start sooner.

    try:
        return parse_policy(text, bucket=bucket)
    except InvalidPolicy:
        return None
