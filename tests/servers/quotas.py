"""What quotas do in front of a real server: tests of a driver call it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from bucketry import (
    Body,
    CompletedPart,
    DeleteOptions,
    NoSuchKey,
    ObjectToDelete,
    QuotaExceeded,
    Store,
    VersioningSettings,
)
from bucketry.features import MIB
from bucketry.layers import Quota
from bucketry.quotas import QuotaRule

from tests.quotas.accounts import check_account

KIB = 1024


def check_quotas(open_store: Callable[[Sequence[object]], Store], *, replaces_parts: bool = True) -> None:
    """Write and delete in all ways, and compare the account with the server after each.

    Args:
        open_store: Opens a store with these layers.
        replaces_parts: Whether the server's own figures are right after a part was sent again.
    """
    bucket = f"quota-{secrets.token_hex(6)}"
    quota = Quota(QuotaRule(buckets="quota-*", max_size_bytes=20 * MIB, max_objects=30))
    with open_store([]) as past, open_store([quota]) as store:
        store.create_bucket(bucket)
        past.put_object(bucket, "before", b"x" * KIB)

        def used() -> tuple[int, int]:
            check_account(quota, bucket)
            use = next(use for use in quota.uses() if use.name == bucket)
            return use.size_bytes, use.objects

        store.put_object(bucket, "a/b", b"x" * KIB)
        assert used() == (2 * KIB, 2)
        store.put_object(bucket, "a/b", Body(iter([b"x" * KIB, b"x" * KIB])))
        store.put_object(bucket, "empty", b"")
        store.copy_object(bucket, "a/b", bucket, "copy")
        assert used() == (5 * KIB, 4)
        with pytest.raises(QuotaExceeded):
            store.put_object(bucket, "large", Body(iter([b"x" * MIB] * 21)))
        with pytest.raises(NoSuchKey):
            past.head_object(bucket, "large")
        store.delete_object(bucket, "a/b")
        store.delete_objects(bucket, ["copy", "missing"])
        assert used() == (KIB, 2)
        _check_uploads(store, bucket, used, replaces_parts=replaces_parts)
        _check_threads(store, past, bucket, used)
        _check_versions(store, bucket, used)
        for version in list(store.iter_object_versions(bucket)):
            store.delete_object(bucket, version.key, DeleteOptions(version_id=version.version_id))
        assert used() == (0, 0)
        store.delete_bucket(bucket)


def _check_uploads(store: Store, bucket: str, used: Callable[[], tuple[int, int]], *, replaces_parts: bool) -> None:
    upload = store.create_multipart_upload(bucket, "upload").upload_id
    first = store.upload_part(bucket, "upload", upload, 1, b"x" * 5 * MIB)
    second = store.upload_part(bucket, "upload", upload, 2, b"x" * KIB)
    assert used() == (5 * MIB + 2 * KIB, 3)
    if replaces_parts:
        store.upload_part(bucket, "upload", upload, 2, b"x" * 3 * KIB)
        second = store.upload_part(bucket, "upload", upload, 2, b"x" * KIB)
        assert used() == (5 * MIB + 2 * KIB, 3)
    with pytest.raises(QuotaExceeded):
        store.upload_part(bucket, "upload", upload, 3, b"x" * 16 * MIB)
    parts = [CompletedPart(part.part_number, part.etag) for part in (first, second)]
    store.complete_multipart_upload(bucket, "upload", upload, parts)
    assert used() == (5 * MIB + 2 * KIB, 3)
    aborted = store.create_multipart_upload(bucket, "upload").upload_id
    store.upload_part(bucket, "upload", aborted, 1, b"x" * KIB)
    store.abort_multipart_upload(bucket, "upload", aborted)
    store.delete_object(bucket, "upload")
    assert used() == (KIB, 2)


def _check_threads(store: Store, past: Store, bucket: str, used: Callable[[], tuple[int, int]]) -> None:
    def put(number: int) -> bool:
        try:
            store.put_object(bucket, f"thread/{number % 8}", b"x" * (MIB + number))
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert any(pool.map(put, range(40)))
    used()
    with ThreadPoolExecutor(6) as pool:
        stored = list(pool.map(lambda number: put(number * 8 + 8 * 1000) if number else False, range(3)))
    assert any(stored)
    assert past.bucket_usage(bucket).size_bytes <= 20 * MIB
    store.delete_objects(bucket, [f"thread/{number}" for number in range(8)])
    assert used() == (KIB, 2)


def _check_versions(store: Store, bucket: str, used: Callable[[], tuple[int, int]]) -> None:
    store.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    first = store.put_object(bucket, "v", b"x" * KIB)
    store.put_object(bucket, "v", b"x" * KIB)
    marker = store.delete_object(bucket, "v")
    assert used() == (3 * KIB, 5)
    store.delete_objects(bucket, [ObjectToDelete("v", first.version_id), ObjectToDelete("v", marker.version_id)])
    assert used() == (2 * KIB, 3)
    store.put_bucket_settings(bucket, VersioningSettings(status="Suspended"))
    store.put_object(bucket, "before", b"x" * 2 * KIB)
    assert used() == (3 * KIB, 3)
    store.delete_object(bucket, "before")
    assert used() == (KIB, 3)
