"""Conditions of reads, for both ``get_object`` and ``head_object``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from bucketry import ByteRange, NotModified, PreconditionFailed

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
both = pytest.mark.parametrize("act", [Bucket.head, Bucket.read], ids=["head", "get"])
Act = Callable[..., object]


class ReadConditionTests(ContractTests):
    """Conditions of reads are evaluated in the order of RFC 9110, 13.2.2."""

    @pytest.mark.short
    @both
    @needs("get_if_match")
    def test_if_match_reads_only_the_object_with_that_etag(self, bucket: Bucket, act: Act) -> None:
        old, etag = bucket.put("key", b"old").etag, bucket.put("key", b"new").etag
        for holding in (etag, f'"{etag}"', "*"):
            act(bucket, "key", if_match=holding)
        for other in (old, "another"):
            with pytest.raises(PreconditionFailed) as caught:
                act(bucket, "key", if_match=other)
            assert caught.value.code == "precondition_failed"

    @both
    @needs("get_if_none_match")
    def test_if_none_match_reads_only_an_object_with_another_etag(self, bucket: Bucket, act: Act) -> None:
        old, etag = bucket.put("key", b"old").etag, bucket.put("key", b"new").etag
        for other in (old, "another"):
            act(bucket, "key", if_none_match=other)
        for current in (etag, f'"{etag}"', "*"):
            with pytest.raises(NotModified) as caught:
                act(bucket, "key", if_none_match=current)
            assert caught.value.code == "not_modified"

    @both
    @needs("get_if_modified_since")
    def test_if_modified_since_reads_only_what_changed_after(self, bucket: Bucket, act: Act) -> None:
        written = bucket.put("key").last_modified
        act(bucket, "key", if_modified_since=written - HOUR)
        with pytest.raises(NotModified):
            act(bucket, "key", if_modified_since=written)

    @both
    @needs("get_if_unmodified_since")
    def test_if_unmodified_since_reads_only_what_did_not_change_after(self, bucket: Bucket, act: Act) -> None:
        written = bucket.put("key").last_modified
        act(bucket, "key", if_unmodified_since=written)
        act(bucket, "key", if_unmodified_since=written + HOUR)
        with pytest.raises(PreconditionFailed):
            act(bucket, "key", if_unmodified_since=written - HOUR)

    @both
    @needs("get_if_modified_since", "get_if_unmodified_since")
    @pytest.mark.parametrize("fraction", [0, 1, 999_999], ids=["whole", "begun", "nearly over"])
    def test_times_are_compared_in_whole_seconds(self, bucket: Bucket, act: Act, fraction: int) -> None:
        bucket.put("key")
        # A listing may give fractions of a second, which no HTTP date has.
        second = bucket.listed_info("key").last_modified.replace(microsecond=0)
        moment = second + timedelta(microseconds=fraction)
        act(bucket, "key", if_unmodified_since=moment)
        with pytest.raises(NotModified):
            act(bucket, "key", if_modified_since=moment)
        act(bucket, "key", if_modified_since=moment - SECOND)
        with pytest.raises(PreconditionFailed):
            act(bucket, "key", if_unmodified_since=moment - SECOND)

    @both
    @needs("get_if_match", "get_if_unmodified_since")
    def test_if_match_comes_before_if_unmodified_since(self, bucket: Bucket, act: Act) -> None:
        info = bucket.put("key")
        act(bucket, "key", if_match=info.etag, if_unmodified_since=info.last_modified - HOUR)
        with pytest.raises(PreconditionFailed):
            act(bucket, "key", if_match="another", if_unmodified_since=info.last_modified + HOUR)

    @both
    @needs("get_if_none_match", "get_if_modified_since")
    def test_if_none_match_comes_before_if_modified_since(self, bucket: Bucket, act: Act) -> None:
        info = bucket.put("key")
        act(bucket, "key", if_none_match="another", if_modified_since=info.last_modified)
        with pytest.raises(NotModified):
            act(bucket, "key", if_none_match=info.etag, if_modified_since=info.last_modified - HOUR)

    @both
    @needs("get_if_match", "get_if_none_match")
    def test_if_match_comes_before_if_none_match(self, bucket: Bucket, act: Act) -> None:
        etag = bucket.put("key").etag
        with pytest.raises(PreconditionFailed):
            act(bucket, "key", if_match="another", if_none_match=etag)
        with pytest.raises(NotModified):
            act(bucket, "key", if_match=etag, if_none_match=etag)

    @pytest.mark.short
    @needs("get_if_match", "get_if_none_match")
    def test_conditions_come_before_the_range(self, bucket: Bucket) -> None:
        etag = bucket.put("key", b"12345").etag
        beyond = ByteRange(10)
        with pytest.raises(PreconditionFailed):
            bucket.read("key", if_match="another", range=beyond)
        with pytest.raises(NotModified):
            bucket.read("key", if_none_match=etag, range=beyond)
        assert bucket.read("key", if_match=etag, range=ByteRange(1, 2)) == b"23"
