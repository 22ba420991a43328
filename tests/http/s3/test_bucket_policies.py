"""Policies of buckets, as boto3 puts and gets them, and what they allow and deny."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.s3.users import BOB, People, allow, client, denied, empty, people, policy, raw, status_of


@pytest.fixture(scope="module")
def shared() -> Iterator[People]:
    with people() as found:
        yield found


@pytest.fixture
def users(shared: People) -> People:
    empty(shared.store)
    shared.alice.create_bucket(Bucket="things")
    for key in ("a", "public/a", "private/a"):
        shared.alice.put_object(Bucket="things", Key=key, Body=key.encode())
    return shared


def put(users: People, *statements: dict[str, Any]) -> None:
    users.alice.put_bucket_policy(Bucket="things", Policy=policy(*statements))


def test_a_policy_comes_back_as_it_was_put(users: People) -> None:
    denied(users.alice.get_bucket_policy, Bucket="things", code="NoSuchBucketPolicy", status=404)
    text = '{ "Version":"2012-10-17",\n "Statement": ' + json.dumps([allow("s3:GetObject", "things/*")]) + "}"
    users.alice.put_bucket_policy(Bucket="things", Policy=text)
    assert users.alice.get_bucket_policy(Bucket="things")["Policy"] == text
    users.alice.delete_bucket_policy(Bucket="things")
    denied(users.alice.get_bucket_policy, Bucket="things", code="NoSuchBucketPolicy", status=404)
    denied(users.bob.get_object, Bucket="things", Key="a")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (allow("s3:Fly", "things/*"), "Policy has invalid action"),
        (allow("s3:GetObject", "others/*"), "Policy has invalid resource"),
        (allow("s3:GetObject", "things/*", Principal={"AWS": "nobody"}), "Invalid principal in policy"),
        (
            allow("s3:GetObject", "things/*", Condition={"StringLike": {"aws:Colour": "x"}}),
            "Policy has an invalid condition key",
        ),
        (allow("s3:GetObject", "things/*", Condition={"Like": {"aws:Referer": "x"}}), "Invalid Condition type : Like"),
        (allow("s3:GetObject", "things/*", Colour="red"), "Unknown field Colour"),
    ],
)
def test_a_policy_that_is_not_understood_is_refused(users: People, statement: dict[str, Any], message: str) -> None:
    reply = status_of(users.alice.put_bucket_policy, Bucket="things", Policy=policy(statement))
    assert reply == 400
    denied(users.alice.put_bucket_policy, Bucket="things", Policy=policy(statement), code="MalformedPolicy", status=400)
    with pytest.raises(Exception, match=message):
        users.alice.put_bucket_policy(Bucket="things", Policy=policy(statement))
    denied(users.alice.get_bucket_policy, Bucket="things", code="NoSuchBucketPolicy", status=404)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Statement": []}', '{"Statement": [{}]}', "x" * 30_000])
def test_a_policy_that_is_none_is_refused(users: People, text: str) -> None:
    denied(users.alice.put_bucket_policy, Bucket="things", Policy=text, code="MalformedPolicy", status=400)


def test_a_policy_opens_a_listing(users: People) -> None:
    put(users, allow("s3:ListBucket", "things", "things/*"))
    for other in (users.bob, users.nobody):
        assert len(other.list_objects(Bucket="things")["Contents"]) == 3
        assert len(other.list_objects_v2(Bucket="things")["Contents"]) == 3
        assert status_of(other.head_bucket, Bucket="things") == 200
        denied(other.get_object, Bucket="things", Key="a")
        # Whoever may list learns what does not exist.
        denied(other.get_object, Bucket="things", Key="none", code="NoSuchKey", status=404)
        denied(other.list_object_versions, Bucket="things")


def test_the_policy_of_one_bucket_on_another(users: People) -> None:
    users.alice.create_bucket(Bucket="more")
    everywhere = policy(allow("s3:ListBucket", "*", "*/*"))
    users.alice.put_bucket_policy(Bucket="things", Policy=everywhere)
    kept = users.alice.get_bucket_policy(Bucket="things")["Policy"]
    denied(users.bob.list_objects_v2, Bucket="more")
    users.alice.put_bucket_policy(Bucket="more", Policy=kept)
    assert users.bob.list_objects_v2(Bucket="more")["KeyCount"] == 0


def test_a_deny_is_also_for_the_owner(users: People) -> None:
    put(users, allow("s3:*", "things", "things/*", effect="Deny"))
    denied(users.alice.get_object, Bucket="things", Key="a")
    denied(users.alice.list_objects_v2, Bucket="things")
    denied(users.alice.delete_bucket, Bucket="things")
    assert "Deny" in users.alice.get_bucket_policy(Bucket="things")["Policy"]
    users.alice.delete_bucket_policy(Bucket="things")
    assert status_of(users.alice.get_object, Bucket="things", Key="a") == 200


@pytest.mark.parametrize("principal", [{"AWS": "arn:aws:iam::bob:root"}, {"AWS": ["bob"]}, {"CanonicalUser": "bob"}])
def test_a_policy_names_users(users: People, principal: dict[str, Any]) -> None:
    put(users, allow("s3:GetObject", "things/*", Principal=principal))
    assert status_of(users.bob.get_object, Bucket="things", Key="a") == 200
    denied(users.carol.get_object, Bucket="things", Key="a")
    denied(users.nobody.get_object, Bucket="things", Key="a")


def test_only_what_is_allowed_is_open(users: People) -> None:
    put(users, allow(["s3:GetObject", "s3:PutObject"], "things/public/*"))
    assert users.nobody.get_object(Bucket="things", Key="public/a")["Body"].read() == b"public/a"
    users.bob.put_object(Bucket="things", Key="public/b")
    denied(users.bob.get_object, Bucket="things", Key="private/a")
    denied(users.bob.delete_object, Bucket="things", Key="public/b")
    denied(users.bob.get_object_acl, Bucket="things", Key="public/a")
    denied(users.bob.get_object_tagging, Bucket="things", Key="public/a")
    denied(users.bob.get_object, Bucket="things", Key="public/none")


# Conditions


def test_a_condition_on_the_acl(users: People) -> None:
    denying = allow("s3:PutObject", "things/*", effect="Deny", Condition={"StringLike": {"s3:x-amz-acl": "public*"}})
    put(users, allow("s3:PutObject", "things/*"), denying)
    users.bob.put_object(Bucket="things", Key="b")
    users.bob.put_object(Bucket="things", Key="b", ACL="bucket-owner-read")
    denied(users.bob.put_object, Bucket="things", Key="b", ACL="public-read")
    denied(users.bob.create_multipart_upload, Bucket="things", Key="b", ACL="public-read")


def test_a_condition_on_a_grant(users: People) -> None:
    wanted = {"StringEquals": {"s3:x-amz-grant-full-control": "id=alice"}}
    put(users, allow("s3:PutObject", "things/*", Condition=wanted))
    denied(users.bob.put_object, Bucket="things", Key="b")
    users.bob.put_object(Bucket="things", Key="b", GrantFullControl="id=alice")
    grant = users.alice.get_object_acl(Bucket="things", Key="b")["Grants"]
    assert [each["Grantee"]["ID"] for each in grant] == ["alice"]


def test_a_condition_on_a_copy(users: People) -> None:
    users.bob.create_bucket(Bucket="target")
    condition = {
        "StringLike": {"s3:x-amz-copy-source": "things/public/*"},
        "StringEquals": {"s3:x-amz-metadata-directive": "COPY"},
    }
    users.bob.put_bucket_policy(
        Bucket="target",
        Policy=policy(allow("s3:PutObject", "target/*", Principal={"AWS": "carol"}, Condition=condition)),
    )
    put(users, allow("s3:GetObject", "things/*", Principal={"AWS": "carol"}))
    copy: dict[str, Any] = {"Bucket": "target", "Key": "a", "MetadataDirective": "COPY"}
    users.carol.copy_object(**copy, CopySource="things/public/a")
    denied(users.carol.copy_object, **copy, CopySource="things/private/a")
    replacing: dict[str, Any] = {**copy, "MetadataDirective": "REPLACE"}
    denied(users.carol.copy_object, **replacing, CopySource="things/public/a")
    denied(users.carol.put_object, Bucket="target", Key="a")


def test_a_condition_on_tags_that_are_there(users: People) -> None:
    for key, value in (("a", "public"), ("public/a", "private")):
        tags = {"TagSet": [{"Key": "security", "Value": value}, {"Key": "other", "Value": "x"}]}
        users.alice.put_object_tagging(Bucket="things", Key=key, Tagging=tags)
    condition = {"StringEquals": {"s3:ExistingObjectTag/security": "public"}}
    actions = ["s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging", "s3:GetObjectAcl"]
    put(users, allow(actions, "things/*", Condition=condition))
    for key, allowed in (("a", True), ("public/a", False), ("private/a", False)):
        named = {"Bucket": "things", "Key": key}
        for call in (
            users.bob.get_object,
            users.bob.head_object,
            users.bob.get_object_tagging,
            users.bob.get_object_acl,
        ):
            assert (status_of(call, **named) == 200) == allowed
    again = {"TagSet": [{"Key": "security", "Value": "private"}]}
    users.bob.put_object_tagging(Bucket="things", Key="a", Tagging=again)
    denied(users.bob.put_object_tagging, Bucket="things", Key="a", Tagging=again)


def test_a_condition_on_tags_of_the_request(users: People) -> None:
    condition = {"StringEquals": {"s3:RequestObjectTag/security": "public"}}
    put(users, allow("s3:PutObject", "things/*", Condition=condition))
    denied(users.bob.put_object, Bucket="things", Key="b")
    denied(users.bob.put_object, Bucket="things", Key="b", Tagging="security=private")
    users.bob.put_object(Bucket="things", Key="b", Tagging="security=public&x=y")
    only = {"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["security"]}}
    put(users, allow("s3:PutObject", "things/*", Condition={**condition, **only}))
    users.bob.put_object(Bucket="things", Key="b", Tagging="security=public")
    denied(users.bob.put_object, Bucket="things", Key="b", Tagging="security=public&x=y")


def test_a_condition_on_encryption(users: People) -> None:
    missing = {"Null": {"s3:x-amz-server-side-encryption": "true"}}
    other = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}
    put(
        users,
        allow("s3:PutObject", "things/*", effect="Deny", Condition=missing),
        allow("s3:PutObject", "things/*", effect="Deny", Condition=other),
    )
    denied(users.alice.put_object, Bucket="things", Key="b")
    assert status_of(users.alice.put_object, Bucket="things", Key="b", ServerSideEncryption="AES256") != 403
    denied(users.alice.put_object, Bucket="things", Key="b", ServerSideEncryption="aws:kms")


def test_a_condition_on_a_listing(users: People) -> None:
    condition = {"StringEquals": {"s3:prefix": "public/", "s3:delimiter": "/"}, "NumericLessThan": {"s3:max-keys": 11}}
    put(users, allow("s3:ListBucket", "things", Condition=condition))
    wanted: dict[str, Any] = {"Bucket": "things", "Prefix": "public/", "Delimiter": "/", "MaxKeys": 10}
    assert status_of(users.bob.list_objects_v2, **wanted) == 200
    for change in ({"Prefix": ""}, {"Delimiter": ","}, {"MaxKeys": 11}):
        denied(users.bob.list_objects_v2, **{**wanted, **change})


def test_conditions_on_the_sender(users: People) -> None:
    here = {"IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}}
    put(users, allow("s3:GetObject", "things/a", Condition=here))
    assert status_of(users.nobody.get_object, Bucket="things", Key="a") == 200
    elsewhere = {"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}}
    put(users, allow("s3:GetObject", "things/a", Condition=elsewhere))
    denied(users.nobody.get_object, Bucket="things", Key="a")
    put(users, allow("s3:GetObject", "things/*", Condition={"StringEquals": {"aws:username": "bob"}}))
    assert status_of(users.bob.get_object, Bucket="things", Key="a") == 200
    denied(users.carol.get_object, Bucket="things", Key="a")
    denied(users.nobody.get_object, Bucket="things", Key="a")


def test_conditions_on_headers(users: People) -> None:
    condition = {"StringLike": {"aws:Referer": "http://example.com/*", "aws:UserAgent": "Lynx*"}}
    put(users, allow("s3:GetObject", "things/*", Condition=condition))
    url = f"{users.url}/things/a"
    good = {"referer": "http://example.com/page", "user-agent": "Lynx/2"}
    assert raw("GET", url, headers=good) == (200, b"a")
    for change in ({"referer": "http://example.org/"}, {"user-agent": "curl"}):
        assert raw("GET", url, headers={**good, **change})[0] == 403


def test_conditions_on_the_signature(users: People) -> None:
    put(
        users,
        allow("s3:GetObject", "things/*", Condition={"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}),
        allow(
            "s3:GetObject", "things/private/*", effect="Deny", Condition={"NumericGreaterThan": {"s3:signatureAge": 0}}
        ),
    )
    denied(users.bob.get_object, Bucket="things", Key="a")
    signing = client(users.url, BOB, signature_version="s3v4")
    url = signing.generate_presigned_url("get_object", Params={"Bucket": "things", "Key": "a"})
    assert raw("GET", url) == (200, b"a")
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    put(users, allow("s3:*", "things", "things/*", effect="Deny", Condition=plain))
    denied(users.alice.get_object, Bucket="things", Key="a")


def test_a_condition_on_a_version(users: People) -> None:
    users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    version = users.alice.put_object(Bucket="things", Key="v", Body=b"1")["VersionId"]
    other = users.alice.put_object(Bucket="things", Key="v", Body=b"2")["VersionId"]
    condition = {"StringEquals": {"s3:VersionId": version}}
    put(users, allow("s3:GetObjectVersion", "things/*", Condition=condition))
    assert users.bob.get_object(Bucket="things", Key="v", VersionId=version)["Body"].read() == b"1"
    denied(users.bob.get_object, Bucket="things", Key="v", VersionId=other)
    denied(users.bob.get_object, Bucket="things", Key="v")
    put(users, allow("s3:GetObject", "things/*"))
    assert status_of(users.bob.get_object, Bucket="things", Key="v") == 200
    denied(users.bob.get_object, Bucket="things", Key="v", VersionId=version)
    users.alice.delete_bucket_policy(Bucket="things")
    users.alice.delete_objects(
        Bucket="things", Delete={"Objects": [{"Key": "v", "VersionId": one} for one in (version, other)]}
    )


def test_a_multipart_upload_by_policy(users: People) -> None:
    put(users, allow("*", "things", "things/*"))
    upload = users.bob.create_multipart_upload(Bucket="things", Key="big")["UploadId"]
    named: dict[str, Any] = {"Bucket": "things", "Key": "big", "UploadId": upload}
    etag = users.bob.upload_part(**named, PartNumber=1, Body=b"x")["ETag"]
    users.bob.upload_part_copy(**named, PartNumber=2, CopySource="things/a")
    assert len(users.bob.list_parts(**named)["Parts"]) == 2
    assert len(users.bob.list_multipart_uploads(Bucket="things")["Uploads"]) == 1
    users.bob.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    found = users.store.head_object("things", "big").owner
    assert found is not None
    assert found.id == "bob"
    # It is his own object now, and the policy of the bucket is not about it.
    denied(users.carol.get_object, Bucket="things", Key="big")
    denied(users.alice.get_object, Bucket="things", Key="big")


def test_all_settings_have_actions(users: People) -> None:
    put(users, allow("s3:GetBucketCORS", "things"), allow("s3:PutBucketTagging", "things"))
    denied(users.bob.get_bucket_cors, Bucket="things", code="NoSuchCORSConfiguration", status=404)
    denied(users.bob.get_bucket_tagging, Bucket="things")
    users.bob.put_bucket_tagging(Bucket="things", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    denied(users.bob.put_bucket_policy, Bucket="things", Policy=policy(allow("s3:*", "things")))
    denied(users.bob.get_bucket_versioning, Bucket="things")


def test_a_bypass_of_a_lock_needs_a_right(users: People) -> None:
    users.alice.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    version = users.alice.put_object(
        Bucket="locked", Key="a", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate="2099-01-01T00:00:00Z"
    )["VersionId"]
    users.alice.put_bucket_policy(Bucket="locked", Policy=policy(allow("s3:DeleteObjectVersion", "locked/*")))
    named = {"Bucket": "locked", "Key": "a", "VersionId": version, "BypassGovernanceRetention": True}
    denied(users.bob.delete_object, **named)
    batch = {"Objects": [{"Key": "a", "VersionId": version}]}
    response = users.bob.delete_objects(Bucket="locked", Delete=batch, BypassGovernanceRetention=True)
    assert [error["Code"] for error in response["Errors"]] == ["AccessDenied"]
    both = ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    users.alice.put_bucket_policy(Bucket="locked", Policy=policy(allow(both, "locked/*")))
    users.bob.delete_object(**named)


def test_a_bypass_of_a_retention_needs_a_right(users: People) -> None:
    users.alice.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    users.alice.put_object(
        Bucket="locked", Key="a", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate="2099-01-01T00:00:00Z"
    )
    users.alice.put_bucket_policy(Bucket="locked", Policy=policy(allow("s3:PutObjectRetention", "locked/*")))

    def retain(year: int) -> dict[str, Any]:
        until = f"{year}-01-01T00:00:00Z"
        return {"Bucket": "locked", "Key": "a", "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until}}

    users.bob.put_object_retention(**retain(2100))
    denied(users.bob.put_object_retention, **retain(2050))
    denied(users.bob.put_object_retention, **retain(2050), BypassGovernanceRetention=True)
    denied(users.bob.put_object_retention, **retain(2101), BypassGovernanceRetention=True)
    assert str(users.alice.head_object(Bucket="locked", Key="a")["ObjectLockRetainUntilDate"]).startswith("2100")
    both = ["s3:PutObjectRetention", "s3:BypassGovernanceRetention"]
    users.alice.put_bucket_policy(Bucket="locked", Policy=policy(allow(both, "locked/*")))
    users.bob.put_object_retention(**retain(2050), BypassGovernanceRetention=True)
