"""Listings of objects in both versions, and of buckets."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_objects import failing

KEYS = ["a", "b/1", "b/2", "b/c/3", "d", "e/4", "e//5", "é", "f", "g+h", "g h"]
BYTES_ORDER = sorted(KEYS, key=str.encode)


@pytest.fixture
def listed(boto: S3Client, store: Store) -> S3Client:
    for key in KEYS:
        store.put_object("things", key, key.encode())
    return boto


def keys(page: Any) -> list[str]:
    return [entry["Key"] for entry in page.get("Contents", [])]


def prefixes(page: Any) -> list[str]:
    return [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]


def test_all_in_byte_order(listed: S3Client) -> None:
    page = listed.list_objects_v2(Bucket="things")
    assert keys(page) == BYTES_ORDER
    assert (page["KeyCount"], page["MaxKeys"], page["IsTruncated"], page["Name"]) == (len(KEYS), 1000, False, "things")
    first = page["Contents"][0]
    head = listed.head_object(Bucket="things", Key="a")
    assert (first["ETag"], first["Size"], first["StorageClass"]) == (head["ETag"], 1, "STANDARD")
    assert first["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert keys(listed.list_objects(Bucket="things")) == BYTES_ORDER


@pytest.mark.parametrize(
    ("prefix", "delimiter", "expected", "rolled"),
    [
        ("", "/", ["a", "d", "f", "g h", "g+h", "é"], ["b/", "e/"]),
        ("b/", "/", ["b/1", "b/2"], ["b/c/"]),
        ("e/", "/", ["e/4"], ["e//"]),
        ("b", "", ["b/1", "b/2", "b/c/3"], []),
        ("b", "/", [], ["b/"]),
        ("", "/c", ["a", "b/1", "b/2", "d", "e//5", "e/4", "f", "g h", "g+h", "é"], ["b/c"]),
        ("none", "/", [], []),
        ("é", "", ["é"], []),
        ("g+", "", ["g+h"], []),
    ],
)
def test_prefix_and_delimiter(
    listed: S3Client, prefix: str, delimiter: str, expected: list[str], rolled: list[str]
) -> None:
    for call in (listed.list_objects_v2, listed.list_objects):
        page = call(Bucket="things", Prefix=prefix, Delimiter=delimiter)
        assert (keys(page), prefixes(page)) == (expected, rolled)
        # botocore, which asks for percent-encoding, decodes everything but the prefix of version 1.
        assert unquote(page.get("Prefix", "")) == prefix
        assert page.get("Delimiter", "") == delimiter


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
def test_pages(listed: S3Client, operation: Any, delimiter: str, size: int) -> None:
    paginator = listed.get_paginator(operation)
    found: list[str] = []
    for page in paginator.paginate(Bucket="things", Delimiter=delimiter, PaginationConfig={"PageSize": size}):
        here = keys(page) + prefixes(page)
        assert len(here) <= size
        if operation == "list_objects_v2":
            assert page["KeyCount"] == len(here)
        found += here
    whole = listed.list_objects_v2(Bucket="things", Delimiter=delimiter)
    assert sorted(found) == sorted(keys(whole) + prefixes(whole))


@pytest.mark.parametrize("start", ["", "a", "b/2", "b/9", "zz", "é", "g h"])
def test_starting_after_a_key(listed: S3Client, start: str) -> None:
    expected = [key for key in BYTES_ORDER if key.encode() > start.encode()]
    assert keys(listed.list_objects_v2(Bucket="things", StartAfter=start)) == expected
    assert keys(listed.list_objects(Bucket="things", Marker=start)) == expected


def test_a_token_goes_before_a_start(listed: S3Client) -> None:
    first = listed.list_objects_v2(Bucket="things", MaxKeys=2)
    after = listed.list_objects_v2(Bucket="things", ContinuationToken=first["NextContinuationToken"], StartAfter="a")
    assert keys(first) + keys(after) == BYTES_ORDER
    assert after["ContinuationToken"] == first["NextContinuationToken"]


def test_a_start_that_is_sent_with_a_token_has_no_say(listed: S3Client) -> None:
    """minio-py sends the token as both, from the second page on."""
    first = listed.list_objects_v2(Bucket="things", MaxKeys=2)
    token = first["NextContinuationToken"]
    for start in (token, "zzz"):
        page = listed.list_objects_v2(Bucket="things", ContinuationToken=token, StartAfter=start)
        assert keys(page) == BYTES_ORDER[2:]
        assert (page["StartAfter"], page["IsTruncated"]) == (start, False)


@pytest.mark.parametrize("token", ["nonsense", "YQ==", "x" * 5000, "ä"])
def test_a_token_of_nobody(listed: S3Client, token: str) -> None:
    assert failing(listed.list_objects_v2, Bucket="things", ContinuationToken=token) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("delimiter", "markers"), [("", [None] * 11), ("/", ["a", "b/", "d", "e/", "f", "g h", "g+h"])]
)
def test_the_next_marker_of_version_1(boto: S3Client, listed: S3Client, delimiter: str, markers: list[str]) -> None:
    """Source: S3 API reference, ListObjects: NextMarker is there only if the request has a delimiter."""
    found, marker = [], ""
    while True:
        page = boto.list_objects(Bucket="things", MaxKeys=1, Delimiter=delimiter, Marker=marker)
        marker = page.get("NextMarker") or (keys(page) or prefixes(page))[-1]
        if not page["IsTruncated"]:
            break
        found.append(page.get("NextMarker"))
    assert found == markers[: len(found)]
    assert len(found) == (7 if delimiter else len(KEYS) - 1)


def test_an_empty_token_asks_for_the_first_page(s3: Client, store: Store) -> None:
    store.put_object("things", "a", b"")
    page = s3.ask("GET", "/things?list-type=2&continuation-token=")
    assert (page.texts("{*}Contents/{*}Key"), page.text("{*}ContinuationToken")) == (["a"], "")
    assert s3.ask("GET", "/things?list-type=2").texts("{*}ContinuationToken") == []


def test_no_keys_at_all(listed: S3Client) -> None:
    for call in (listed.list_objects_v2, listed.list_objects):
        page = call(Bucket="things", MaxKeys=0)
        assert (keys(page), page["IsTruncated"], page["MaxKeys"]) == ([], False, 0)
        assert failing(call, Bucket="none-such", MaxKeys=0) == (404, "NoSuchBucket")


def test_never_more_than_a_thousand(boto: S3Client, store: Store) -> None:
    for number in range(1001):
        store.put_object("things", f"{number:04}", b"")
    for call in (boto.list_objects_v2, boto.list_objects):
        page = call(Bucket="things", MaxKeys=5000)
        assert (len(keys(page)), page["IsTruncated"], page["MaxKeys"]) == (1000, True, 1000)


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "99999999999", "9" * 20, "9" * 200, "2147483648", "%D9%A3"])
def test_a_number_that_is_none(s3: Client, value: str) -> None:
    for target in (f"/things?max-keys={value}", f"/things?list-type=2&max-keys={value}"):
        reply = s3.ask("GET", target)
        assert reply.error == (400, "InvalidArgument")
        assert (reply.text("ArgumentName"), reply.text("ArgumentValue")) == ("max-keys", unquote(value))
    assert s3.ask("GET", f"/things?max-keys={'0' * 5000}7").text("{*}MaxKeys") == "7"


@pytest.mark.parametrize("target", ["/things?list-type=1", "/things?list-type=3", "/things?encoding-type=base64"])
def test_a_kind_of_listing_that_is_not_there(s3: Client, target: str) -> None:
    assert s3.ask("GET", target).error == (400, "InvalidArgument")


def test_owners_are_there_when_asked_for(listed: S3Client) -> None:
    assert "Owner" not in listed.list_objects_v2(Bucket="things")["Contents"][0]
    owner = listed.list_objects_v2(Bucket="things", FetchOwner=True)["Contents"][0]["Owner"]
    assert owner == listed.list_objects(Bucket="things")["Contents"][0]["Owner"]


@pytest.mark.parametrize("key", ["a b+c%", "\x01\x0b", "\ud7ff\ufffe", "ä😀", "a&b<c>\"'", "a\r\nb"])
def test_keys_can_be_encoded_where_xml_cannot_say_them(s3: Client, store: Store, key: str) -> None:
    store.put_object("things", f"{key}/{key}", b"")
    query = f"encoding-type=url&delimiter=/&prefix={quote(key, safe='')}"
    for version in ("", "&list-type=2"):
        reply = s3.ask("GET", f"/things?{query}{version}")
        assert reply.texts("{*}CommonPrefixes/{*}Prefix") == [quote(key) + "/"]
        assert reply.text("{*}EncodingType") == "url"
        # Clients do not decode the prefix of the first version of the listing.
        plain = not version and not set(key) & set("\x01\x0b\ufffe")
        assert reply.text("{*}Prefix") == (key if plain else quote(key))
    reply = s3.ask("GET", "/things?encoding-type=url&list-type=2")
    assert reply.texts("{*}Contents/{*}Key") == [quote(f"{key}/{key}")]


@pytest.mark.parametrize("key", ["a&b<c>]]>\"'", "ä😀\x85\u2028", "a\tb\nc\r", "  a  "])
def test_keys_are_escaped_where_xml_can_say_them(s3: Client, store: Store, key: str) -> None:
    store.put_object("things", key, b"")
    reply = s3.ask("GET", "/things?list-type=2")
    assert reply.texts("{*}Contents/{*}Key") == [key]
    assert reply.xml.tag == "{http://s3.amazonaws.com/doc/2006-03-01/}ListBucketResult"


def test_a_bucket_that_is_not_there(boto: S3Client) -> None:
    for call in (boto.list_objects_v2, boto.list_objects, boto.get_bucket_location, boto.delete_bucket):
        assert failing(call, Bucket="none-such") == (404, "NoSuchBucket")
    assert failing(boto.head_bucket, Bucket="none-such") == (404, "404")


@pytest.mark.parametrize("version", ["", "&list-type=2"])
def test_a_prefix_that_no_key_has_comes_back_as_it_was(boto: S3Client, s3: Client, version: str) -> None:
    call: Any = boto.list_objects_v2 if version else boto.list_objects
    found = call(Bucket="things", Prefix="\x0a")
    assert (found["Prefix"], "Contents" in found, "CommonPrefixes" in found) == ("\x0a", False, False)


@pytest.mark.parametrize("version", ["", "&list-type=2"])
def test_a_listing_may_be_asked_for_in_any_order_but_not_with_a_delimiter(
    s3: Client, listed: S3Client, version: str
) -> None:
    ordered = s3.ask("GET", f"/things?max-keys=3{version}").texts("{*}Contents/{*}Key")
    unordered = s3.ask("GET", f"/things?allow-unordered=true&max-keys=3{version}")
    assert unordered.texts("{*}Contents/{*}Key") == ordered != []
    wrong = s3.ask("GET", f"/things?allow-unordered=true&delimiter=/{version}")
    assert wrong.error == (400, "InvalidArgument")
    assert s3.ask("GET", f"/things?allow-unordered=false&delimiter=/{version}").status == 200


def test_buckets(boto: S3Client, store: Store) -> None:
    boto.create_bucket(Bucket="a-new-one")
    assert boto.head_bucket(Bucket="a-new-one")["BucketRegion"] == "us-east-1"
    location: Any = boto.get_bucket_location(Bucket="a-new-one")
    assert location["LocationConstraint"] is None
    listing = boto.list_buckets()
    assert [bucket["Name"] for bucket in listing["Buckets"]] == ["a-new-one", "guests", "public", "things"]
    assert listing["Buckets"][0]["CreationDate"].tzinfo is not None
    pages = boto.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 3}, Prefix="")
    assert [[bucket["Name"] for bucket in page["Buckets"]] for page in pages] == [
        ["a-new-one", "guests", "public"],
        ["things"],
    ]
    boto.put_object(Bucket="a-new-one", Key="a", Body=b"")
    boto.create_bucket(Bucket="a-new-one")
    assert failing(boto.delete_bucket, Bucket="a-new-one") == (409, "BucketNotEmpty")
    boto.delete_object(Bucket="a-new-one", Key="a")
    boto.delete_bucket(Bucket="a-new-one")
    assert "a-new-one" not in {bucket.name for bucket in store.list_buckets()}


@pytest.mark.parametrize("name", ["UPPER", "a_b", "ab", "192.168.0.1", "xn--a", "a..b", "a.-b", "a-.b"])
def test_names_that_no_bucket_can_have(s3: Client, name: str) -> None:
    assert s3.ask("PUT", f"/{name}").error == (400, "InvalidBucketName")


@pytest.mark.parametrize(("region", "code"), [("us-east-1", ""), ("eu-west-1", "InvalidLocationConstraint")])
def test_where_a_bucket_is_to_be(s3: Client, region: str, code: str) -> None:
    body = f"<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    assert s3.ask("PUT", "/a-new-one", body.encode()).code == code
