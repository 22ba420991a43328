"""Parts that are copied, and answers about one part of an object."""

from __future__ import annotations

import pytest
from bucketry import BackendError, ByteRange, ContentRange
from bucketry_s3client import copy_part, copy_source_headers, part_info, request_target

from tests.s3client.fake import Answer, wired

ANSWER = {
    "content-length": "5",
    "content-range": "bytes 5-9/100",
    "etag": '"abc-3"',
    "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT",
    "x-amz-mp-parts-count": "3",
}
COPIED = (
    b"<CopyPartResult><LastModified>2026-11-23T20:20:56.188Z</LastModified>"
    b"<ETag>&quot;006a88ed&quot;</ETag></CopyPartResult>"
)


def test_a_part_is_copied_from_the_very_key() -> None:
    source = copy_source_headers(request_target("other", "a%2Fb c?d"), ByteRange(5, 9))
    with wired(lambda _: Answer(200, COPIED)) as (fake, client):
        part = copy_part(client, "bucket", "key", "up~1", 7, source, 5)
    assert (part.part_number, part.etag, part.size_bytes, part.last_modified.microsecond) == (7, "006a88ed", 5, 188_000)
    (request,) = fake.requests
    assert request.line == "PUT /bucket/key?partNumber=7&uploadId=up~1"
    assert request.headers["x-amz-copy-source"] == "/other/a%252Fb%20c%3Fd"
    assert request.headers["x-amz-copy-source-range"] == "bytes=5-9"


def test_the_whole_source_has_no_range() -> None:
    assert copy_source_headers("/other/key") == {"x-amz-copy-source": "/other/key"}


def test_an_answer_about_a_part_says_where_it_lies() -> None:
    info = part_info("key", ANSWER)
    assert (info.size_bytes, info.part_range, info.parts_count) == (100, ContentRange(5, 10, 100), 3)


def test_an_empty_object_has_one_empty_part() -> None:
    answer = {name: value for name, value in ANSWER.items() if name not in {"content-range", "x-amz-mp-parts-count"}}
    info = part_info("key", {**answer, "content-length": "0"})
    assert (info.size_bytes, info.part_range, info.parts_count) == (0, ContentRange(0, 0, 0), None)


def test_an_answer_about_the_whole_is_not_taken_for_a_part() -> None:
    answer = {name: value for name, value in ANSWER.items() if name != "content-range"}
    with pytest.raises(BackendError, match="a part was asked for"):
        part_info("key", answer)
