"""Policies and requests for the tests of the access engine."""

from __future__ import annotations

import json
from typing import Any

from bucketry import BucketAccess, Owner, PublicAccessSettings
from bucketry_access import Policy, Principal, parse_policy

BUCKET = "assets"
ARN = f"arn:aws:s3:::{BUCKET}"
ALICE_OWNS = Owner(id="alice")
ALICE, BOB = Principal(user_id="alice"), Principal(user_id="bob")


class Bucket(BucketAccess, frozen=True, kw_only=True):
    """What is set on the bucket of a test. Alice owns it."""

    owner: Owner = ALICE_OWNS


def block(*, ignore_public_acls: bool = False, restrict_public_buckets: bool = False) -> PublicAccessSettings:
    """Return a public access block."""
    return PublicAccessSettings(ignore_public_acls=ignore_public_acls, restrict_public_buckets=restrict_public_buckets)


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """Return a statement about reading every object, for everybody; ``elements`` replace or add, None removes."""
    usual = {"Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
    return {name: value for name, value in {**usual, **elements}.items() if value is not None}


def document(*statements: Any, version: str = "2012-10-17", **elements: Any) -> str:
    return json.dumps({"Version": version, "Statement": list(statements), **elements})


def parsed(*statements: Any, **elements: Any) -> Policy:
    return parse_policy(document(*statements, **elements), bucket=BUCKET)


def with_policy(*statements: Any, **settings: Any) -> Bucket:
    text = document(*statements)
    # Only what a bucket takes is worth a decision.
    parse_policy(text, bucket=BUCKET)
    return Bucket(policy=text, **settings)
