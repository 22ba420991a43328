"""How much a bucket holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec
import pytest
from bucketry import NoSuchBucket, Store

from bucketry_contract._broken_bodies import BROKEN, fails_as
from bucketry_contract._capabilities import needs
from bucketry_contract._contents import broken_after
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._threads import for_all
from bucketry_contract.backend import Backend
from bucketry_contract.suite.multipart import MULTIPART

MANY: Final = 1003
"""More objects than one page of any listing has."""


class UsageTests(ContractTests):
    """Usage is exact right after a write, or says how old it is."""

    @needs("bucket_usage")
    def test_an_empty_bucket_holds_nothing(self, fresh_bucket: Bucket) -> None:
        _assert_usage(fresh_bucket, 0, 0)

    @pytest.mark.short
    @needs("bucket_usage")
    def test_usage_follows_puts_overwrites_and_deletes(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("a", b"x" * 100)
        _assert_usage(fresh_bucket, 1, 100)
        fresh_bucket.put("b", b"")
        _assert_usage(fresh_bucket, 2, 100)
        fresh_bucket.put("a", b"x" * 30)
        _assert_usage(fresh_bucket, 2, 30)
        fresh_bucket.delete("missing")
        _assert_usage(fresh_bucket, 2, 30)
        fresh_bucket.delete("a")
        _assert_usage(fresh_bucket, 1, 0)
        fresh_bucket.delete("b")
        _assert_usage(fresh_bucket, 0, 0)

    @needs("bucket_usage", "copy_object", "delete_objects")
    def test_usage_follows_copies_and_batches(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("a", b"x" * 100)
        fresh_bucket.put("b", b"x" * 7)
        fresh_bucket.store.copy_object(fresh_bucket.name, "a", fresh_bucket.name, "c")
        _assert_usage(fresh_bucket, 3, 207)
        fresh_bucket.store.copy_object(fresh_bucket.name, "b", fresh_bucket.name, "c")
        _assert_usage(fresh_bucket, 3, 114)
        fresh_bucket.store.delete_objects(fresh_bucket.name, ["a", "c", "missing"])
        _assert_usage(fresh_bucket, 1, 7)

    @pytest.mark.short
    @needs("bucket_usage", *MULTIPART, "abort_multipart_upload")
    def test_parts_in_flight_do_not_count(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", b"x" * 10)
        completed, aborted = fresh_bucket.upload("key"), fresh_bucket.upload("other")
        aborted.send(1, b"x" * 1000)
        part = completed.send(2, b"x" * 300)
        _assert_usage(fresh_bucket, 1, 10)
        completed.complete(part)
        _assert_usage(fresh_bucket, 1, 300)
        aborted.abort()
        _assert_usage(fresh_bucket, 1, 300)

    @needs("bucket_usage")
    @once
    def test_usage_counts_beyond_the_first_thousand_objects(self, fresh_bucket: Bucket) -> None:
        _put_many(fresh_bucket)
        _assert_usage(fresh_bucket, MANY, MANY)

    @needs("bucket_usage")
    def test_a_body_that_breaks_off_does_not_count(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", b"x" * 10)
        with fails_as(BROKEN["half-way"]):
            fresh_bucket.put("key", broken_after(b"x" * 1000))
        _assert_usage(fresh_bucket, 1, 10)

    @needs("usage_report")
    def test_a_report_tells_of_all_buckets_in_byte_order(self, fresh_bucket: Bucket, scratch: Scratch) -> None:
        empty = scratch.create("report0"), scratch.create("report-a")
        fresh_bucket.put("a", b"x" * 100)
        fresh_bucket.put("b", b"x" * 7)
        report = fresh_bucket.store.usage_report()
        names = [told.name for told in report.buckets]
        assert names == sorted(names, key=str.encode)
        assert len(names) == len(set(names))
        figures = {told.name: (told.object_count, told.size_bytes) for told in report.buckets}
        assert [figures[name] for name in (fresh_bucket.name, *empty)] == [(2, 107), (0, 0), (0, 0)]

    @needs("usage_report", *MULTIPART)
    def test_a_report_does_not_count_parts_in_flight(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", b"x" * 10)
        upload = fresh_bucket.upload("other")
        part = upload.send(1, b"x" * 1000)
        assert _reported(fresh_bucket) == (1, 10)
        upload.complete(part)
        assert _reported(fresh_bucket) == (2, 1010)

    @needs("usage_report")
    @once
    def test_a_report_counts_beyond_the_first_thousand_objects(self, fresh_bucket: Bucket) -> None:
        _put_many(fresh_bucket)
        assert _reported(fresh_bucket) == (MANY, MANY)

    @needs("usage_report")
    def test_a_report_makes_no_figure_up(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("a", b"x" * 100)
        report = fresh_bucket.store.usage_report()
        assert report.source
        assert report.as_of.utcoffset() is not None
        (told,) = [told for told in report.buckets if told.name == fresh_bucket.name]
        assert told.size_on_disk_bytes is None or told.size_on_disk_bytes > 0
        assert told.shards is None or told.shards > 0
        quotas = [told.quota for told in report.buckets] + [user.quota for user in report.users]
        bounds = [bound for quota in quotas if quota for bound in (quota.max_size_bytes, quota.max_objects)]
        assert all(bound is None or bound >= 0 for bound in bounds)
        assert all(user.max_buckets is None or user.max_buckets >= 0 for user in report.users)

    @needs("usage_report")
    def test_a_report_holds_no_secret(self, store: Store, contract_backend: Backend) -> None:
        shown = [repr(store.usage_report()), msgspec.json.encode(store.usage_report()).decode()]
        assert not [text for text in shown for secret in contract_backend.secrets if secret in text]

    @needs("bucket_usage")
    def test_usage_of_many_buckets_leaves_out_those_that_do_not_exist(
        self, fresh_bucket: Bucket, scratch: Scratch
    ) -> None:
        other, missing = scratch.create(), scratch.new_name()
        fresh_bucket.put("key", b"x" * 10)
        usages = fresh_bucket.store.bucket_usages([fresh_bucket.name, missing, other, fresh_bucket.name])
        assert set(usages) == {fresh_bucket.name, other}
        assert fresh_bucket.store.bucket_usages([missing]) == {}
        _assert_usage(fresh_bucket, 1, 10)
        assert (usages[other].object_count, usages[other].size_bytes) == (0, 0)
        with pytest.raises(NoSuchBucket):
            fresh_bucket.store.bucket_usage(missing)


def _put_many(bucket: Bucket) -> None:
    for_all(lambda number: bucket.put(f"{number:04}", b"x"), range(MANY))


def _reported(bucket: Bucket) -> tuple[int, int]:
    (told,) = [told for told in bucket.store.usage_report().buckets if told.name == bucket.name]
    return told.object_count, told.size_bytes


def _assert_usage(bucket: Bucket, object_count: int, size_bytes: int) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    usage = bucket.store.bucket_usage(bucket.name)
    assert usage.source
    assert usage.as_of.utcoffset() is not None
    exact = (usage.object_count, usage.size_bytes) == (object_count, size_bytes)
    # Figures that are older than the last write may be wrong, if they say that they are older.
    assert exact or usage.as_of < before, f"{usage} instead of {object_count} objects of {size_bytes} bytes"
