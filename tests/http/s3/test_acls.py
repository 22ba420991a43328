"""Access control lists of buckets and objects, as boto3 puts and gets them, and what they open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bucketry import Owner

from tests.http.s3.users import (
    ALICE,
    EVERYBODY,
    SIGNERS,
    People,
    allow,
    client,
    denied,
    empty,
    people,
    policy,
    raw,
    status_of,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[People]:
    with people() as found:
        yield found


@pytest.fixture
def users(shared: People) -> People:
    empty(shared.store)
    return shared


def grants(response: Any) -> set[tuple[str, str]]:
    """Returns grantees and permissions of an ACL."""
    return {
        (grant["Grantee"].get("ID") or grant["Grantee"]["URI"], grant["Permission"]) for grant in response["Grants"]
    }


OWNER_ALONE = {("alice", "FULL_CONTROL")}
CANNED = {
    "private": OWNER_ALONE,
    "public-read": OWNER_ALONE | {(EVERYBODY, "READ")},
    "public-read-write": OWNER_ALONE | {(EVERYBODY, "READ"), (EVERYBODY, "WRITE")},
    "authenticated-read": OWNER_ALONE | {(SIGNERS, "READ")},
}


@pytest.mark.parametrize("name", CANNED)
def test_canned_acls_of_a_bucket(users: People, name: str) -> None:
    users.alice.create_bucket(Bucket="things", ACL=name)
    assert grants(users.alice.get_bucket_acl(Bucket="things")) == CANNED[name]
    users.alice.put_bucket_acl(Bucket="things", ACL="public-read")
    users.alice.put_bucket_acl(Bucket="things", ACL=name)
    found = users.alice.get_bucket_acl(Bucket="things")
    assert (grants(found), found["Owner"]) == (CANNED[name], {"ID": "alice", "DisplayName": "Alice A."})


@pytest.mark.parametrize("name", CANNED)
def test_canned_acls_of_an_object(users: People, name: str) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a", ACL=name)
    assert grants(users.alice.get_object_acl(Bucket="things", Key="a")) == CANNED[name]
    users.alice.put_object(Bucket="things", Key="b")
    assert grants(users.alice.get_object_acl(Bucket="things", Key="b")) == OWNER_ALONE
    users.alice.put_object_acl(Bucket="things", Key="b", ACL=name)
    assert grants(users.alice.get_object_acl(Bucket="things", Key="b")) == CANNED[name]
    users.alice.copy_object(Bucket="things", Key="c", CopySource="things/a", ACL=name)
    assert grants(users.alice.get_object_acl(Bucket="things", Key="c")) == CANNED[name]
    users.alice.copy_object(Bucket="things", Key="d", CopySource="things/a")
    assert grants(users.alice.get_object_acl(Bucket="things", Key="d")) == OWNER_ALONE
    upload = users.alice.create_multipart_upload(Bucket="things", Key="e", ACL=name)["UploadId"]
    named = {"Bucket": "things", "Key": "e", "UploadId": upload}
    etag = users.alice.upload_part(**named, PartNumber=1, Body=b"x")["ETag"]
    users.alice.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert grants(users.alice.get_object_acl(Bucket="things", Key="e")) == CANNED[name]


@pytest.mark.parametrize(
    ("name", "permission"), [("bucket-owner-read", "READ"), ("bucket-owner-full-control", "FULL_CONTROL")]
)
def test_canned_acls_for_the_owner_of_the_bucket(users: People, name: str, permission: str) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read-write")
    users.bob.put_object(Bucket="things", Key="a", Body=b"x")
    denied(users.alice.get_object, Bucket="things", Key="a")
    users.bob.put_object_acl(Bucket="things", Key="a", ACL=name)
    found = users.bob.get_object_acl(Bucket="things", Key="a")
    assert grants(found) == {("bob", "FULL_CONTROL"), ("alice", permission)}
    assert found["Owner"]["ID"] == "bob"
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"x"
    assert (status_of(users.alice.get_object_acl, Bucket="things", Key="a") == 200) == (permission == "FULL_CONTROL")


def test_an_acl_that_nobody_knows(users: People) -> None:
    denied(users.alice.create_bucket, Bucket="things", ACL="open", code="InvalidArgument", status=400)
    users.alice.create_bucket(Bucket="things")
    denied(users.alice.put_bucket_acl, Bucket="things", ACL="open", code="InvalidArgument", status=400)
    denied(users.alice.put_object, Bucket="things", Key="a", ACL="open", code="InvalidArgument", status=400)
    assert users.store.list_objects("things").objects == ()


HEADERS = {
    "GrantFullControl": "FULL_CONTROL",
    "GrantRead": "READ",
    "GrantReadACP": "READ_ACP",
    "GrantWrite": "WRITE",
    "GrantWriteACP": "WRITE_ACP",
}
TO_BOB = {("bob", permission) for permission in HEADERS.values()}


@pytest.mark.parametrize("grantee", ["id=bob", 'id="bob"', 'emailAddress="Bob@Example.com"'])
def test_grants_in_headers(users: People, grantee: str) -> None:
    users.alice.create_bucket(Bucket="things", **dict.fromkeys(HEADERS, grantee))
    assert grants(users.alice.get_bucket_acl(Bucket="things")) == TO_BOB
    # Nothing in the ACL is for the owner, who can only read and write the ACL itself.
    denied(users.alice.put_object, Bucket="things", Key="a")
    users.bob.put_object(Bucket="things", Key="a")
    users.alice.put_bucket_acl(Bucket="things", ACL="private")
    users.alice.put_object(Bucket="things", Key="b", **dict.fromkeys(HEADERS.keys() - {"GrantWrite"}, grantee))
    expected = TO_BOB - {("bob", "WRITE")}
    found = users.alice.get_object_acl(Bucket="things", Key="b")
    assert (grants(found), found["Owner"]["ID"]) == (expected, "alice")


def test_several_grantees_in_a_header(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    several = f'id="bob", uri="{EVERYBODY}" , emailAddress=alice@example.com,id=carol'
    users.alice.put_bucket_acl(Bucket="things", GrantRead=several)
    expected = {(who, "READ") for who in ("bob", EVERYBODY, "alice", "carol")}
    assert grants(users.alice.get_bucket_acl(Bucket="things")) == expected


@pytest.mark.parametrize(
    ("grantee", "code"),
    [
        ("id=nobody", "InvalidArgument"),
        ("emailAddress=nobody@example.com", "UnresolvableGrantByEmailAddress"),
        ("uri=http://example.com/", "InvalidArgument"),
        ("bob", "InvalidArgument"),
        ("name=bob", "InvalidArgument"),
        ('id="bob', "InvalidArgument"),
        ("id=bob id=carol", "InvalidArgument"),
    ],
)
def test_a_grantee_that_is_not_known(users: People, grantee: str, code: str) -> None:
    users.alice.create_bucket(Bucket="things")
    denied(users.alice.put_bucket_acl, Bucket="things", GrantRead=grantee, code=code, status=400)
    denied(users.alice.put_object, Bucket="things", Key="a", GrantRead=grantee, code=code, status=400)
    assert grants(users.alice.get_bucket_acl(Bucket="things")) == OWNER_ALONE


def test_a_canned_acl_and_grants_together(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    denied(
        users.alice.put_bucket_acl,
        Bucket="things",
        ACL="private",
        GrantRead="id=bob",
        code="InvalidRequest",
        status=400,
    )


def document(*listed: tuple[dict[str, str], str], owner: str = "alice") -> dict[str, Any]:
    return {
        "Owner": {"ID": owner},
        "Grants": [{"Grantee": grantee, "Permission": permission} for grantee, permission in listed],
    }


BOB_BY_ID = {"Type": "CanonicalUser", "ID": "bob"}
BOB_BY_EMAIL = {"Type": "AmazonCustomerByEmail", "EmailAddress": "bob@example.com"}
BY_BOB: dict[str, Callable[[People], Any]] = {
    "READ": lambda users: users.bob.list_objects_v2(Bucket="things"),
    "WRITE": lambda users: users.bob.put_object(Bucket="things", Key="b"),
    "READ_ACP": lambda users: users.bob.get_bucket_acl(Bucket="things"),
    "WRITE_ACP": lambda users: users.bob.put_bucket_acl(Bucket="things", ACL="private"),
}


@pytest.mark.parametrize("permission", [*BY_BOB, "FULL_CONTROL"])
@pytest.mark.parametrize("grantee", [BOB_BY_ID, BOB_BY_EMAIL], ids=["by id", "by address"])
def test_grants_of_a_bucket_in_a_document(users: People, permission: str, grantee: dict[str, str]) -> None:
    users.alice.create_bucket(Bucket="things")
    mine = ({"Type": "CanonicalUser", "ID": "alice"}, "FULL_CONTROL")
    users.alice.put_bucket_acl(Bucket="things", AccessControlPolicy=document(mine, (grantee, permission)))
    found = users.alice.get_bucket_acl(Bucket="things")
    assert grants(found) == OWNER_ALONE | {("bob", permission)}
    assert {grant["Grantee"].get("DisplayName") for grant in found["Grants"]} == {"Alice A.", "Bob B."}
    for needed, call in BY_BOB.items():
        if needed != "WRITE_ACP":
            assert (status_of(lambda call=call: call(users)) == 200) == (permission in (needed, "FULL_CONTROL"))
    assert status_of(lambda: BY_BOB["WRITE_ACP"](users)) == (
        200 if permission in ("WRITE_ACP", "FULL_CONTROL") else 403
    )
    denied(users.carol.list_objects_v2, Bucket="things")


@pytest.mark.parametrize("permission", ["FULL_CONTROL", "READ", "READ_ACP", "WRITE_ACP", "WRITE"])
def test_grants_of_an_object_in_a_document(users: People, permission: str) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a", Body=b"x", Metadata={"colour": "red"})
    before = users.alice.head_object(Bucket="things", Key="a")
    users.alice.put_object_acl(Bucket="things", Key="a", AccessControlPolicy=document((BOB_BY_ID, permission)))
    assert grants(users.alice.get_object_acl(Bucket="things", Key="a")) == {("bob", permission)}
    full = permission == "FULL_CONTROL"
    named = {"Bucket": "things", "Key": "a"}
    assert (status_of(users.bob.get_object, **named) == 200) == (full or permission == "READ")
    assert (status_of(users.bob.get_object_acl, **named) == 200) == (full or permission == "READ_ACP")
    assert status_of(users.bob.put_object, **named) == 403
    writes_acl = full or permission == "WRITE_ACP"
    assert (status_of(users.bob.put_object_acl, **named, ACL="public-read") == 200) == writes_acl
    users.alice.put_object_acl(**named, ACL="private")
    after = users.alice.head_object(**named)
    assert [after[name] for name in ("ETag", "Metadata", "LastModified")] == [
        before[name] for name in ("ETag", "Metadata", "LastModified")
    ]


@pytest.mark.parametrize(
    ("grantee", "code"),
    [
        ({"Type": "CanonicalUser", "ID": "nobody"}, "InvalidArgument"),
        ({"Type": "AmazonCustomerByEmail", "EmailAddress": "x@example.com"}, "UnresolvableGrantByEmailAddress"),
    ],
)
def test_a_document_about_nobody(users: People, grantee: dict[str, str], code: str) -> None:
    users.alice.create_bucket(Bucket="things")
    acl = document((grantee, "READ"))
    denied(users.alice.put_bucket_acl, Bucket="things", AccessControlPolicy=acl, code=code, status=400)


def test_an_owner_cannot_be_changed(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    denied(users.alice.put_bucket_acl, Bucket="things", AccessControlPolicy=document(owner="bob"))


def test_all_grants_can_be_revoked(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a", Body=b"x")
    users.alice.put_bucket_acl(Bucket="things", AccessControlPolicy=document())
    assert grants(users.alice.get_bucket_acl(Bucket="things")) == set()
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"x"
    denied(users.alice.put_object, Bucket="things", Key="b")
    users.alice.put_bucket_acl(Bucket="things", ACL="private")
    users.alice.put_object(Bucket="things", Key="b")


@pytest.mark.parametrize("of_object", ["private", "public-read", "public-read-write"])
@pytest.mark.parametrize("of_bucket", ["private", "public-read", "public-read-write"])
def test_the_acls_of_a_bucket_and_an_object_are_two_things(users: People, of_bucket: str, of_object: str) -> None:
    users.alice.create_bucket(Bucket="things", ACL=of_bucket)
    users.alice.put_object(Bucket="things", Key="a", Body=b"a", ACL=of_object)
    users.alice.put_object(Bucket="things", Key="b", Body=b"b")
    for other in (users.bob, users.nobody):
        assert (status_of(other.get_object, Bucket="things", Key="a") == 200) == (of_object != "private")
        assert status_of(other.get_object, Bucket="things", Key="b") == 403
        for listing in (other.list_objects, other.list_objects_v2):
            assert (status_of(listing, Bucket="things") == 200) == (of_bucket != "private")
        may_write = of_bucket == "public-read-write"
        for key in ("a", "c"):
            assert (status_of(other.put_object, Bucket="things", Key=key, Body=b"new") == 200) == may_write
            assert (status_of(other.delete_object, Bucket="things", Key=key) == 204) == may_write
        users.alice.put_object(Bucket="things", Key="a", Body=b"a", ACL=of_object)


def test_what_a_stranger_deletes_in_a_batch(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read-write")
    for key in ("a", "b", "c"):
        users.alice.put_object(Bucket="things", Key=key)
    users.alice.put_bucket_policy(Bucket="things", Policy=policy(allow("s3:DeleteObject", "things/b", effect="Deny")))
    listed = {"Objects": [{"Key": key} for key in ("a", "b", "none")]}
    response = users.bob.delete_objects(Bucket="things", Delete=listed)
    assert sorted(entry["Key"] for entry in response["Deleted"]) == ["a", "none"]
    assert [(error["Key"], error["Code"]) for error in response["Errors"]] == [("b", "AccessDenied")]
    assert [info.key for info in users.store.iter_objects("things")] == ["b", "c"]


def test_acls_of_versions(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    first = users.alice.put_object(Bucket="things", Key="a", Body=b"1", ACL="public-read")["VersionId"]
    second = users.alice.put_object(Bucket="things", Key="a", Body=b"2")["VersionId"]
    assert grants(users.alice.get_object_acl(Bucket="things", Key="a")) == OWNER_ALONE
    found = users.alice.get_object_acl(Bucket="things", Key="a", VersionId=first)
    assert grants(found) == CANNED["public-read"]
    assert users.nobody.get_object(Bucket="things", Key="a", VersionId=first)["Body"].read() == b"1"
    denied(users.nobody.get_object, Bucket="things", Key="a", VersionId=second)
    denied(users.nobody.get_object, Bucket="things", Key="a")
    users.alice.put_object_acl(Bucket="things", Key="a", VersionId=first, ACL="private")
    denied(users.nobody.get_object, Bucket="things", Key="a", VersionId=first)
    users.alice.put_object_acl(Bucket="things", Key="a", ACL="public-read")
    assert users.nobody.get_object(Bucket="things", Key="a")["Body"].read() == b"2"
    users.alice.delete_objects(
        Bucket="things", Delete={"Objects": [{"Key": "a", "VersionId": version} for version in (first, second)]}
    )


def test_the_acl_of_nothing(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    for call in (users.alice.get_object_acl, users.alice.put_object_acl):
        more = {"ACL": "private"} if call == users.alice.put_object_acl else {}
        denied(call, Bucket="things", Key="none", **more, code="NoSuchKey", status=404)
        denied(call, Bucket="none", Key="none", **more, code="NoSuchBucket", status=404)


def test_a_presigned_upload_has_an_acl(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    presigning = client(users.url, ALICE, signature_version="s3v4")
    asked = {"Bucket": "things", "Key": "a", "ACL": "public-read"}
    url = presigning.generate_presigned_url("put_object", Params=asked)
    assert raw("PUT", url, b"x", {"x-amz-acl": "public-read"})[0] == 200
    assert raw("GET", f"{users.url}/things/a") == (200, b"x")


# Object ownership


def test_ownership_of_a_new_bucket(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ObjectOwnership="BucketOwnerPreferred")
    rules = users.alice.get_bucket_ownership_controls(Bucket="things")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerPreferred"}]
    users.alice.delete_bucket_ownership_controls(Bucket="things")
    denied(
        users.alice.get_bucket_ownership_controls,
        Bucket="things",
        code="OwnershipControlsNotFoundError",
        status=404,
    )
    denied(users.alice.create_bucket, Bucket="more", ObjectOwnership="Mine", code="InvalidArgument", status=400)
    denied(
        users.alice.create_bucket,
        Bucket="more",
        ObjectOwnership="BucketOwnerEnforced",
        ACL="public-read",
        code="InvalidBucketAclWithObjectOwnership",
        status=400,
    )


@pytest.mark.parametrize(
    ("ownership", "acl", "owner"),
    [
        ("ObjectWriter", "bucket-owner-full-control", "bob"),
        ("BucketOwnerPreferred", "private", "bob"),
        ("BucketOwnerPreferred", "bucket-owner-full-control", "alice"),
        ("BucketOwnerEnforced", "bucket-owner-full-control", "alice"),
        ("BucketOwnerEnforced", None, "alice"),
    ],
)
def test_who_owns_what_others_write(users: People, ownership: str, acl: str | None, owner: str) -> None:
    users.alice.create_bucket(Bucket="things", ObjectOwnership=ownership)
    users.alice.put_bucket_policy(Bucket="things", Policy=policy(allow("s3:PutObject", "things/*")))
    users.bob.put_object(Bucket="things", Key="a", **({"ACL": acl} if acl else {}))
    found = users.store.head_object("things", "a").owner or Owner(id="alice")
    assert found.id == owner
    assert (status_of(users.alice.get_object, Bucket="things", Key="a") == 200) == (
        owner == "alice" or acl == "bucket-owner-full-control"
    )


def test_where_the_owner_is_enforced_there_are_no_acls(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ObjectOwnership="BucketOwnerEnforced")
    users.alice.put_object(Bucket="things", Key="a")
    wrong: dict[str, Any] = {"ACL": "public-read", "code": "AccessControlListNotSupported", "status": 400}
    denied(users.alice.put_object, Bucket="things", Key="b", **wrong)
    denied(users.alice.put_object_acl, Bucket="things", Key="a", **wrong)
    denied(users.alice.put_bucket_acl, Bucket="things", **wrong)
    denied(users.alice.create_multipart_upload, Bucket="things", Key="b", **wrong)
    denied(users.alice.copy_object, Bucket="things", Key="b", CopySource="things/a", **wrong)
    users.alice.put_object(Bucket="things", Key="b", ACL="bucket-owner-full-control")
    users.alice.put_object_acl(Bucket="things", Key="b", ACL="bucket-owner-full-control")
    assert grants(users.alice.get_object_acl(Bucket="things", Key="b")) == OWNER_ALONE


# Public access block


BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def block(users: People, *names: str) -> None:
    configuration = {name: name in names for name in BLOCK}
    users.alice.put_public_access_block(Bucket="things", PublicAccessBlockConfiguration=configuration)


def test_public_acls_can_be_blocked(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    block(users, "BlockPublicAcls")
    for name in ("public-read", "public-read-write", "authenticated-read"):
        denied(users.alice.put_bucket_acl, Bucket="things", ACL=name)
        denied(users.alice.put_object, Bucket="things", Key="a", ACL=name)
    denied(users.alice.put_object, Bucket="things", Key="a", GrantRead=f"uri={EVERYBODY}")
    users.alice.put_object(Bucket="things", Key="a", ACL="private")
    denied(users.alice.put_object_acl, Bucket="things", Key="a", ACL="public-read")
    users.alice.put_object_acl(Bucket="things", Key="a", GrantRead="id=bob")


def test_public_acls_can_be_ignored(users: People) -> None:
    users.alice.create_bucket(Bucket="things", ACL="public-read")
    users.alice.put_object(Bucket="things", Key="a", ACL="public-read")
    assert status_of(users.nobody.list_objects_v2, Bucket="things") == 200
    block(users, "IgnorePublicAcls")
    for other in (users.nobody, users.bob):
        denied(other.list_objects_v2, Bucket="things")
        denied(other.get_object, Bucket="things", Key="a")
    # They are kept, and count again.
    users.alice.delete_public_access_block(Bucket="things")
    assert status_of(users.nobody.get_object, Bucket="things", Key="a") == 200


def test_public_policies_can_be_blocked(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    block(users, "BlockPublicPolicy")
    public = policy(allow("s3:GetObject", "things/*"))
    denied(users.alice.put_bucket_policy, Bucket="things", Policy=public)
    users.alice.put_bucket_policy(
        Bucket="things", Policy=policy(allow("s3:GetObject", "things/*", Principal={"AWS": "bob"}))
    )


def test_public_buckets_can_be_restricted(users: People) -> None:
    users.alice.create_bucket(Bucket="things")
    users.alice.put_object(Bucket="things", Key="a", Body=b"x")
    users.alice.put_bucket_policy(Bucket="things", Policy=policy(allow("s3:GetObject", "things/*")))
    assert users.nobody.get_object(Bucket="things", Key="a")["Body"].read() == b"x"
    block(users, "RestrictPublicBuckets")
    for other in (users.nobody, users.bob):
        denied(other.get_object, Bucket="things", Key="a")
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"x"


@pytest.mark.parametrize(
    ("acl", "statement", "public"),
    [
        ("private", None, False),
        ("public-read", None, True),
        ("authenticated-read", None, True),
        ("private", allow("s3:ListBucket", "things"), True),
        ("private", allow("s3:ListBucket", "things", Principal={"AWS": "arn:aws:iam::elsewhere:root"}), False),
        (
            "private",
            allow("s3:ListBucket", "things", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/32"}}),
            False,
        ),
    ],
)
def test_whether_a_bucket_is_public(users: People, acl: str, statement: dict[str, Any] | None, public: bool) -> None:
    users.alice.create_bucket(Bucket="things", ACL=acl)
    if statement is not None:
        users.alice.put_bucket_policy(Bucket="things", Policy=policy(statement))
    assert users.alice.get_bucket_policy_status(Bucket="things")["PolicyStatus"]["IsPublic"] == public
    denied(users.bob.get_bucket_policy_status, Bucket="things")
