"""Parts of uploads that are copied from objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bucketry import (
    ByteRange,
    InvalidRange,
    NoSuchBucket,
    NoSuchKey,
    Part,
    PartCopyOptions,
    PreconditionFailed,
    Store,
    TooLarge,
)
from bucketry.features import MIB

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, MultipartUpload, Scratch
from bucketry_contract.suite.multipart import MULTIPART

COPYING = (*MULTIPART, "upload_part_copy")
SIZE = 1000


class PartCopyTests(ContractTests):
    """A part that was copied is a part like any other."""

    @needs(*COPYING)
    def test_a_part_is_copied_from_a_whole_object(self, store: Store, bucket: Bucket) -> None:
        first, last = content_of(max(store.capabilities.features.min_part_size, SIZE)), content_of(SIZE, 1)
        bucket.put("source", first, content_type="text/css")
        upload = bucket.upload("key")
        sent, copied = upload.send(2, last), _copy(upload, 1)
        assert (copied.part_number, copied.size_bytes) == (1, len(first))
        assert upload.complete(copied, sent) == bucket.head("key")
        assert bucket.stored("key") == bucket.read("key") == first + last
        assert bucket.head("key").content_type != "text/css"

    @needs(*COPYING)
    @pytest.mark.parametrize(
        "wanted", [ByteRange(0, 0), ByteRange(3, 7), ByteRange(0, SIZE - 1), ByteRange(SIZE - 1, SIZE - 1)], ids=str
    )
    def test_a_part_is_copied_from_the_first_to_the_last_byte_of_a_range(
        self, bucket: Bucket, wanted: ByteRange
    ) -> None:
        content = content_of(SIZE)
        bucket.put("source", content)
        upload = bucket.upload("key")
        part = _copy(upload, 1, range=wanted)
        expected = content[wanted.first : (wanted.last or 0) + 1]
        assert part.size_bytes == len(expected)
        upload.complete(part)
        assert bucket.read("key") == expected

    @needs(*COPYING, "list_parts")
    def test_a_copied_part_replaces_the_one_before_and_is_listed(self, bucket: Bucket) -> None:
        bucket.put("source", b"copied")
        upload = bucket.upload("key")
        for number in (1, 2):
            upload.send(number, b"rather longer than what is copied")
        _copy(upload, 2)
        stored = [_copy(upload, 1), upload.send(2, b"sent")]
        listed = [(part.part_number, part.etag, part.size_bytes) for part in upload.parts()]
        assert listed == [(part.part_number, part.etag, part.size_bytes) for part in stored]

    @pytest.mark.short
    @needs(*COPYING)
    def test_a_copied_part_stays_what_it_is_whatever_becomes_of_its_source(self, bucket: Bucket) -> None:
        bucket.put("source", b"copied")
        upload = bucket.upload("key")
        part = _copy(upload, 1)
        bucket.put("source", b"changed")
        bucket.delete("source")
        upload.complete(part)
        assert bucket.read("key") == b"copied"

    @needs(*COPYING)
    def test_a_part_may_be_copied_from_what_the_key_holds(self, bucket: Bucket) -> None:
        bucket.put("source", b"content")
        upload = bucket.upload("source")
        upload.complete(_copy(upload, 1, range=ByteRange(3, 6)))
        assert bucket.read("source") == b"tent"

    @needs(*COPYING)
    @pytest.mark.parametrize("source", ["a//b", "/a", "a%2Fb+c d?e&f=g#h", "é😀"], ids=ascii)
    def test_a_part_is_copied_from_the_very_key_in_any_bucket(
        self, bucket: Bucket, new_bucket: Callable[[], Bucket], source: str
    ) -> None:
        other = new_bucket()
        if other.put_if_held(source, b"content"):
            upload = bucket.upload("key")
            upload.complete(_copy(upload, 1, source=source, source_bucket=other.name))
            assert bucket.read("key") == b"content"

    @needs(*COPYING)
    def test_a_part_whose_source_does_not_exist_is_not_found(self, bucket: Bucket, scratch: Scratch) -> None:
        upload = bucket.upload("key")
        part = upload.send(1, b"sent")
        with pytest.raises(NoSuchKey):
            _copy(upload, 1, source="missing")
        with pytest.raises(NoSuchBucket):
            _copy(upload, 1, source_bucket=scratch.new_name())
        upload.complete(part)
        assert bucket.read("key") == b"sent"

    @needs(*COPYING)
    @pytest.mark.parametrize(
        "wanted", [ByteRange(0, SIZE), ByteRange(SIZE - 1, SIZE), ByteRange(SIZE, SIZE), ByteRange(5000, 6000)], ids=str
    )
    def test_a_range_that_does_not_lie_within_the_source_is_refused(self, bucket: Bucket, wanted: ByteRange) -> None:
        bucket.put("source", content_of(SIZE))
        upload = bucket.upload("key")
        part = upload.send(1, b"sent")
        with pytest.raises(InvalidRange) as caught:
            _copy(upload, 1, range=wanted)
        assert caught.value.code == "invalid_range"
        upload.complete(part)
        assert bucket.read("key") == b"sent"

    @needs(*COPYING)
    def test_more_than_max_part_size_is_not_copied(self, store: Store, bucket: Bucket) -> None:
        features = store.capabilities.features
        bucket.put("source")
        upload = bucket.upload("key")
        with pytest.raises(TooLarge):
            _copy(upload, 1, range=ByteRange(0, features.max_part_size))
        if features.max_part_size < min(features.max_put_size, 16 * MIB):
            # Of the whole source, it is the driver that has to notice.
            bucket.put("source", bytes(features.max_part_size + 1))
            with pytest.raises(TooLarge):
                _copy(upload, 1)
            largest = _copy(upload, 1, range=ByteRange(1, features.max_part_size))
            assert largest.size_bytes == features.max_part_size
        upload.complete(_copy(upload, 1, range=ByteRange(0, 0)))
        assert bucket.head("key").size_bytes == 1

    @pytest.mark.short
    @needs(*COPYING, "part_copy_source_if_match")
    def test_part_copy_source_if_match_copies_only_the_object_with_that_etag(self, bucket: Bucket) -> None:
        old, etag = bucket.put("source", b"old").etag, bucket.put("source", b"new").etag
        upload = bucket.upload("key")
        part = upload.send(1, b"sent")
        with pytest.raises(PreconditionFailed):
            _copy(upload, 1, source_if_match=old)
        upload.complete(part)
        assert bucket.read("key") == b"sent"
        upload = bucket.upload("key")
        upload.complete(_copy(upload, 1, source_if_match=etag))
        assert bucket.read("key") == b"new"

    @needs(*COPYING, "part_copy_source_if_match")
    def test_part_copy_source_if_match_with_an_asterisk_copies_any_object(self, bucket: Bucket) -> None:
        bucket.put("source", b"content")
        upload = bucket.upload("key")
        upload.complete(_copy(upload, 1, source_if_match="*"))
        assert bucket.read("key") == b"content"


def _copy(
    upload: MultipartUpload, part_number: int, source: str = "source", source_bucket: str = "", **options: Any
) -> Part:
    bucket = upload.bucket
    return bucket.store.upload_part_copy(
        bucket.name,
        upload.key,
        upload.upload_id,
        part_number,
        source_bucket or bucket.name,
        source,
        PartCopyOptions(**options),
    )
