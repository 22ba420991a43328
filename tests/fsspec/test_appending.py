"""Appending: what the object has besides its content stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bucketry import CreateBucketOptions, PutOptions, Store
from bucketry.acls import canned_acl
from bucketry.encryption import Encryption
from bucketry.fsspec import BucketryFileSystem
from bucketry.object_lock import GOVERNANCE, Retention

from tests.fsspec.test_writing import PART

SIZES = pytest.mark.parametrize("size", [5, PART], ids=["read first", "copied as a part"])


@SIZES
@pytest.mark.parametrize(
    "options",
    [
        {"tags": {"team": "one"}},
        {"storage_class": "STANDARD_IA"},
        {"website_redirect": "/elsewhere"},
        {"legal_hold": True},
        {"retention": Retention(mode=GOVERNANCE, until=datetime(2099, 1, 1, tzinfo=UTC))},
        {"encryption": Encryption(algorithm="AES256")},
        {"cache_control": "no-store", "metadata": {"who": "me"}},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_an_object_has_is_kept(store: Store, options: dict[str, Any], size: int) -> None:
    fs = BucketryFileSystem(store)
    store.create_bucket("locked", CreateBucketOptions(object_lock=True))
    store.put_object("locked", "log", bytes(size), PutOptions(**options))
    before = store.head_object("locked", "log")
    with fs.open("locked/log", "ab", block_size=PART) as file:
        file.write(b"more")
    after = store.head_object("locked", "log")
    assert after.size_bytes == size + 4
    for name in ("tag_count", *options):
        assert getattr(after, name, None) == getattr(before, name, None)
    assert dict(store.get_object_tagging("locked", "log")) == options.get("tags", {})


@SIZES
def test_its_access_control_list_is_kept(fs: BucketryFileSystem, store: Store, size: int) -> None:
    acl = canned_acl("public-read", store.get_bucket_access("bucket").owner)
    store.put_object("bucket", "log", bytes(size), PutOptions(acl=acl))
    with fs.open("bucket/log", "ab", block_size=PART) as file:
        file.write(b"more")
    assert store.get_object_acl("bucket", "log").grants == acl.grants


def test_a_lock_that_has_ended_is_none(store: Store) -> None:
    fs = BucketryFileSystem(store)
    store.create_bucket("locked", CreateBucketOptions(object_lock=True))
    soon = store.clock.now() + timedelta(seconds=1)
    store.put_object("locked", "log", b"x", PutOptions(retention=Retention(mode=GOVERNANCE, until=soon)))
    store.clock.advance(timedelta(hours=1))
    with fs.open("locked/log", "ab") as file:
        file.write(b"more")
    assert fs.cat("locked/log") == b"xmore"
