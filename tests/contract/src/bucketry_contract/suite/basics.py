"""The simplest call of each operation that every driver has. These tests run first, so that they name the fault."""

from __future__ import annotations

import pytest
from bucketry import NoSuchKey, ObjectInfo, Store

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, Scratch


class BasicTests(ContractTests):
    """An object is put, looked at, read, listed and deleted."""

    @pytest.mark.short
    @needs("create_bucket", "delete_bucket")
    def test_a_bucket_can_be_created_and_deleted(self, store: Store, scratch: Scratch) -> None:
        name = scratch.new_name()
        assert store.create_bucket(name).name == name
        store.delete_bucket(name)

    @needs("put_object")
    def test_an_object_can_be_put(self, bucket: Bucket) -> None:
        _check(bucket.put("key", b"content"))

    @needs("head_object")
    def test_an_object_can_be_looked_at(self, bucket: Bucket) -> None:
        bucket.put("key", b"content")
        _check(bucket.head("key"))

    @needs("get_object")
    def test_an_object_can_be_read(self, bucket: Bucket) -> None:
        bucket.put("key", b"content")
        with bucket.store.get_object(bucket.name, "key") as opened:
            _check(opened.info)
            assert opened.read() == b"content"

    @needs("list_objects")
    def test_an_object_can_be_listed(self, bucket: Bucket) -> None:
        assert bucket.store.list_objects(bucket.name).objects == ()
        bucket.put("key", b"content")
        (info,) = bucket.store.list_objects(bucket.name).objects
        _check(info)

    @pytest.mark.short
    @needs("delete_object")
    def test_an_object_can_be_deleted(self, bucket: Bucket) -> None:
        bucket.put("key", b"content")
        bucket.delete("key")
        with pytest.raises(NoSuchKey):
            bucket.head("key")
        assert bucket.store.list_objects(bucket.name).objects == ()


def _check(info: ObjectInfo) -> None:
    assert (info.key, info.size_bytes) == ("key", len(b"content"))
    assert info.etag, "the etag is empty"
    assert '"' not in info.etag, "the etag has quotes around it: they belong to HTTP, not to the etag"
