"""Deleting one object, and many at once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from bucketry import InvalidKey, NoSuchKey

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._scratch import Bucket
from bucketry_contract.suite.keys import WEIRD_KEYS

NEIGHBOURS = ["a", "a/", "a/b", "a/b/c", "aa", "A", "b"]


class DeletingTests(ContractTests):
    """A delete takes exactly what it names."""

    @needs("delete_object")
    def test_a_deleted_object_is_gone(self, bucket: Bucket) -> None:
        bucket.put_all("key", "other")
        bucket.delete("key")
        with pytest.raises(NoSuchKey):
            bucket.read("key")
        with pytest.raises(NoSuchKey):
            bucket.head("key")
        assert bucket.stored("key") is None
        assert bucket.entries() == ["other"]

    @needs("delete_object")
    def test_deleting_what_does_not_exist_succeeds(self, bucket: Bucket) -> None:
        bucket.put("key")
        for missing in ("missing", "ke", "key/", "k/e/y"):
            with suppress(InvalidKey):  # No object can be there.
                bucket.delete(missing)
        bucket.delete("key")
        bucket.delete("key")
        assert bucket.entries() == []

    @needs("delete_object")
    @pytest.mark.parametrize("key", NEIGHBOURS)
    def test_a_delete_takes_neither_what_begins_with_the_key_nor_what_is_above_it(
        self, bucket: Bucket, key: str
    ) -> None:
        held = [neighbour for neighbour in NEIGHBOURS if bucket.put_if_held(neighbour, neighbour.encode())]
        with suppress(InvalidKey):
            bucket.delete(key)
        left = sorted(set(held) - {key})
        assert bucket.entries() == left
        assert [bucket.read(neighbour).decode() for neighbour in left] == left

    @needs("delete_object")
    def test_an_object_above_stays_when_the_last_one_below_goes(self, bucket: Bucket) -> None:
        held = [key for key in ("a/", "a/b/c") if bucket.put_if_held(key, b"")]
        bucket.delete("a/b/c")
        assert bucket.entries() == [key for key in held if key == "a/"]

    @pytest.mark.short
    @needs("delete_objects")
    def test_a_batch_deletes_its_keys_and_says_so(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b", "bc", "d")
        result = bucket.store.delete_objects(bucket.name, ["a", "b", "missing", "a"])
        assert sorted(result.deleted_keys) == ["a", "b", "missing"]
        assert result.failed == ()
        assert bucket.entries() == ["bc", "d"]

    def test_a_batch_may_hold_nothing(self, bucket: Bucket) -> None:
        bucket.put("a")
        result = bucket.store.delete_objects(bucket.name, [])
        assert (result.deleted, result.failed) == ((), ())
        assert bucket.entries() == ["a"]

    @needs("delete_objects")
    @once
    def test_a_batch_may_hold_more_than_a_thousand_keys(self, bucket: Bucket) -> None:
        keys = [f"{number:04}" for number in range(2500)]
        bucket.put_all(keys[0], keys[999], keys[1000], keys[2499], "other")
        result = bucket.store.delete_objects(bucket.name, keys)
        assert sorted(result.deleted_keys) == keys
        assert result.failed == ()
        assert bucket.entries() == ["other"]

    @pytest.mark.short
    @needs("delete_objects")
    def test_a_key_that_fails_does_not_hold_up_the_others(self, bucket: Bucket) -> None:
        keys = list(WEIRD_KEYS.values())
        bucket.put_all("first", "last")
        held = [key for key in ("a//b", "a/../b", "a\nb", "a&b=c;d", "a😀b") if bucket.put_if_held(key, b"")]
        result = bucket.store.delete_objects(bucket.name, ["first", *keys, "last"])
        answered = [*result.deleted_keys, *(failure.key for failure in result.failed)]
        assert sorted(answered) == sorted(["first", *keys, "last"])
        assert {"first", "last", *held} <= set(result.deleted_keys)
        assert all(failure.code and failure.message for failure in result.failed)
        assert bucket.entries() == []

    def test_a_batch_with_an_invalid_key_deletes_nothing(self, bucket: Bucket) -> None:
        bucket.put("a")
        with pytest.raises(InvalidKey):
            bucket.store.delete_objects(bucket.name, ["a", ""])
        assert bucket.entries() == ["a"]
