"""Requests without a signature: what a bucket or an object opens to everybody, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.http.s3.users import People, allow, denied, empty, people, policy, raw, status_of


@pytest.fixture(scope="module")
def shared() -> Iterator[People]:
    with people() as found:
        yield found


@pytest.fixture
def users(shared: People) -> People:
    empty(shared.store)
    return shared


def test_nothing_is_open_by_itself(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a")
    for method, target in [
        ("GET", "/"),
        ("GET", "/things"),
        ("PUT", "/things"),
        ("PUT", "/more"),
        ("DELETE", "/things"),
        ("GET", "/things?acl"),
        ("PUT", "/things?policy"),
        ("GET", "/things/a"),
        ("GET", "/things/none"),
        ("PUT", "/things/a"),
        ("DELETE", "/things/a"),
        ("POST", "/things/a?uploads"),
        ("POST", "/things?delete"),
        ("GET", "/things/a?acl"),
    ]:
        assert raw(method, users.url + target)[0] == 403, (method, target)
    assert raw("HEAD", f"{users.url}/things/none")[0] == 403


def test_a_listing_that_is_open(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read")
    users.alice.put_object(Bucket="things", Key="a")
    assert [entry["Key"] for entry in users.nobody.list_objects_v2(Bucket="things")["Contents"]] == ["a"]
    assert [entry["Key"] for entry in users.nobody.list_objects(Bucket="things")["Contents"]] == ["a"]
    denied(users.nobody.get_object, Bucket="things", Key="a")
    denied(users.nobody.get_object, Bucket="things", Key="none", code="NoSuchKey", status=404)
    denied(users.nobody.put_object, Bucket="things", Key="b")
    denied(users.nobody.get_bucket_acl, Bucket="things")


def test_an_object_that_is_open(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a", Body=b"x", ACL="public-read")
    assert raw("GET", f"{users.url}/things/a") == (200, b"x")
    assert raw("HEAD", f"{users.url}/things/a")[0] == 200
    users.alice.delete_object(Bucket="things", Key="a")
    # The bucket cannot be listed, so nobody says that it is gone.
    assert raw("GET", f"{users.url}/things/a")[0] == 403
    users.alice.delete_bucket(Bucket="things")
    status, body = raw("GET", f"{users.url}/things/a")
    assert status == 404
    assert b"NoSuchBucket" in body


def test_an_object_that_is_gone_from_an_open_bucket(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read")
    status, body = raw("GET", f"{users.url}/things/a")
    assert status == 404
    assert b"NoSuchKey" in body


def test_a_bucket_that_everybody_may_write(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read-write")
    users.nobody.put_object(Bucket="things", Key="a", Body=b"x", ACL="public-read")
    owner = users.store.head_object("things", "a").owner
    assert owner is not None
    assert owner.id == "65a011a29cdf8ec533ec3d1ccaae921c"
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"x"
    users.nobody.delete_object(Bucket="things", Key="a")
    denied(users.nobody.put_bucket_acl, Bucket="things", ACL="private")
    denied(users.nobody.delete_bucket, Bucket="things")


def test_signers_are_another_group(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="authenticated-read")
    assert status_of(users.bob.list_objects_v2, Bucket="things") == 200
    denied(users.nobody.list_objects_v2, Bucket="things")


def form(fields: dict[str, str], content: bytes = b"content") -> tuple[bytes, dict[str, str]]:
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    head = "".join(parts) + '--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    return head.encode() + content + b"\r\n--B--\r\n", {"content-type": "multipart/form-data; boundary=B"}


def test_a_form_without_a_signature(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read-write")
    tags = "<Tagging><TagSet><Tag><Key>0</Key><Value>1</Value></Tag></TagSet></Tagging>"
    body, headers = form({"key": "a", "acl": "public-read", "Content-Type": "text/plain", "tagging": tags})
    assert raw("POST", f"{users.url}/things", body, headers)[0] == 204
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"content"
    assert users.store.get_object_tagging("things", "a") == {"0": "1"}
    users.alice.put_bucket_acl(Bucket="things", ACL="public-read")
    assert raw("POST", f"{users.url}/things", body, headers)[0] == 403
    denied(users.alice.get_object, Bucket="things", Key="b", code="NoSuchKey", status=404)


def test_a_form_by_policy(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    condition = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    users.alice.put_bucket_policy(
        Bucket="things", Policy=policy(allow("s3:PutObject", "things/drop/*", Condition=condition))
    )
    fields = {"key": "drop/a", "acl": "bucket-owner-full-control"}
    for change, status in (({}, 204), ({"key": "else/a"}, 403), ({"acl": "private"}, 403)):
        body, headers = form({**fields, **change})
        assert raw("POST", f"{users.url}/things", body, headers)[0] == status
    assert users.alice.get_object(Bucket="things", Key="drop/a")["Body"].read() == b"content"


def test_an_unsigned_body_is_not_read_before_the_decision(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    response = httpx.put(f"{users.url}/things/a", content=b"x" * 5_000_000)
    assert response.status_code == 403
    assert users.store.list_objects("things").objects == ()
