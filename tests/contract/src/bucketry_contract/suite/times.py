"""Times: in UTC, of the right moment, and moved on by each write."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from bucketry import ObjectHeaders, Store

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract.suite.multipart import MULTIPART

CLOCKS_DIFFER = timedelta(minutes=15)
"""How far a server's clock may be off. S3 refuses clients that are off by more ("RequestTimeTooSkewed")."""

MORE_THAN_A_SECOND = 1.1
"""Seconds. HTTP dates have whole seconds."""


class TimeTests(ContractTests):
    """Times are in UTC; ``last_modified`` moves on with each write, ``created_at`` never."""

    @pytest.fixture
    def elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Has this process live where local time is UTC plus five hours and three quarters, as in Kathmandu."""
        if sys.platform == "win32":  # There a process cannot move; its own time zone has to do.
            yield
            return
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "NPT-05:45")
            time.tzset()
            yield
        time.tzset()

    @needs("put_object", "head_object")
    def test_the_time_of_an_object_is_in_utc(self, bucket: Bucket, elsewhere: None) -> None:
        put = bucket.put("key")
        _assert_now(put.last_modified, bucket.head("key").last_modified, bucket.listed_info("key").last_modified)
        with bucket.store.get_object(bucket.name, "key") as opened:
            _assert_now(opened.info.last_modified)

    @needs("copy_object")
    def test_the_time_of_a_copy_is_in_utc(self, bucket: Bucket, elsewhere: None) -> None:
        bucket.put("source")
        copy = bucket.copy("source", "copy")
        _assert_now(copy.last_modified, bucket.head("copy").last_modified)

    @pytest.mark.short
    @needs(*MULTIPART)
    def test_the_times_of_an_upload_are_in_utc(self, bucket: Bucket, elsewhere: None) -> None:
        upload = bucket.upload("key")
        part = upload.send(1)
        _assert_now(upload.begun.initiated_at, part.last_modified)
        if "list_parts" in bucket.store.capabilities.operations:
            _assert_now(*[listed.last_modified for listed in upload.parts()])
        if "list_multipart_uploads" in bucket.store.capabilities.operations:
            uploads = bucket.store.list_multipart_uploads(bucket.name).uploads
            _assert_now(*[listed.initiated_at for listed in uploads])
        _assert_now(upload.complete(part).last_modified, bucket.head("key").last_modified)

    @needs("create_bucket")
    def test_the_time_of_a_bucket_is_in_utc(self, store: Store, scratch: Scratch, elsewhere: None) -> None:
        name = scratch.new_name()
        times = [store.create_bucket(name).created_at]
        if "head_bucket" in store.capabilities.operations:
            times.append(store.head_bucket(name).created_at)
        if "list_buckets" in store.capabilities.operations:
            times += [info.created_at for info in store.list_buckets() if info.name == name]
        _assert_now(*times)

    @needs("bucket_usage")
    def test_the_time_of_a_figure_is_in_utc(self, bucket: Bucket, elsewhere: None) -> None:
        as_of = bucket.store.bucket_usage(bucket.name).as_of
        assert as_of.utcoffset() == timedelta(0)
        # Figures may be old, if they say so.
        assert as_of < datetime.now(UTC) + CLOCKS_DIFFER

    @pytest.mark.short
    @needs("usage_report")
    def test_the_time_of_a_report_is_in_utc(self, store: Store, elsewhere: None) -> None:
        _assert_now(store.usage_report().as_of)

    @needs("put_object", "head_object")
    @once
    def test_an_overwrite_has_a_later_time(self, bucket: Bucket) -> None:
        before = [bucket.put("key"), bucket.head("key")]
        time.sleep(MORE_THAN_A_SECOND)
        bucket.put("key", b"content")
        after = bucket.head("key")
        assert all(after.last_modified > info.last_modified for info in before)
        assert bucket.listed_info("key").last_modified > before[-1].last_modified

    @needs("copy_object")
    @once
    def test_a_copy_has_a_later_time_than_what_was_there_before(self, bucket: Bucket) -> None:
        bucket.put_all("source", "copy", "itself")
        before = max(bucket.head(key).last_modified for key in ("source", "copy", "itself"))
        time.sleep(MORE_THAN_A_SECOND)
        bucket.copy("source", "copy")
        bucket.copy("itself", "itself", headers=ObjectHeaders(content_type="text/css"))
        assert bucket.head("copy").last_modified > before
        assert bucket.head("itself").last_modified > before
        assert bucket.head("source").last_modified <= before

    @needs("head_bucket")
    @once
    def test_when_a_bucket_was_created_does_not_change(self, store: Store, scratch: Scratch) -> None:
        name = scratch.create()
        created_at = store.head_bucket(name).created_at
        for act in (
            lambda: store.put_object(name, "key", b"content"),
            lambda: time.sleep(MORE_THAN_A_SECOND),
            lambda: store.delete_object(name, "key"),
        ):
            act()
            assert store.head_bucket(name).created_at == created_at
        if "list_buckets" in store.capabilities.operations:
            assert [info.created_at for info in store.list_buckets() if info.name == name] == [created_at]


def _assert_now(*times: datetime) -> None:
    assert times, "nothing came whose time could be looked at"
    for moment in times:
        assert moment.utcoffset() == timedelta(0), f"{moment} is not in UTC"
        assert abs(moment - datetime.now(UTC)) < CLOCKS_DIFFER, f"{moment} is not now, in UTC"
