"""What a store refuses before any driver sees it, and what it normalises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from bucketry import (
    ByteRange,
    CompletedPart,
    CopyOptions,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    InvalidBucketName,
    InvalidKey,
    InvalidPart,
    ListOptions,
    NoSuchUpload,
    ObjectHeaders,
    PresignOptions,
    PutOptions,
    Store,
    TooLarge,
    UploadOptions,
)
from bucketry import _normalisation as normalise
from bucketry import _validation as check

from tests.core.tiny import TinyDriver, TinySettings


@pytest.fixture
def store() -> Store:
    return Store(TinyDriver(TinySettings()))


@pytest.mark.parametrize("name", ["abc", "my-assets", "a.b.c", "0-9", "x" * 63, "192.168.1"])
def test_a_dns_name_is_a_good_bucket_name(name: str) -> None:
    check.check_new_bucket(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "ab", "x" * 64, "Photos", "my_assets", "-abc", "abc-", ".abc", "abc.", "a..b", "192.168.1.1", "xn--abc",
        "sthree-abc", "amzn-s3-demo-abc", "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--x-s3", "a b", "a/b",
        "ä-bucket", "abc\n", "a\x00c", "…" * 10,
    ],
)  # fmt: skip
def test_any_other_name_is_refused_for_a_new_bucket(store: Store, name: str) -> None:
    with pytest.raises(InvalidBucketName):
        store.create_bucket(name)


@pytest.mark.parametrize("name", ["My_Bucket", "UPPER", "x" * 255, "a..b"])
def test_an_old_bucket_may_have_a_name_that_new_ones_cannot(name: str) -> None:
    check.check_bucket(name)


@pytest.mark.parametrize("name", ["", "ab", "x" * 256, "a/b", "..", "a b", "abc\n", 7, None, b"abc"])
def test_a_name_that_no_server_holds_is_refused_everywhere(store: Store, name: object) -> None:
    with pytest.raises(InvalidBucketName):
        store.head_object(name, "key")  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["a", "a//b", "/", "..", "%2F", "+", " ", "\x00", "😀", "é" * 512, "x" * 1024])
def test_any_utf8_up_to_1024_bytes_is_a_key(key: str) -> None:
    check.check_key(key)


@pytest.mark.parametrize("key", ["", "x" * 1025, "é" * 513, "😀" * 257, "\ud800", b"bytes", None, 7])
def test_what_is_no_key_is_refused(store: Store, key: object) -> None:
    with pytest.raises(InvalidKey):
        store.put_object("photos", key, b"")  # type: ignore[arg-type]


def test_a_very_long_key_does_not_flood_the_message(store: Store) -> None:
    with pytest.raises(InvalidKey) as caught:
        store.put_object("photos", "x" * 100_000, b"")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("given", "kept"), [("abc", "abc"), ('"abc"', "abc"), ("*", "*"), ('"abc-2"', "abc-2"), (None, None)]
)
def test_etags_lose_their_quotes(given: str | None, kept: str | None) -> None:
    assert normalise.read_conditions(HeadOptions(if_match=given)).if_match == kept
    assert normalise.put(PutOptions(if_match=given)).if_match == kept


@pytest.mark.parametrize("etag", ["", '""', 'W/"abc"', '"a", "b"', '"', "a\nb", "é", "x" * 1025])
def test_what_is_not_one_strong_etag_is_refused(etag: str) -> None:
    with pytest.raises(InvalidArgument):
        normalise.read_conditions(HeadOptions(if_none_match=etag))


def test_times_are_brought_into_utc() -> None:
    moment = datetime(2024, 1, 15, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    assert normalise.read_conditions(HeadOptions(if_modified_since=moment)).if_modified_since == datetime(
        2024, 1, 15, 10, 30, tzinfo=UTC
    )


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="time zone"):
        normalise.read_conditions(HeadOptions(if_modified_since=datetime(2024, 1, 15)))  # noqa: DTZ001 - the case


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
    ],
)
def test_a_time_that_utc_cannot_hold_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidArgument, match="years 1 and 9999"):
        normalise.read_conditions(HeadOptions(if_unmodified_since=moment))


def test_a_write_takes_no_other_if_none_match_than_any() -> None:
    with pytest.raises(InvalidArgument, match=r"\*"):
        normalise.put(PutOptions(if_none_match="abc"))  # type: ignore[arg-type]


def test_metadata_is_lower_case_immutable_and_a_copy() -> None:
    given = {"Camera": "Leica", "empty": ""}
    kept = normalise.put(PutOptions(metadata=given)).metadata
    given["later"] = "x"
    assert kept == {"camera": "Leica", "empty": ""}
    with pytest.raises(TypeError):
        kept["x"] = "y"  # type: ignore[index]


@pytest.mark.parametrize(
    "metadata",
    [
        {"": "x"},
        {"a b": "x"},
        {"a:b": "x"},
        {"é": "x"},
        {"a": "é"},
        {"a": " x"},
        {"a": "x\n"},
        {"a": "x" * 2048},
        {"A": "1", "a": "2"},
    ],
)
def test_metadata_that_http_cannot_carry_is_refused(metadata: dict[str, str]) -> None:
    for options in (PutOptions(metadata=metadata), UploadOptions(metadata=metadata)):
        with pytest.raises(InvalidArgument):
            normalise.headers(options)
    with pytest.raises(InvalidArgument):
        normalise.copy(CopyOptions(headers=ObjectHeaders(metadata=metadata)))


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/plain; charset=utf-8", "application/vnd.api+json", "image/svg+xml"]
)
def test_a_media_type_is_a_content_type(content_type: str) -> None:
    assert normalise.headers(ObjectHeaders(content_type=content_type)).content_type == content_type


@pytest.mark.parametrize(
    "content_type", ["", "text", "text/", "/plain", "text/plain\r\nX: y", "té/xt", "a/" + "x" * 1024]
)
def test_what_is_no_media_type_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidArgument, match="content_type"):
        normalise.headers(ObjectHeaders(content_type=content_type))


@pytest.mark.parametrize("value", ["", " x", "x\ny", "é", "x" * 1025])
def test_a_header_that_http_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(InvalidArgument, match="cache_control"):
        normalise.headers(ObjectHeaders(cache_control=value))


@pytest.mark.parametrize("expires_in", [0, -1, 604_801])
def test_an_expiry_beyond_a_week_or_before_a_second_is_refused(store: Store, expires_in: int) -> None:
    with pytest.raises(InvalidArgument, match="1 to 604800 seconds"):
        store.presign("photos", "key", PresignOptions(expires_in=expires_in))


@pytest.mark.parametrize("method", ["POST", "DELETE", "get", ""])
def test_another_method_cannot_be_presigned(store: Store, method: str) -> None:
    with pytest.raises(InvalidArgument, match="GET"):
        store.presign("photos", "key", PresignOptions(method=method))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        PresignOptions(method="GET", content_type="text/plain"),
        PresignOptions(method="PUT", response_content_type="text/plain"),
        PresignOptions(method="PUT", response_content_disposition="inline"),
        PresignOptions(method="PUT", content_type="text"),
    ],
)
def test_presign_options_that_do_not_fit_are_refused(store: Store, options: PresignOptions) -> None:
    with pytest.raises(InvalidArgument):
        store.presign("photos", "key", options)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_1_to_1000_entries(store: Store, limit: int) -> None:
    with pytest.raises(InvalidArgument, match="limit"):
        store.list_objects("photos", ListOptions(limit=limit))


@pytest.mark.parametrize("cursor", ["", "x" * 4097])
def test_a_cursor_is_bounded(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        store.list_objects("photos", ListOptions(cursor=cursor))


@pytest.mark.parametrize(
    "options",
    [ListOptions(prefix="x" * 1025), ListOptions(delimiter="x" * 1025), ListOptions(start_after="\ud800")],
)
def test_a_prefix_is_as_bounded_as_a_key(store: Store, options: ListOptions) -> None:
    with pytest.raises(InvalidKey):
        store.list_objects("photos", options)


def test_a_range_is_checked(store: Store) -> None:
    with pytest.raises(InvalidArgument):
        store.get_object("photos", "key", GetOptions(range=ByteRange(5, 1)))


@pytest.mark.parametrize("number", [0, -1, 10_001])
def test_a_part_number_is_1_to_10000(store: Store, number: int) -> None:
    with pytest.raises(InvalidArgument, match="part number"):
        store.upload_part("photos", "key", "id", number, b"")


@pytest.mark.parametrize("upload_id", ["", "é", "x" * 1025, "a\nb"])
def test_what_cannot_be_an_upload_id_names_no_upload(store: Store, upload_id: str) -> None:
    with pytest.raises(NoSuchUpload):
        store.abort_multipart_upload("photos", "key", upload_id)


@pytest.mark.parametrize("numbers", [[], [2, 1], [1, 1]])
def test_parts_are_listed_in_ascending_order(store: Store, numbers: list[int]) -> None:
    with pytest.raises(InvalidPart):
        store.complete_multipart_upload("photos", "key", "id", [CompletedPart(number, "etag") for number in numbers])


def test_a_body_of_a_length_beyond_the_limit_is_refused_unread(store: Store) -> None:
    with pytest.raises(TooLarge, match="1000 bytes"):
        store.put_object("photos", "key", b"x" * 1001)


def test_a_digest_has_sixteen_bytes(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="16 bytes"):
        store.put_object("photos", "key", b"", PutOptions(content_md5=b"short"))


def test_an_object_is_not_copied_onto_itself_unchanged(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="onto itself"):
        store.copy_object("photos", "key", "photos", "key")


def test_a_string_is_no_list_of_keys(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="list of keys"):
        store.delete_objects("photos", "key")
    with pytest.raises(InvalidArgument, match="list of names"):
        store.bucket_usages("photos")


def test_deleting_nothing_asks_nothing(store: Store) -> None:
    assert store.delete_objects("photos", []).deleted == ()
