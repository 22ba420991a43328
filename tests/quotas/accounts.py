"""Compares the accounts of a layer with what its backend holds."""

from __future__ import annotations

from bucketry import NoSuchBucket
from bucketry.layers import Quota


def check_account(quota: Quota, bucket: str) -> None:
    """Fail unless a bucket's account says what a fresh count of it finds."""
    accounts = quota._attached()
    known = accounts.ledger.bucket(bucket)
    if known is None or not known.counted:
        return
    try:
        versioning = accounts.backend.versioning_of(bucket)
        count = accounts.backend.count(bucket, versioning, set(), set())
    except NoSuchBucket:
        return
    parts = sum(sum(sizes.values()) for sizes in count.uploads.values())
    counted = (count.size + parts, count.objects + len(count.uploads), versioning)
    account = (known.size, known.objects, known.versioning)
    assert account == counted, (account, counted)
