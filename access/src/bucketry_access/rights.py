"""The simple rights of a key pair, as a policy."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from bucketry_access.actions import ACTIONS
from bucketry_access.parsing import parse_user_policy
from bucketry_access.policies import Policy

_READS = ("s3:Get*", "s3:List*")


@lru_cache(maxsize=256)
def policy_of_rights(*, read_only: bool, buckets: tuple[str, ...] = (), allows: bool = True) -> Policy:
    """Returns the policy of a user who may only read, or use a few buckets, or both.

    It denies everything else, so no policy of a bucket can allow it.

    Args:
        read_only: Whether only reads are allowed.
        buckets: The only buckets that may be used; empty: all.
        allows: Whether it allows the rest. Otherwise another policy of the user has to.
    """
    statements: list[dict[str, object]] = []
    if allows:
        statements.append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    if read_only:
        statements.append({"Effect": "Deny", "NotAction": _READS, "Resource": "*"})
    if buckets:
        resources = [f"arn:aws:s3:::{literal}{rest}" for literal in map(escaped, buckets) for rest in ("", "/*")]
        # A list of one's own buckets is about no bucket.
        others = sorted(action for action, kind in ACTIONS.items() if kind != "service")
        statements.append({"Effect": "Deny", "Action": others, "NotResource": resources})
    document = {"Version": "2012-10-17", "Statement": statements}
    text = msgspec.json.encode(document).decode()
    return parse_user_policy(text, max_bytes=len(text.encode()))


def escaped(text: str) -> str:
    """Returns a text as a policy writes it if every character of it means itself."""
    return "".join(f"${{{char}}}" if char in "*?$" else char for char in text)
