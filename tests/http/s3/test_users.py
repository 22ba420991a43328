"""Users: what belongs to whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bucketry import InvalidSettings, Owner, Secret
from bucketry_http import S3Credential, S3Settings

from tests.http.s3.serving import memory_store, serving
from tests.http.s3.users import ALICE, BOB, People, allow, client, denied, people, policy, raw, status_of


@pytest.fixture(params=["inline", "threads"])
def users(request: pytest.FixtureRequest) -> Iterator[People]:
    with people(inline=request.param == "inline") as found:
        yield found


def test_everybody_lists_their_own_buckets(users: People) -> None:
    users.alice.create_bucket(Bucket="of-alice")
    users.bob.create_bucket(Bucket="of-bob")
    listed = users.alice.list_buckets()
    assert [bucket["Name"] for bucket in listed["Buckets"]] == ["of-alice"]
    assert (listed["Owner"]["ID"], listed["Owner"]["DisplayName"]) == ("alice", "Alice A.")
    assert users.carol.list_buckets()["Buckets"] == []
    denied(users.nobody.list_buckets)


def test_a_bucket_and_what_is_in_it_belong_to_who_makes_them(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read-write")
    assert users.store.head_bucket("things").owner == Owner(id="alice", display_name="Alice A.")
    users.alice.put_object(Bucket="things", Key="a")
    users.bob.put_object(Bucket="things", Key="b")
    assert users.store.head_object("things", "a").owner is None  # the owner of the bucket
    assert users.store.head_object("things", "b").owner == Owner(id="bob", display_name="Bob B.")


def test_listings_say_who_owns_what(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read-write")
    users.alice.put_object(Bucket="things", Key="a")
    users.bob.put_object(Bucket="things", Key="b")
    users.bob.create_multipart_upload(Bucket="things", Key="c")
    expected = [{"ID": "alice", "DisplayName": "Alice A."}, {"ID": "bob", "DisplayName": "Bob B."}]
    listed = [
        users.alice.list_objects(Bucket="things")["Contents"],
        users.alice.list_objects_v2(Bucket="things", FetchOwner=True)["Contents"],
        users.alice.list_object_versions(Bucket="things")["Versions"],
    ]
    assert [[entry["Owner"] for entry in entries] for entries in listed] == [expected] * 3
    assert "Owner" not in users.alice.list_objects_v2(Bucket="things")["Contents"][1]
    (upload,) = users.alice.list_multipart_uploads(Bucket="things")["Uploads"]
    parts = users.bob.list_parts(Bucket="things", Key="c", UploadId=upload["UploadId"])
    assert [found[name] for found in (upload, parts) for name in ("Owner", "Initiator")] == [expected[1]] * 4


def test_several_key_pairs_belong_to_one_user() -> None:
    second = S3Credential(
        access_key="second", secret_key=Secret("x"), user_id="alice", display_name="Alice A.", email="alice@example.com"
    )
    with memory_store() as store, serving(store, credentials=(ALICE, second)) as url:
        client(url, ALICE).create_bucket(Bucket="things")
        client(url, second).put_object(Bucket="things", Key="a", Body=b"x")
        assert [bucket["Name"] for bucket in client(url, second).list_buckets()["Buckets"]] == ["things"]


def test_a_stranger_may_do_nothing(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a", Body=b"x")
    for other in (users.bob, users.nobody):
        denied(other.get_object, Bucket="things", Key="a")
        denied(other.put_object, Bucket="things", Key="a")
        denied(other.delete_object, Bucket="things", Key="a")
        denied(other.list_objects_v2, Bucket="things")
        denied(other.get_bucket_acl, Bucket="things")
        denied(other.delete_bucket, Bucket="things")
        denied(other.delete_objects, Bucket="things", Delete={"Objects": [{"Key": "a"}]})
        denied(other.get_object, Bucket="none-such", Key="a", code="NoSuchBucket", status=404)
        # Whoever may not list a bucket does not learn what it holds.
        denied(other.get_object, Bucket="things", Key="none-such")
        assert status_of(other.head_object, Bucket="things", Key="none-such") == 403
    denied(users.alice.get_object, Bucket="things", Key="none-such", code="NoSuchKey", status=404)
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"x"


def test_names_of_buckets_are_everybodys(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    denied(users.bob.create_bucket, Bucket="things", code="BucketAlreadyExists", status=409)
    users.alice.create_bucket(Bucket="things")  # her own, as in us-east-1


def test_a_deleted_bucket_may_be_made_by_somebody_else(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.delete_bucket(Bucket="things")
    users.bob.create_bucket(Bucket="things")
    denied(users.alice.put_object, Bucket="things", Key="a")


@pytest.mark.parametrize("expected", ["bob", "ALICE", "123456789012"])
def test_another_owner_than_expected(users: People, expected: str) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a")
    for call, arguments in (
        (users.alice.put_object, {"Key": "b"}),
        (users.alice.get_object, {"Key": "a"}),
        (users.alice.list_objects_v2, {}),
        (users.alice.delete_objects, {"Delete": {"Objects": [{"Key": "a"}]}}),
        (users.alice.copy_object, {"Key": "b", "CopySource": "things/a"}),
    ):
        denied(call, Bucket="things", ExpectedBucketOwner=expected, **arguments)
    copy: dict[str, Any] = {"Bucket": "things", "Key": "b", "CopySource": "things/a"}
    denied(users.alice.copy_object, **copy, ExpectedSourceBucketOwner=expected)
    assert [entry["Key"] for entry in users.alice.list_objects_v2(Bucket="things")["Contents"]] == ["a"]
    users.alice.copy_object(**copy, ExpectedSourceBucketOwner="alice", ExpectedBucketOwner="alice")


def test_a_copy_needs_the_right_to_read_the_source(users: People) -> None:
    users.alice.create_bucket(Bucket="source")
    users.alice.put_object(Bucket="source", Key="secret", Body=b"x")
    users.alice.put_object(Bucket="source", Key="open", Body=b"x", ACL="public-read")
    users.bob.create_bucket(Bucket="target")
    denied(users.bob.copy_object, Bucket="target", Key="a", CopySource="source/secret")
    upload = users.bob.create_multipart_upload(Bucket="target", Key="b")["UploadId"]
    part: dict[str, Any] = {"Bucket": "target", "Key": "b", "UploadId": upload, "PartNumber": 1}
    denied(users.bob.upload_part_copy, **part, CopySource="source/secret")
    users.bob.copy_object(Bucket="target", Key="a", CopySource="source/open")
    users.bob.upload_part_copy(**part, CopySource="source/open")
    # The copy belongs to who made it, and the source's ACL is not copied.
    grants = users.bob.get_object_acl(Bucket="target", Key="a")
    assert (grants["Owner"]["ID"], len(grants["Grants"])) == ("bob", 1)


def test_a_presigned_url_carries_its_signers_rights(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a", Body=b"x")
    asked = {"Bucket": "things", "Key": "a"}
    for version in ("s3v4", "s3"):
        own = client(users.url, ALICE, signature_version=version).generate_presigned_url("get_object", Params=asked)
        others = client(users.url, BOB, signature_version=version).generate_presigned_url("get_object", Params=asked)
        assert raw("GET", own) == (200, b"x")
        assert raw("GET", others)[0] == 403


def test_a_users_own_policy_limits_them() -> None:
    reading = policy({"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"})
    reader = S3Credential(access_key="reader", secret_key=Secret("x"), user_id="dan", policy=reading)
    writer = S3Credential(access_key="writer", secret_key=Secret("y"), user_id="dan")
    with memory_store() as store, serving(store, credentials=(reader, writer)) as url:
        full, limited = client(url, writer), client(url, reader)
        full.create_bucket(Bucket="things")
        full.put_object(Bucket="things", Key="a", Body=b"x")
        assert limited.get_object(Bucket="things", Key="a")["Body"].read() == b"x"
        denied(limited.put_object, Bucket="things", Key="b")
        denied(limited.create_bucket, Bucket="more")
        full.put_bucket_policy(Bucket="things", Policy=policy(allow("s3:PutObject", "things/*")))
        limited.put_object(Bucket="things", Key="b")  # within an account, the bucket's policy is enough


@pytest.mark.parametrize(
    "settings",
    [
        {"user_id": "a b"},
        {"user_id": "*"},
        {"display_name": "somebody"},
        {"email": "a@example.com"},
        {"policy": "{}"},
        {"policy": policy({"Effect": "Allow", "Action": "s3:Fly", "Resource": "*"})},
    ],
)
def test_a_user_that_is_not_valid_is_refused(settings: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings):
        S3Credential(access_key="a", secret_key=Secret("b"), **settings)  # type: ignore[arg-type]


def test_credentials_agree_about_their_user() -> None:
    one = S3Credential(access_key="1", secret_key=Secret("x"), user_id="alice", email="a@example.com")
    with pytest.raises(InvalidSettings, match="alice"):
        S3Settings(credentials=(one, S3Credential(access_key="2", secret_key=Secret("x"), user_id="alice")))
    other = S3Credential(access_key="2", secret_key=Secret("x"), user_id="bob", email="A@example.com")
    with pytest.raises(InvalidSettings, match="address"):
        S3Settings(credentials=(one, other))
