"""What an error of the contract learns from a server's error document and headers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bucketry import NotModifiedInfo
from bucketry_s3client import S3_DETAILS, S3_KINDS, S3ResponseError, classify

from tests.s3client.fake import Answer, wired

MINIO_304 = {
    "Cache-Control": "max-age=5",
    "ETag": '"5eb63bbbe01eeed093cb22bb8f5acdc3"',
    "Expires": "Sun, 06 Nov 1994 08:49:37 GMT",
    "Last-Modified": "Thu, 26 Nov 2026 17:12:00 GMT",
}
INFO = NotModifiedInfo(
    etag="5eb63bbbe01eeed093cb22bb8f5acdc3",
    last_modified=datetime(2026, 11, 26, 17, 12, tzinfo=UTC),
    cache_control="max-age=5",
    expires="Sun, 06 Nov 1994 08:49:37 GMT",
)


def facts(status: int, code: str, more: str = "", headers: dict[str, str] | None = None) -> dict[str, object]:
    document = f"<?xml version='1.0'?><Error><Code>{code}</Code>{more}</Error>".encode() if code else b""
    with (
        wired(lambda _: Answer(status, document, headers or {})) as (_, client),
        pytest.raises(S3ResponseError) as caught,
    ):
        client.request("GET", "bucket", "key")
    verdict = classify(caught.value, S3_KINDS, S3_DETAILS)
    assert verdict is not None
    return dict(verdict.facts)


def test_a_304_says_what_a_cache_has_to_learn() -> None:
    assert facts(304, "", headers=MINIO_304) == {"info": INFO}


def test_a_304_without_an_etag_says_nothing() -> None:
    assert facts(304, "") == {}


@pytest.mark.parametrize(
    ("more", "headers", "size"),
    [
        ("<ActualObjectSize>11</ActualObjectSize>", {}, 11),
        ("", {"content-range": "bytes */11"}, 11),
        ("<ActualObjectSize>many</ActualObjectSize>", {}, None),
        ("", {}, None),
    ],
)
def test_a_range_beyond_the_end_says_the_size(more: str, headers: dict[str, str], size: int | None) -> None:
    assert facts(416, "InvalidRange", more, headers).get("size_bytes") == size


@pytest.mark.parametrize(
    ("status", "code", "more", "found"),
    [
        (400, "InvalidPartOrder", "", {"fault": "order"}),
        (400, "InvalidPart", "", {}),
        (400, "BadDigest", "", {"digest": "md5"}),
        (400, "XAmzContentSHA256Mismatch", "", {"digest": "sha256"}),
        (412, "PreconditionFailed", "<Condition>If-None-Match</Condition>", {"condition": "if_none_match"}),
        (412, "PreconditionFailed", "<Condition>Something-New</Condition>", {}),
        (400, "EntityTooLarge", "<MaxSizeAllowed>5368709120</MaxSizeAllowed>", {"max_size_bytes": 5368709120}),
        (
            400,
            "EntityTooSmall",
            "<ProposedSize>1</ProposedSize><MinSizeAllowed>5242880</MinSizeAllowed><PartNumber>2</PartNumber>",
            {"size_bytes": 1, "min_size_bytes": 5242880, "part_number": 2},
        ),
        (404, "NoSuchKey", "<Key>key</Key>", {}),
    ],
)
def test_an_error_document_says_what_is_at_fault(status: int, code: str, more: str, found: dict[str, object]) -> None:
    assert facts(status, code, more) == found
