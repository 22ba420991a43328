"""Buckets, and the store as a whole."""

from __future__ import annotations

import pytest
from bucketry import (
    BucketAlreadyExists,
    BucketNotEmpty,
    CreateBucketOptions,
    InvalidArgument,
    InvalidBucketName,
    NoSuchBucket,
    Store,
)

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import meanwhile
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._threads import outcome_of, side_by_side
from bucketry_contract.backend import Backend

BAD_NAMES = [
    "ab",
    "a" * 64,
    "Upper",
    "under_score",
    "-begins",
    "ends-",
    ".begins",
    "two..dots",
    "192.168.0.1",
    "with space",
    "sl/ash",
    "ünï",
    "xn--reserved",
    "reserved-s3alias",
]


class BucketTests(ContractTests):
    """Buckets are made, found, listed and deleted."""

    @pytest.mark.short
    @needs("status")
    def test_a_store_that_can_be_used_says_so(self, store: Store) -> None:
        status = store.status()
        assert (status.available, status.detail) == (True, "")
        assert status.endpoint
        assert isinstance(status.region, str)

    @needs("create_bucket", "list_objects")
    def test_a_new_bucket_exists_and_is_empty(self, store: Store, scratch: Scratch) -> None:
        name = scratch.new_name()
        made = store.create_bucket(name)
        assert made.name == name
        assert made.created_at.utcoffset() is not None
        page = store.list_objects(name)
        assert (page.objects, page.prefixes, page.cursor) == ((), (), None)

    @needs("create_bucket", "bucket_region")
    def test_a_bucket_is_in_the_region_that_it_was_created_in(self, store: Store, scratch: Scratch) -> None:
        names = [scratch.new_name(), scratch.new_name()]
        abroad = store.create_bucket(names[0], CreateBucketOptions(region="eu-west-1"))
        assert abroad.region == "eu-west-1"
        assert store.create_bucket(names[1]).region in {None, store.status().region}
        assert store.head_bucket(names[0]) == abroad
        listed = {info.name: info.region for info in store.list_buckets()}
        assert (listed[names[0]], listed[names[1]]) == ("eu-west-1", store.head_bucket(names[1]).region)

    @needs("create_bucket", "bucket_region")
    def test_a_region_that_cannot_be_named_is_refused(self, store: Store, scratch: Scratch) -> None:
        with pytest.raises(InvalidArgument):
            store.create_bucket(scratch.new_name(), CreateBucketOptions(region="eu west"))

    @needs("head_bucket")
    def test_a_bucket_can_be_asked_for(self, store: Store, bucket: Bucket) -> None:
        info = store.head_bucket(bucket.name)
        assert info.name == bucket.name
        assert info.created_at.utcoffset() is not None

    @needs("create_bucket")
    def test_creating_a_bucket_that_exists_fails_and_keeps_its_objects(self, store: Store, bucket: Bucket) -> None:
        bucket.put("kept", b"content")
        with pytest.raises(BucketAlreadyExists) as caught:
            store.create_bucket(bucket.name)
        assert (caught.value.code, caught.value.bucket) == ("bucket_already_exists", bucket.name)
        assert bucket.read("kept") == b"content"

    @pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
    def test_a_new_buckets_name_keeps_s3s_rules(self, store: Store, name: str) -> None:
        with pytest.raises(InvalidBucketName):
            store.create_bucket(name)

    @needs("delete_bucket")
    def test_a_deleted_bucket_is_gone(self, store: Store, scratch: Scratch) -> None:
        name = scratch.create()
        store.delete_bucket(name)
        with pytest.raises(NoSuchBucket):
            store.list_objects(name)
        store.create_bucket(name)
        assert store.list_objects(name).objects == ()

    @pytest.mark.short
    @needs("delete_bucket")
    def test_a_bucket_that_holds_an_object_is_not_deleted(self, store: Store, bucket: Bucket) -> None:
        bucket.put("kept", b"content")
        with pytest.raises(BucketNotEmpty) as caught:
            store.delete_bucket(bucket.name)
        assert caught.value.code == "bucket_not_empty"
        assert bucket.entries() == ["kept"]
        assert bucket.read("kept") == b"content"

    @needs("delete_bucket", "put_object")
    def test_nothing_is_put_into_a_bucket_that_is_deleted_meanwhile(self, store: Store, scratch: Scratch) -> None:
        name = scratch.create()
        deleted: list[str] = []
        with side_by_side(lambda: deleted.append(outcome_of(lambda: store.delete_bucket(name)))) as start:
            put = outcome_of(lambda: store.put_object(name, "key", meanwhile(start, b"on its ", b"way")))
        # Whichever comes first wins; a put that has returned is kept.
        assert (put, deleted) in [("no_such_bucket", ["done"]), ("done", ["bucket_not_empty"])]

    @needs("delete_bucket", "create_multipart_upload", "upload_part", "list_multipart_uploads")
    def test_uploads_in_progress_do_not_hold_up_deleting_a_bucket(
        self, store: Store, scratch: Scratch, bucket: Bucket, contract_backend: Backend
    ) -> None:
        name = scratch.create()
        upload = store.create_multipart_upload(name, "key")
        store.upload_part(name, "key", upload.upload_id, 1, b"part")
        store.delete_bucket(name)
        store.create_bucket(name)
        assert store.list_multipart_uploads(name).uploads == ()
        assert store.list_objects(name).objects == ()

    @needs("list_buckets")
    def test_buckets_are_listed_in_byte_order(self, store: Store, scratch: Scratch) -> None:
        made = {scratch.create(f"order{ending}") for ending in ("-a", "0", ".a", "a")}
        names = [info.name for info in store.list_buckets()]
        assert names == sorted(names, key=str.encode)
        assert made <= set(names)
        assert len(names) == len(set(names))

    @needs("list_buckets")
    def test_a_bucket_is_listed_from_its_creation_to_its_deletion(self, store: Store, scratch: Scratch) -> None:
        name = scratch.new_name()
        assert name not in {info.name for info in store.list_buckets()}
        made = store.create_bucket(name)
        (listed,) = [info for info in store.list_buckets() if info.name == name]
        assert listed.created_at.replace(microsecond=0) == made.created_at.replace(microsecond=0)
        store.delete_bucket(name)
        assert name not in {info.name for info in store.list_buckets()}

    @pytest.mark.short
    @needs("close")
    def test_a_store_closes_and_may_be_closed_again(self, contract_backend: Backend) -> None:
        store = contract_backend.open([])
        store.close()
        store.close()
