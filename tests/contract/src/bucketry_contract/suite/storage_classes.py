"""Storage classes: what an object's writer names is kept and shown."""

from __future__ import annotations

import pytest
from bucketry import CopyOptions, InvalidArgument, ObjectHeaders, Store, UploadListOptions
from bucketry.s3 import STANDARD, STORAGE_CLASSES

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket
from bucketry_contract.suite.multipart import MULTIPART

CLASS = "REDUCED_REDUNDANCY"
"""What every server has that has storage classes."""


class StorageClassTests(ContractTests):
    """A storage class belongs to one write."""

    @pytest.mark.short
    @needs("storage_class")
    def test_a_put_gives_the_object_its_storage_class(self, bucket: Bucket) -> None:
        made = bucket.put("key", storage_class=CLASS)
        assert made.storage_class == bucket.head("key").storage_class == CLASS
        with bucket.store.get_object(bucket.name, "key") as opened:
            assert opened.info.storage_class == CLASS

    @needs("storage_class")
    @pytest.mark.parametrize("given", sorted({*STORAGE_CLASSES} - {STANDARD, CLASS}))
    def test_every_other_class_is_kept(self, bucket: Bucket, given: str) -> None:
        bucket.put("key", storage_class=given)
        assert bucket.head("key").storage_class == given

    @needs("storage_class")
    def test_the_standard_class_is_the_one_of_objects_without_any(self, bucket: Bucket) -> None:
        bucket.put("key", storage_class=CLASS)
        for given in (None, "STANDARD"):
            assert bucket.put("key", storage_class=given).storage_class is None
            assert bucket.head("key").storage_class is None

    @needs("storage_class")
    def test_an_unknown_class_is_refused(self, bucket: Bucket) -> None:
        for wrong in ("", "standard", "COLD"):
            with pytest.raises(InvalidArgument) as caught:
                bucket.put("key", storage_class=wrong)
            assert caught.value.field == "storage_class"
        assert not bucket.holds("key")

    @needs("storage_class")
    def test_listings_show_storage_classes(self, bucket: Bucket) -> None:
        bucket.put("cold", storage_class=CLASS)
        bucket.put("plain")
        page = bucket.store.list_objects(bucket.name)
        assert [info.storage_class for info in page.objects] == [CLASS, None]

    @needs("storage_class", "list_object_versions")
    def test_a_listing_of_versions_shows_storage_classes(self, bucket: Bucket, store: Store) -> None:
        bucket.put("key", storage_class=CLASS)
        (version,) = store.list_object_versions(bucket.name).versions
        assert getattr(version, "info").storage_class == CLASS  # noqa: B009 - a marker has no info

    @needs("storage_class", "copy_object")
    def test_a_copy_has_the_class_that_it_is_given_and_never_its_sources(self, bucket: Bucket, store: Store) -> None:
        bucket.put("source", storage_class=CLASS)
        place = bucket.name, "source", bucket.name
        assert store.copy_object(*place, "copy").storage_class is None
        assert bucket.head("copy").storage_class is None
        made = store.copy_object(*place, "copy", CopyOptions(storage_class=CLASS))
        assert made.storage_class == bucket.head("copy").storage_class == CLASS
        itself = CopyOptions(storage_class=CLASS, headers=ObjectHeaders(content_type="text/plain"))
        assert store.copy_object(*place, "source", itself).storage_class == CLASS

    @pytest.mark.short
    @needs("storage_class", *MULTIPART, "list_multipart_uploads", "list_parts")
    def test_an_upload_gives_the_object_its_storage_class(self, bucket: Bucket, store: Store) -> None:
        upload = bucket.upload("key", storage_class=CLASS)
        assert upload.begun.storage_class == CLASS
        (listed,) = store.list_multipart_uploads(bucket.name, UploadListOptions()).uploads
        assert listed.storage_class == CLASS
        part = upload.send(1, b"part")
        assert store.list_parts(bucket.name, "key", upload.upload_id).storage_class == CLASS
        assert upload.complete(part).storage_class == bucket.head("key").storage_class == CLASS

    @needs("storage_class", "put_object_tagging")
    def test_tagging_leaves_the_storage_class_as_it_was(self, bucket: Bucket, store: Store) -> None:
        bucket.put("key", storage_class=CLASS)
        store.put_object_tagging(bucket.name, "key", {"colour": "blue"})
        assert bucket.head("key").storage_class == CLASS
