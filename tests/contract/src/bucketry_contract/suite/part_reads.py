"""Reads of one part of an object, which hold for ``get_object`` and ``head_object`` alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import ContentRange, GetOptions, InvalidRange, NotModified, ObjectInfo, PreconditionFailed, Store
from bucketry.s3 import MAX_PARTS

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket
from bucketry_contract.suite.multipart import MULTIPART

both = pytest.mark.parametrize("act", [Bucket.head, Bucket.read], ids=["head", "get"])
Act = Callable[..., object]


class PartReadTests(ContractTests):
    """An object that was uploaded in parts can be read part by part; any other has one."""

    @needs(*MULTIPART, "get_part_number")
    def test_each_part_is_read_alone(self, store: Store, bucket: Bucket) -> None:
        size = max(store.capabilities.features.min_part_size, 1000)
        contents = [content_of(size, 1), content_of(size + 1, 2), content_of(100, 3)]
        upload = bucket.upload("key")
        whole = upload.complete(*[upload.send(number, content) for number, content in enumerate(contents, 1)])
        start = 0
        for number, content in enumerate(contents, 1):
            expected = ContentRange(start, start + len(content), whole.size_bytes)
            assert _part(bucket, number) == (content, expected, 3)
            start = expected.stop
        assert start == whole.size_bytes

    @needs("get_part_number")
    @pytest.mark.parametrize("content", [b"content", b""], ids=["some", "empty"])
    def test_an_object_that_was_not_uploaded_in_parts_has_one(self, bucket: Bucket, content: bytes) -> None:
        bucket.put("key", content)
        assert _part(bucket, 1) == (content, ContentRange(0, len(content), len(content)), None)

    @pytest.mark.short
    @needs(*MULTIPART, "get_part_number")
    def test_without_a_number_nothing_is_said_of_parts(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        answer = upload.complete(upload.send(1, b"part"))
        assert _part(bucket, 1) == (b"part", ContentRange(0, 4, 4), 1)
        for info in (answer, bucket.head("key")):
            assert (info.part_range, info.parts_count) == (None, None)
        with bucket.store.get_object(bucket.name, "key") as opened:
            assert (opened.info, opened.content_range) == (answer, None)

    @pytest.mark.short
    @both
    @needs(*MULTIPART, "get_part_number")
    def test_a_part_that_the_object_does_not_have_is_refused(self, bucket: Bucket, act: Act) -> None:
        bucket.put("put", b"content")
        upload = bucket.upload("uploaded")
        upload.complete(upload.send(1, b"part"))
        for key in ("put", "uploaded"):
            for number in (2, MAX_PARTS):
                with pytest.raises(InvalidRange) as caught:
                    act(bucket, key, part_number=number)
                assert caught.value.code == "invalid_range"

    @both
    @needs("get_part_number", "get_if_match", "get_if_none_match")
    def test_conditions_come_before_the_part(self, bucket: Bucket, act: Act) -> None:
        etag = bucket.put("key", b"content").etag
        act(bucket, "key", if_match=etag, part_number=1)
        with pytest.raises(PreconditionFailed):
            act(bucket, "key", if_match="another", part_number=1)
        with pytest.raises(NotModified):
            act(bucket, "key", if_none_match=etag, part_number=1)


def _part(bucket: Bucket, number: int) -> tuple[bytes, ContentRange | None, int | None]:
    """Returns a part's content and facts, and checks that both operations give the same facts."""
    head: ObjectInfo = bucket.head("key", part_number=number)
    with bucket.store.get_object(bucket.name, "key", GetOptions(part_number=number)) as opened:
        assert opened.info == head
        assert opened.content_range == head.part_range
        return opened.read(), opened.content_range, head.parts_count
