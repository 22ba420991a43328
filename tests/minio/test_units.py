"""Tests that need no server: keys, sizes of parts, times, XML, errors."""

from __future__ import annotations

import pytest
from bucketry import (
    AccessDenied,
    BackendError,
    BucketryError,
    InvalidKey,
    NoSuchKey,
    QuotaExceeded,
    Throttled,
    Unavailable,
)
from bucketry.s3 import MAX_PARTS
from bucketry_minio.connection import as_xml
from bucketry_minio.errors import classify
from bucketry_minio.keys import check_key, is_held, marker_for, may_begin_a_key
from bucketry_minio.objects import PART_GROWTH, written_at
from bucketry_s3client import S3ResponseError, parents, parse_xml, part_sizes
from urllib3 import HTTPConnectionPool
from urllib3 import exceptions as http

MIB = 1024**2
POOL = HTTPConnectionPool("host")
URL = "/bucket/key?X-Amz-Signature=sekret"


@pytest.mark.parametrize(
    "key",
    [
        *("/a", "/", "a//b", "a//", ".", "..", "a/.", "../a", "a/../b", "a/./b", "a\0b", "a__XLDIR__", "a__XLDIR__/b"),
        *("s" * 256, "é" * 128, "s" * 247 + "/", "a/" + "t" * 256 + "/b"),
    ],
    ids=ascii,
)
def test_a_key_that_minio_would_change_is_refused(key: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        check_key(key)
    assert caught.value.detail
    assert not is_held(key)


@pytest.mark.parametrize(
    "key", ["a", "a/", "a/b", "...", "a.", ".a/..b", "s" * 255, "é" * 127, "s" * 246 + "/", "a\\b", "a__XLDIR__b", "\n"]
)
def test_a_key_that_minio_keeps_is_let_through(key: str) -> None:
    check_key(key)


def test_the_keys_above_a_key_are_those_up_to_each_slash() -> None:
    assert parents("a/b/c") == ["a", "a/b"]
    assert parents("a/b/") == ["a"]
    assert parents("a") == parents("a/") == []


def test_a_prefix_may_begin_a_key_unless_its_folders_cannot_be() -> None:
    assert all(map(may_begin_a_key, ["", "a", "a/", "a/.", "..", "a/b/.."]))
    assert not any(map(may_begin_a_key, ["/", "/a", "a//", "a/../b", "./", "\0", "a\0/b"]))


@pytest.mark.parametrize("after", ["", "a", "a/b", "..."])
def test_a_marker_without_dots_is_sent_as_it_is(after: str) -> None:
    assert marker_for(after) == after


@pytest.mark.parametrize("after", [".", "..", "a/../b", "a/./", "./a"])
def test_a_marker_with_dots_is_replaced_by_one_that_is_not_above_any_key_after_it(after: str) -> None:
    marker = marker_for(after)
    assert is_held(marker.removesuffix("\0")) is False
    assert marker <= after + "\0"


def test_ten_thousand_parts_of_unknown_length_hold_the_largest_object() -> None:
    sizes = list(part_sizes(None, 5 * MIB, growth=PART_GROWTH))
    assert len(sizes) == MAX_PARTS
    assert sum(sizes) >= 5 * 1024**4  # MinIO's globalMaxObjectSize


DATE = "Sun, 22 Nov 2026 20:45:16 GMT"
NANOSECONDS = 1_795_380_316 * 10**9


@pytest.mark.parametrize(
    ("begun", "is_sure"),
    [
        (NANOSECONDS, True),
        (NANOSECONDS + 999_999_999, True),
        (NANOSECONDS - 1, False),
        (NANOSECONDS + 10**9, False),
    ],
)
def test_the_time_of_a_put_is_known_where_it_began_and_ended_in_one_second(begun: int, is_sure: bool) -> None:
    moment = written_at({"date": DATE, "x-amz-request-id": f"{begun:016X}"})
    assert (moment is not None) is is_sure
    if moment is not None:
        assert moment.timestamp() == NANOSECONDS // 10**9


@pytest.mark.parametrize("request_id", ["", "tx00000-other-server", "zzzzzzzzzzzzzzzz", "18EA"])
def test_another_servers_request_id_says_no_time(request_id: str) -> None:
    assert written_at({"date": DATE, "x-amz-request-id": request_id}) is None
    assert written_at({"x-amz-request-id": f"{NANOSECONDS:016X}"}) is None
    assert written_at({"date": "no date", "x-amz-request-id": f"{NANOSECONDS:016X}"}) is None


def test_metadata_names_that_xml_does_not_allow_do_not_hide_the_rest() -> None:
    document = parse_xml(as_xml(b"<R><U><X-Amz-Meta-A!b>v</X-Amz-Meta-A!b><content-type>text/x</content-type></U></R>"))
    assert document.all("U")[0].texts() == {"content-type": "text/x"}


def refusal(status: int, code: str = "") -> S3ResponseError:
    fields = {"Message": "words that may change"}
    return S3ResponseError(
        method="HEAD", bucket="bucket", key="key", status=status, code=code, fields=fields, headers={}
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("NoSuchKey", NoSuchKey),
        ("SignatureDoesNotMatch", AccessDenied),
        ("XMinioStorageFull", QuotaExceeded),
        ("SlowDownWrite", Throttled),
        ("XMinioServerNotInitialized", Unavailable),
        ("XMinioInvalidObjectName", InvalidKey),
        ("SomethingNew", BackendError),
        ("", BackendError),
    ],
)
def test_an_error_of_the_server_is_known_by_its_code(code: str, kind: type[BucketryError]) -> None:
    assert classify(refusal(400, code)).kind is kind


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (http.NewConnectionError(POOL, f"refused {URL}"), "refused"),  # type: ignore[arg-type]
        (http.ConnectTimeoutError(POOL, URL), "connect_timeout"),
        (http.ReadTimeoutError(POOL, URL, f"timed out {URL}"), "read_timeout"),
        (http.SSLError(f"bad {URL}"), "ca_file"),
        (http.ProtocolError(f"broken {URL}"), "broke off"),
        (http.MaxRetryError(POOL, URL, http.SSLError(URL)), "ca_file"),
        (http.MaxRetryError(POOL, URL), "failed"),
        (ConnectionResetError(URL), "broke off"),
    ],
)
def test_no_answer_is_unavailable_and_says_why_without_a_url(error: Exception, words: str) -> None:
    verdict = classify(error)
    assert verdict.kind is Unavailable
    assert words in verdict.detail
    assert "sekret" not in verdict.detail
