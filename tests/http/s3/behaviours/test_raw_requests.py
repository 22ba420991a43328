"""Requests as no library sends them: unsigned, presigned, and with headers that are missing, empty or malformed."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from botocore.handlers import validate_bucket_name

from tests.http.s3.client import Client
from tests.http.s3.users import ALICE, People, client, denied, raw, status_of

VERSIONS = ["s3", "s3v4"]
"""Signature Version 2 and 4, by the names that botocore gives them."""


def opened(users: People, bucket: str, key: str) -> str:
    """Gives the bucket and an object in it these ACLs; returns the URL of the object."""
    users.alice.put_bucket_acl(Bucket="things", ACL=bucket)
    users.alice.put_object(Bucket="things", Key="a", Body=b"body", ACL=key)
    return f"{users.url}/things/a"


def presigned(users: People, seconds: int, version: str, operation: str = "get_object") -> str:
    signer = client(users.url, ALICE, signature_version=version)
    return signer.generate_presigned_url(operation, Params={"Bucket": "things", "Key": "a"}, ExpiresIn=seconds)


def test_an_object_decides_who_reads_it(users: People) -> None:
    assert raw("GET", opened(users, "private", "public-read")) == (200, b"body")
    assert raw("GET", opened(users, "public-read", "private"))[0] == 403
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"body"


def test_objects_and_buckets_that_are_gone(users: People) -> None:
    url = opened(users, "public-read", "public-read")
    users.alice.delete_object(Bucket="things", Key="a")
    status, body = raw("GET", url)
    assert (status, b"<Code>NoSuchKey</Code>" in body) == (404, True)
    denied(users.alice.get_object, Bucket="things", Key="a", code="NoSuchKey", status=404)
    users.alice.delete_bucket(Bucket="things")
    for method in ("GET", "DELETE"):
        status, body = raw(method, url)
        assert (status, b"<Code>NoSuchBucket</Code>" in body) == (404, True)
    denied(users.alice.get_object, Bucket="things", Key="a", code="NoSuchBucket", status=404)


def test_a_stranger_overwrites_only_what_the_bucket_allows(users: People) -> None:
    for bucket, status in (("private", 403), ("public-read", 403), ("public-read-write", 200)):
        url = opened(users, bucket, "public-read-write")
        assert raw("PUT", url, b"new")[0] == status


@pytest.mark.parametrize("version", VERSIONS)
def test_a_presigned_url_within_its_life(users: People, version: str) -> None:
    url = opened(users, "private", "private") and presigned(users, 100_000, version)
    assert raw("GET", url) == (200, b"body")
    # A browser's question needs an Origin.
    assert raw("OPTIONS", url)[0] == 400


@pytest.mark.parametrize("seconds", [0, -7, 609_901])
def test_a_presigned_url_whose_life_is_out_of_range(users: People, seconds: int) -> None:
    opened(users, "private", "private")
    assert raw("GET", presigned(users, seconds, "s3v4"))[0] == 403


def test_a_presigned_upload_that_is_expired(users: People) -> None:
    for version in VERSIONS:
        assert raw("PUT", presigned(users, -1000, version, "put_object"), b"x")[0] == 403
    denied(users.alice.get_object, Bucket="things", Key="a", code="NoSuchKey", status=404)


def test_headers_named_in_the_query_of_an_unsigned_request_are_refused(users: People) -> None:
    url = opened(users, "public-read", "public-read")
    assert raw("GET", f"{url}?response-content-type=text/html")[0] == 400
    answered = users.alice.get_object(Bucket="things", Key="a", ResponseCacheControl="no-cache")
    assert answered["CacheControl"] == "no-cache"


def adding(sender: Any, operation: str, *, headers: dict[str, str], without: tuple[str, ...] = ()) -> None:
    """Has a boto3 client send other headers than it would, and sign them."""

    def change(params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(headers)

    def drop(request: Any, **_: Any) -> None:
        for name in without:
            del request.headers[name]

    sender.meta.events.register(f"before-call.s3.{operation}", change)
    sender.meta.events.register(f"before-send.s3.{operation}", drop)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("md5", "code"),
    [
        ("", "InvalidDigest"),
        ("YWJyYWNhZGFicmE=", "InvalidDigest"),
        ("rL0Y20xC+Fzt72VPzMSk2A==", "BadDigest"),
    ],
)
def test_a_digest_that_does_not_hold(users: People, version: str, md5: str, code: str) -> None:
    sender = client(users.url, ALICE, signature_version=version)
    adding(sender, "PutObject", headers={"Content-MD5": md5})
    denied(sender.put_object, Bucket="things", Key="a", Body=b"bar", code=code, status=400)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Expect": "200"},
        {"Expect": ""},
        {"User-Agent": ""},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Accept": "*/*"},
    ],
    ids=str,
)
def test_headers_that_do_not_matter(users: People, version: str, headers: dict[str, str]) -> None:
    sender = client(users.url, ALICE, signature_version=version)
    adding(sender, "PutObject", headers=headers)
    adding(sender, "CreateBucket", headers=headers)
    assert status_of(sender.put_object, Bucket="things", Key="a", Body=b"bar") == 200
    assert status_of(sender.create_bucket, Bucket="others") == 200


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (None, (403, "AccessDenied")),
        ("", (403, "AccessDenied")),
        ("AWS HAHAHA", (400, "InvalidArgument")),
        ("HAHAHA", (400, "InvalidArgument")),
        ("AWS4-HMAC-SHA256 Credential=HAHAHA", (400, "AuthorizationHeaderMalformed")),
        ("AWS4-HMAC-SHA256", (400, "AuthorizationHeaderMalformed")),
        ("Basic YTpi", (400, "InvalidArgument")),
        ("Bearer x", (400, "InvalidArgument")),
        ("\xfc\xfc", (400, "InvalidRequest")),
    ],
)
@pytest.mark.parametrize("target", ["/things/a", "/others"])
def test_an_authorization_that_is_none(
    users: People, target: str, authorization: str | None, error: tuple[int, str]
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    assert Client(users.url).send("PUT", target, headers, b"x" if "a" in target[2:] else b"").error == error


def test_a_length_that_is_none(users: People) -> None:
    users.alice.put_bucket_acl(Bucket="things", ACL="public-read-write")
    s3 = Client(users.url)
    assert s3.send("PUT", "/things/a", body=None).error == (411, "MissingContentLength")
    for length in ("-1", "", "x"):
        assert s3.send("PUT", "/things/a", {"content-length": length}).status == 400


def test_an_acl_needs_no_length(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a", Body=b"bar")
    sender = client(users.url, ALICE)
    adding(sender, "PutObjectAcl", headers={}, without=("Content-Length",))
    assert status_of(sender.put_object_acl, Bucket="things", Key="a", ACL="private") == 200
    denied(sender.put_bucket_acl, Bucket="things", ACL="public-ready", code="InvalidArgument", status=400)
    adding(sender, "CreateBucket", headers={}, without=("Content-Length",))
    assert status_of(sender.create_bucket, Bucket="others") == 200


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "aa",
        "192.168.5.123",
        "foo-",
        "-foo",
        "foo..bar",
        "foo.-bar",
        "foo-.bar",
        "foo_bar",
        "_foo",
        "Foo",
        "a" * 64,
    ],
)
def test_names_that_no_bucket_has(users: People, name: str) -> None:
    maker = client(users.url, ALICE)
    maker.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    denied(maker.create_bucket, Bucket=name, code="InvalidBucketName", status=400)


@pytest.mark.parametrize("name", ["foo.bar", "foo.123", "1-a", "a" * 63])
def test_names_that_buckets_may_have(users: People, name: str) -> None:
    assert status_of(users.alice.create_bucket, Bucket=name) == 200
    assert status_of(users.alice.head_bucket, Bucket=name) == 200


def test_a_bucket_that_is_there_already(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a", Body=b"bar")
    assert status_of(users.alice.create_bucket, Bucket="things") == 200
    assert [found["Key"] for found in users.alice.list_objects(Bucket="things")["Contents"]] == ["a"]
    denied(users.bob.create_bucket, Bucket="things", code="BucketAlreadyExists", status=409)


def test_a_bucket_is_not_changed_by_creating_it_again(users: People) -> None:
    again: Any = users.alice.create_bucket
    exists: Any = {"code": "BucketAlreadyExists", "status": 409}
    again(Bucket="others", ACL="public-read", ObjectOwnership="ObjectWriter")
    assert status_of(again, Bucket="others", ACL="public-read", ObjectOwnership="ObjectWriter") == 200
    more: list[dict[str, Any]] = [
        {},
        {"ACL": "private"},
        {"ACL": "public-read", "ObjectOwnership": "BucketOwnerPreferred"},
    ]
    for other in more:
        denied(again, Bucket="others", **other, **exists)
    denied(again, Bucket="things", ACL="public-read", **exists)
    assert status_of(again, Bucket="things", ACL="private") == 200
    mine: Any = {"code": "BucketAlreadyOwnedByYou", "status": 409}
    denied(again, Bucket="things", ObjectLockEnabledForBucket=True, **mine)


_KEYS = [" ", '"', "$", "%", "&", "'", "<", ">", "_", "_ ", "_ _", "__", "\n", "\x07", "+", "a//b", "é"]


def test_keys_of_every_kind(users: People) -> None:
    for key in _KEYS:
        users.alice.put_object(Bucket="things", Key=key, Body=key.encode())
        users.alice.put_object_acl(Bucket="things", Key=key, ACL="private")
        assert users.alice.get_object(Bucket="things", Key=key)["Body"].read() == key.encode()
    for listing in (users.alice.list_objects, users.alice.list_objects_v2):
        found: Any = listing(Bucket="things")
        assert [entry["Key"] for entry in found["Contents"]] == sorted(_KEYS)


@pytest.mark.parametrize("text", ["\n", "\x07", "\x7f", "é", "\U0001f600"])
def test_unreadable_parameters_of_listings(users: People, text: str) -> None:
    for key in ("bar", "baz", "foo"):
        users.alice.put_object(Bucket="things", Key=key)
    found: Any = users.alice.list_objects(Bucket="things", Prefix=text)
    # boto3 does not decode this one element, so it stays as it is where XML can hold it.
    assert (unquote(found["Prefix"]), found.get("Contents")) == (text, None)
    found = users.alice.list_objects(Bucket="things", Delimiter=text)
    assert (found["Delimiter"], len(found["Contents"]), found.get("CommonPrefixes")) == (text, 3, None)
    found = users.alice.list_objects(Bucket="things", Marker=text)
    assert found["Marker"] == text
    found = users.alice.list_objects_v2(Bucket="things", StartAfter=text, Prefix="b", Delimiter=text, FetchOwner=True)
    assert (found["StartAfter"], found["Delimiter"]) == (text, text)
    found = users.alice.list_object_versions(Bucket="things", KeyMarker=text, Prefix=text)
    assert (found["KeyMarker"], found["Prefix"]) == (text, text)


def test_listings_of_versions_2_show_owners_when_asked(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a")
    assert "Owner" not in users.alice.list_objects_v2(Bucket="things")["Contents"][0]
    owner = users.alice.list_objects_v2(Bucket="things", FetchOwner=True)["Contents"][0]["Owner"]
    assert owner["ID"] == "alice"


def test_torrents_are_refused(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a")
    denied(users.alice.get_object_torrent, Bucket="things", Key="a", code="NotImplemented", status=501)


def test_buckets_in_pages(users: People) -> None:
    for name in ("b1", "b2", "b3", "things2"):
        users.alice.create_bucket(Bucket=f"page-{name}")
    first: Any = users.alice.list_buckets(MaxBuckets=2, Prefix="page-")
    assert len(first["Buckets"]) == 2
    rest: Any = users.alice.list_buckets(Prefix="page-", ContinuationToken=first["ContinuationToken"])
    assert [entry["Name"] for entry in first["Buckets"] + rest["Buckets"]] == [
        f"page-{name}" for name in ("b1", "b2", "b3", "things2")
    ]
    assert "ContinuationToken" not in rest
