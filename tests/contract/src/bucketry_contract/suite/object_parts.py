"""The parts that an object was uploaded in."""

from __future__ import annotations

import pytest
from bucketry import AttributesOptions, InvalidArgument, NoSuchBucket, NoSuchKey, ObjectAttributes, Store
from bucketry.s3 import MAX_PAGE

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract.suite.multipart import MULTIPART


class ObjectPartTests(ContractTests):
    """The parts of an object are listed page by page."""

    @needs("get_object_attributes", *MULTIPART)
    def test_an_object_tells_the_parts_it_was_uploaded_in(self, store: Store, bucket: Bucket) -> None:
        size = max(store.capabilities.features.min_part_size, 1000)
        upload = bucket.upload("key")
        sizes = [size, size + 1, 10]
        made = upload.complete(*[upload.send(number, content_of(one)) for number, one in enumerate(sizes, 1)])
        for limit in (1, 2, 3, 1000):
            found: list[tuple[int, int]] = []
            for _ in range(len(sizes)):
                page = _attributes(bucket, "key", after=len(found), limit=limit)
                assert (page.info, page.parts_count) == (made, 3)
                assert len(page.parts) <= limit
                found += [(part.part_number, part.size_bytes) for part in page.parts]
                if page.next_after is None:
                    break
                assert page.next_after == len(found)
            assert found == list(enumerate(sizes, 1))
        beyond = _attributes(bucket, "key", after=3)
        assert (beyond.parts, beyond.next_after, beyond.parts_count) == ((), None, 3)

    @needs("get_object_attributes", "checksums", "upload_checksums", "SHA256", *MULTIPART)
    def test_an_object_tells_the_checksums_of_its_parts(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key", checksum_algorithm="SHA256")
        size = max(store.capabilities.features.min_part_size, 1000)
        sent = [upload.send(number, content_of(size, number), checksum_algorithm="SHA256") for number in (1, 2)]
        upload.complete(*sent)
        assert [part.checksum for part in _attributes(bucket, "key").parts] == [part.checksum for part in sent]

    @pytest.mark.short
    @needs("get_object_attributes")
    def test_an_object_that_was_put_tells_no_parts(self, bucket: Bucket) -> None:
        made = bucket.put("key", b"content")
        found = _attributes(bucket, "key")
        assert found == ObjectAttributes(info=made)

    @pytest.mark.short
    @needs("get_object_attributes", "copy_object", "copy_own_etag", *MULTIPART)
    def test_a_copy_tells_no_parts(self, bucket: Bucket) -> None:
        upload = bucket.upload("source")
        upload.complete(upload.send(1))
        bucket.store.copy_object(bucket.name, "source", bucket.name, "copy")
        assert _attributes(bucket, "copy") == ObjectAttributes(info=bucket.head("copy"))

    @needs("get_object_attributes")
    def test_parts_of_what_does_not_exist_are_not_found(self, bucket: Bucket, scratch: Scratch) -> None:
        with pytest.raises(NoSuchKey) as caught:
            _attributes(bucket, "missing")
        assert (caught.value.bucket, caught.value.key) == (bucket.name, "missing")
        with pytest.raises(NoSuchBucket):
            bucket.store.get_object_attributes(scratch.new_name(), "key")

    @needs("get_object_attributes")
    def test_a_page_of_an_objects_parts_has_bounds(self, bucket: Bucket) -> None:
        bucket.put("key")
        for after, limit in ((-1, 1), (0, 0), (0, 1001)):
            with pytest.raises(InvalidArgument):
                _attributes(bucket, "key", after=after, limit=limit)
        _attributes(bucket, "key", after=10_001)


def _attributes(bucket: Bucket, key: str, after: int = 0, limit: int = MAX_PAGE) -> ObjectAttributes:
    options = AttributesOptions(after=after, limit=limit)
    return bucket.store.get_object_attributes(bucket.name, key, options)
