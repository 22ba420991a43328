"""What servers send of an empty object whose last bytes are asked for, and what only looks like it."""

from __future__ import annotations

import pytest
from bucketry import BackendError, ByteRange, ContentRange, InvalidRange
from bucketry_s3client import opened_object

from tests.s3client.fake import Answer, wired
from tests.s3client.test_models import CONTENT

EMPTY = CONTENT | {"content-length": "0"}


@pytest.mark.parametrize(
    ("status", "headers"), [(206, EMPTY | {"content-range": "bytes 0--1/0"}), (200, EMPTY)], ids=["206", "200"]
)
def test_the_last_bytes_of_an_empty_object_are_none(status: int, headers: dict[str, str]) -> None:
    with wired(lambda _: Answer(status, b"", headers)) as (_, client):
        opened = opened_object(
            "key", client.open("GET", "bucket", "key", headers={"range": "bytes=-8"}), ByteRange(None, 8)
        )
        assert (opened.read(), opened.info.size_bytes, opened.content_range) == (b"", 0, ContentRange(0, 0, 0))
        for other in (ByteRange(0), ByteRange(0, 0), ByteRange(None, 0)):
            answer = client.open("GET", "bucket", "key", headers={"range": "bytes=-8"})
            with pytest.raises(InvalidRange):
                opened_object("key", answer, other)
            answer.close()


@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        (206, b"abcde", CONTENT | {"content-range": "bytes 0--1/0"}),
        (206, b"", EMPTY),
        (206, b"", EMPTY | {"content-range": "bytes 0--1/5"}),
    ],
    ids=["content all the same", "no range", "of an object that is not empty"],
)
def test_what_only_looks_like_an_empty_object_is_found_out(
    status: int, content: bytes, headers: dict[str, str]
) -> None:
    with wired(lambda _: Answer(status, content, headers)) as (_, client):
        answer = client.open("GET", "bucket", "key", headers={"range": "bytes=-8"})
        with pytest.raises(BackendError, match="a range was asked for"):
            opened_object("key", answer, ByteRange(None, 8))
        answer.close()
