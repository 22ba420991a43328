"""ACLs, ownership, blocks of public access and policies, with several users."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.s3.client import Client
from tests.http.s3.encrypting import KMS_KEY, sse_c
from tests.http.s3.test_forms import post
from tests.http.s3.users import BOB, EVERYBODY, SIGNERS, People, allow, denied, policy, raw, status_of


def put_policy(users: People, *statements: dict[str, Any], bucket: str = "things") -> None:
    users.alice.put_bucket_policy(Bucket=bucket, Policy=policy(*statements))


def grants_of(response: Any) -> set[tuple[str, str]]:
    return {
        (grant["Grantee"].get("ID") or grant["Grantee"]["URI"], grant["Permission"]) for grant in response["Grants"]
    }


MATRIX = {
    ("private", "private"): (False, False, False),
    ("private", "public-read"): (True, False, False),
    ("private", "public-read-write"): (True, False, False),
    ("public-read", "private"): (False, False, True),
    ("public-read", "public-read"): (True, False, True),
    ("public-read", "public-read-write"): (True, False, True),
    ("public-read-write", "private"): (False, True, True),
    ("public-read-write", "public-read"): (True, True, True),
    ("public-read-write", "public-read-write"): (True, True, True),
}


@pytest.mark.parametrize(("acls", "may"), MATRIX.items(), ids=lambda value: "-".join(map(str, value)))
def test_what_a_stranger_may_by_acls(users: People, acls: Any, may: tuple[bool, bool, bool]) -> None:
    users.alice.put_bucket_acl(Bucket="things", ACL=acls[0])
    users.alice.put_object(Bucket="things", Key="a", Body=b"foo", ACL=acls[1])
    users.alice.put_object(Bucket="things", Key="b", Body=b"bar")
    for stranger in (users.bob, users.nobody):
        assert (status_of(stranger.get_object, Bucket="things", Key="a") == 200) == may[0]
        assert status_of(stranger.get_object, Bucket="things", Key="b") == 403
        for listing in (stranger.list_objects, stranger.list_objects_v2):
            assert (status_of(listing, Bucket="things") == 200) == may[2]
    for key in ("new", "b"):
        assert (status_of(users.bob.put_object, Bucket="things", Key=key, Body=b"x") == 200) == may[1]


GRANTS = {
    "READ": (True, False, False, False),
    "READ_ACP": (False, True, False, False),
    "WRITE": (False, False, True, False),
    "WRITE_ACP": (False, False, False, True),
    "FULL_CONTROL": (True, True, True, True),
}


@pytest.mark.parametrize(("permission", "may"), GRANTS.items())
def test_grants_of_a_bucket_by_id(users: People, permission: str, may: tuple[bool, ...]) -> None:
    granted: Any = users.alice.get_bucket_acl(Bucket="things")
    grantee = {"ID": "bob", "Type": "CanonicalUser"}
    granted["Grants"].append({"Grantee": grantee, "Permission": permission})
    users.alice.put_bucket_acl(
        Bucket="things", AccessControlPolicy={"Owner": granted["Owner"], "Grants": granted["Grants"]}
    )
    assert (status_of(users.bob.list_objects, Bucket="things") == 200) == may[0]
    assert (status_of(users.bob.get_bucket_acl, Bucket="things") == 200) == may[1]
    assert (status_of(users.bob.put_object, Bucket="things", Key="x") == 200) == may[2]
    assert (status_of(users.bob.put_bucket_acl, Bucket="things", ACL="public-read") == 200) == may[3]


def test_a_grantee_by_id_or_email_or_nobody(users: People) -> None:
    owner = users.alice.get_bucket_acl(Bucket="things")["Owner"]

    def granting(**grantee: Any) -> dict[str, Any]:
        grants = [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]
        return {"Bucket": "things", "AccessControlPolicy": {"Owner": owner, "Grants": grants}}

    users.alice.put_bucket_acl(**granting(Type="AmazonCustomerByEmail", EmailAddress="bob@example.com"))
    assert grants_of(users.bob.get_bucket_acl(Bucket="things")) == {("bob", "FULL_CONTROL")}
    refused = granting(Type="AmazonCustomerByEmail", EmailAddress="nobody@example.com")
    denied(users.alice.put_bucket_acl, **refused, code="UnresolvableGrantByEmailAddress", status=400)
    denied(
        users.alice.put_bucket_acl,
        **granting(Type="CanonicalUser", ID="_foo"),
        code="InvalidArgument",
        status=400,
    )


def test_grants_in_headers(users: People) -> None:
    given: Any = {f"Grant{name}": "id=bob" for name in ("FullControl", "Read", "ReadACP", "WriteACP")}
    users.alice.put_object(Bucket="things", Key="a", **given)
    assert grants_of(users.alice.get_object_acl(Bucket="things", Key="a")) == {
        ("bob", permission) for permission in ("FULL_CONTROL", "READ", "READ_ACP", "WRITE_ACP")
    }
    users.alice.create_bucket(Bucket="others", ObjectOwnership="ObjectWriter", **given, GrantWrite="id=bob")
    assert grants_of(users.alice.get_bucket_acl(Bucket="others")) == {("bob", permission) for permission in GRANTS}
    assert status_of(users.bob.list_objects, Bucket="others") == 200


def test_all_grants_of_a_bucket_are_revoked(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a", Body=b"a")
    owner = users.alice.get_bucket_acl(Bucket="things")["Owner"]
    users.alice.put_bucket_acl(Bucket="things", AccessControlPolicy={"Owner": owner, "Grants": []})
    assert users.alice.get_bucket_acl(Bucket="things")["Grants"] == []
    assert status_of(users.alice.get_bucket_acl, Bucket="things") == 200
    users.alice.put_bucket_acl(Bucket="things", ACL="private")
    assert status_of(users.alice.get_object, Bucket="things", Key="a") == 200


def test_an_acl_of_an_object_leaves_all_else(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a", Body=b"a", Metadata={"x": "y"}, ContentType="text/plain")
    before: Any = users.alice.head_object(Bucket="things", Key="a")
    users.alice.put_object_acl(Bucket="things", Key="a", GrantFullControl="id=bob")
    after: Any = users.bob.head_object(Bucket="things", Key="a")
    for name in ("ETag", "Metadata", "ContentType", "LastModified", "ContentLength"):
        assert before[name] == after[name]


def test_acls_of_versions(users: People) -> None:
    users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    first, second = (users.alice.put_object(Bucket="things", Key="a", Body=body)["VersionId"] for body in (b"1", b"2"))
    users.alice.put_object_acl(Bucket="things", Key="a", VersionId=first, ACL="public-read")
    assert users.nobody.get_object(Bucket="things", Key="a", VersionId=first)["Body"].read() == b"1"
    denied(users.nobody.get_object, Bucket="things", Key="a", VersionId=second)
    denied(users.nobody.get_object, Bucket="things", Key="a")
    users.alice.put_object_acl(Bucket="things", Key="a", ACL="public-read")
    assert users.nobody.get_object(Bucket="things", Key="a")["Body"].read() == b"2"
    assert (EVERYBODY, "READ") in grants_of(users.alice.get_object_acl(Bucket="things", Key="a", VersionId=second))


def test_a_copy_out_of_a_strangers_bucket(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a", Body=b"a")
    users.bob.create_bucket(Bucket="bobs")
    source: Any = {"Bucket": "things", "Key": "a"}
    denied(users.bob.copy_object, Bucket="bobs", Key="a", CopySource=source)
    users.alice.put_object_acl(Bucket="things", Key="a", GrantRead="id=bob")
    users.bob.copy_object(Bucket="bobs", Key="a", CopySource=source, ACL="public-read")
    assert users.nobody.get_object(Bucket="bobs", Key="a")["Body"].read() == b"a"
    assert users.bob.get_object_acl(Bucket="bobs", Key="a")["Owner"]["ID"] == "bob"


@pytest.mark.parametrize("ownership", ["ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"])
def test_ownership_of_a_bucket(users: People, ownership: Any) -> None:
    users.alice.create_bucket(Bucket="others", ObjectOwnership=ownership)
    told = users.alice.get_bucket_ownership_controls(Bucket="others")["OwnershipControls"]["Rules"]
    assert told == [{"ObjectOwnership": ownership}]
    users.alice.delete_bucket_ownership_controls(Bucket="others")
    missing: Any = {"code": "OwnershipControlsNotFoundError", "status": 404}
    denied(users.alice.get_bucket_ownership_controls, Bucket="others", **missing)
    users.alice.put_bucket_ownership_controls(
        Bucket="others", OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]}
    )
    enforced = ownership == "BucketOwnerEnforced"
    for acl, status in (("public-read", 400 if enforced else 200), ("bucket-owner-full-control", 200)):
        assert status_of(users.alice.put_object, Bucket="others", Key="a", ACL=acl) == status
    assert status_of(users.alice.put_bucket_acl, Bucket="others", ACL="public-read") == (400 if enforced else 200)
    put_policy(users, allow("s3:PutObject", "others/*"), bucket="others")
    users.bob.put_object(Bucket="others", Key="b", ACL="bucket-owner-full-control")
    owner: Any = users.alice.list_objects_v2(Bucket="others", FetchOwner=True, Prefix="b")
    expected = "bob" if ownership == "ObjectWriter" else "alice"
    assert owner["Contents"][0]["Owner"]["ID"] == expected


BLOCKED: Any = {
    "BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False,
}  # fmt: skip


def test_a_block_of_public_access(users: People) -> None:
    missing: Any = {"code": "NoSuchPublicAccessBlockConfiguration", "status": 404}
    denied(users.alice.get_public_access_block, Bucket="things", **missing)
    users.alice.put_public_access_block(Bucket="things", PublicAccessBlockConfiguration=BLOCKED)
    told = users.alice.get_public_access_block(Bucket="things")["PublicAccessBlockConfiguration"]
    assert told == BLOCKED
    for acl in ("public-read", "public-read-write", "authenticated-read"):
        denied(users.alice.put_bucket_acl, Bucket="things", ACL=acl)
        denied(users.alice.put_object, Bucket="things", Key="a", ACL=acl)
    denied(users.alice.put_object, Bucket="things", Key="a", GrantRead=f"uri={EVERYBODY}")
    denied(users.alice.create_multipart_upload, Bucket="things", Key="a", ACL="public-read")
    public = policy(allow("s3:GetObject", "things/*"))
    denied(users.alice.put_bucket_policy, Bucket="things", Policy=public)
    put_policy(users, allow("s3:GetObject", "things/*", Principal={"AWS": "arn:aws:iam:::user/bob"}))
    users.alice.delete_public_access_block(Bucket="things")
    denied(users.alice.get_public_access_block, Bucket="things", **missing)
    put_policy(users, allow("s3:GetObject", "things/*"))


def test_public_acls_that_are_ignored(users: People) -> None:
    users.alice.put_bucket_acl(Bucket="things", ACL="public-read")
    users.alice.put_object(Bucket="things", Key="a", Body=b"a", ACL="public-read")
    assert status_of(users.bob.list_objects, Bucket="things") == 200
    ignored: Any = {**BLOCKED, "BlockPublicAcls": False, "IgnorePublicAcls": True}
    users.alice.put_public_access_block(Bucket="things", PublicAccessBlockConfiguration=ignored)
    users.alice.put_bucket_acl(Bucket="things", ACL="public-read")
    for stranger in (users.bob, users.nobody):
        denied(stranger.list_objects, Bucket="things")
        denied(stranger.get_object, Bucket="things", Key="a")


STATUSES: list[tuple[str, dict[str, Any] | None, bool]] = [
    ("private", None, False),
    ("public-read", None, True),
    ("authenticated-read", None, True),
    ("private", allow("s3:ListBucket", "things"), True),
    ("private", allow("s3:ListBucket", "things", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/32"}}), False),
    ("private", allow("s3:ListBucket", "things", Principal={"AWS": "arn:aws:iam:::user/bob"}), False),
    ("private", allow("s3:ListBucket", "things", effect="Deny"), False),
]


@pytest.mark.parametrize(("acl", "statement", "public"), STATUSES)
def test_whether_a_bucket_is_public(users: People, acl: Any, statement: Any, public: bool) -> None:
    users.alice.put_bucket_acl(Bucket="things", ACL=acl)
    if statement:
        put_policy(users, statement)
    status = status_of(users.alice.get_bucket_policy_status, Bucket="things")
    assert status == 200
    assert users.alice.get_bucket_policy_status(Bucket="things")["PolicyStatus"]["IsPublic"] is public


def tagged(users: People) -> dict[str, int]:
    values = {"publictag": "security=public", "privatetag": "security=private", "invalidtag": "security1=public"}
    for key, tags in values.items():
        users.alice.put_object(Bucket="things", Key=key, Body=key.encode(), Tagging=tags)
    return {"publictag": 200, "privatetag": 403, "invalidtag": 403}


@pytest.mark.parametrize(
    ("action", "operation", "arguments"),
    [
        ("s3:GetObject", "get_object", {}),
        ("s3:GetObject", "head_object", {}),
        ("s3:GetObjectTagging", "get_object_tagging", {}),
        ("s3:GetObjectAcl", "get_object_acl", {}),
        ("s3:PutObjectAcl", "put_object_acl", {"ACL": "private"}),
        (
            "s3:PutObjectTagging",
            "put_object_tagging",
            {"Tagging": {"TagSet": [{"Key": "security", "Value": "private"}]}},
        ),
    ],
)
def test_policies_about_tags_that_are_there(users: People, action: str, operation: str, arguments: Any) -> None:
    condition = {"StringEquals": {"s3:ExistingObjectTag/security": "public"}}
    put_policy(users, allow(action, "things/*", Condition=condition))
    for key, status in tagged(users).items():
        assert status_of(getattr(users.bob, operation), Bucket="things", Key=key, **arguments) == status
    if operation == "put_object_tagging":
        # The tag that the policy asks for is gone.
        assert status_of(users.bob.put_object_tagging, Bucket="things", Key="publictag", **arguments) == 403


def test_policies_about_tags_of_the_request(users: People) -> None:
    condition = {"StringEquals": {"s3:RequestObjectTag/security": "public"}}
    put_policy(users, allow(["s3:PutObject", "s3:PutObjectTagging"], "things/*", Condition=condition))
    assert status_of(users.bob.put_object, Bucket="things", Key="a") == 403
    assert status_of(users.bob.put_object, Bucket="things", Key="a", Tagging="security=private") == 403
    assert status_of(users.bob.put_object, Bucket="things", Key="a", Tagging="security=public") == 200


def test_policies_about_sources_of_copies(users: People) -> None:
    for key in ("public/foo", "public/bar", "private/foo"):
        users.alice.put_object(Bucket="things", Key=key, Body=key.encode())
    users.alice.create_bucket(Bucket="others")
    put_policy(users, allow("s3:GetObject", "things/*"))
    like = {"StringLike": {"s3:x-amz-copy-source": "things/public/*"}}
    put_policy(users, allow("s3:PutObject", "others/*", Condition=like), bucket="others")
    for key, status in (("public/foo", 200), ("public/bar", 200), ("private/foo", 403)):
        source: Any = {"Bucket": "things", "Key": key}
        assert status_of(users.bob.copy_object, Bucket="others", Key="new", CopySource=source) == status
    meta = {"StringEquals": {"s3:x-amz-metadata-directive": "COPY"}}
    put_policy(users, allow("s3:PutObject", "others/*", Condition=meta), bucket="others")
    source = {"Bucket": "things", "Key": "public/foo"}
    copied: Any = {"Bucket": "others", "Key": "new", "CopySource": source}
    assert status_of(users.bob.copy_object, **copied, MetadataDirective="COPY") == 200
    assert status_of(users.bob.copy_object, **copied) == 403
    assert status_of(users.bob.copy_object, **copied, MetadataDirective="REPLACE") == 403


def test_policies_about_acls_and_grants_of_the_request(users: People) -> None:
    public = {"StringLike": {"s3:x-amz-acl": "public*"}}
    put_policy(
        users, allow("s3:PutObject", "things/*"), allow("s3:PutObject", "things/*", effect="Deny", Condition=public)
    )
    assert status_of(users.bob.put_object, Bucket="things", Key="a") == 200
    denied(users.bob.put_object, Bucket="things", Key="b", ACL="public-read")
    full = {"StringEquals": {"s3:x-amz-grant-full-control": "id=alice"}}
    put_policy(users, allow(["s3:PutObject", "s3:PutObjectAcl"], "things/*", Condition=full))
    denied(users.bob.put_object, Bucket="things", Key="c")
    assert status_of(users.bob.put_object, Bucket="things", Key="c", GrantFullControl="id=alice") == 200
    assert grants_of(users.alice.get_object_acl(Bucket="things", Key="c")) == {("alice", "FULL_CONTROL")}


SSE = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(("wanted", "other"), [("AES256", "aws:kms"), ("aws:kms", "AES256")])
def test_policies_that_demand_an_encryption(users: People, wanted: str, other: str) -> None:
    put_policy(
        users,
        allow("s3:PutObject", "things/*", effect="Deny", Condition={"StringNotEquals": {SSE: wanted}}),
        allow("s3:PutObject", "things/*", effect="Deny", Condition={"Null": {SSE: "true"}}),
    )
    put: Any = {"Bucket": "things", "Key": "a", "SSEKMSKeyId": KMS_KEY}
    plain: Any = {"Bucket": "things", "Key": "a"}
    denied(users.alice.put_object, **plain)
    denied(users.alice.put_object, **(put if other == "aws:kms" else plain), ServerSideEncryption=other)
    done = users.alice.put_object(**(put if wanted == "aws:kms" else plain), ServerSideEncryption=wanted)
    assert done["ServerSideEncryption"] == wanted


def test_a_policy_that_demands_a_customers_key(users: People) -> None:
    null = {"Null": {f"{SSE}-customer-algorithm": "true"}}
    put_policy(users, allow("s3:PutObject", "things/*", effect="Deny", Condition=null))
    denied(users.alice.put_object, Bucket="things", Key="a")
    assert status_of(users.alice.put_object, Bucket="things", Key="a", **sse_c()) == 200


def test_a_policy_of_one_bucket_fits_another(users: People) -> None:
    users.alice.create_bucket(Bucket="others")
    statement = allow("s3:ListBucket", "*", "*/*")
    statement["Resource"] = ["arn:aws:s3:::*", "arn:aws:s3:::*/*"]
    put_policy(users, statement)
    text = users.alice.get_bucket_policy(Bucket="things")["Policy"]
    users.alice.put_bucket_policy(Bucket="others", Policy=text)
    for bucket in ("things", "others"):
        for listing in (users.bob.list_objects, users.bob.list_objects_v2):
            assert status_of(listing, Bucket=bucket) == 200


def test_a_deny_of_the_policy_itself(users: People) -> None:
    statement = allow(["s3:GetBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketPolicy"], "things", effect="Deny")
    put_policy(users, statement)
    # The bucket's owner gets out of a policy that locks everybody out.
    assert status_of(users.alice.delete_bucket_policy, Bucket="things") == 204


def test_a_not_principal(users: People) -> None:
    statement = allow("s3:ListBucket", "things", effect="Deny")
    del statement["Principal"]
    statement["NotPrincipal"] = {"AWS": [f"arn:aws:iam:::user/{BOB.user_id}"]}
    put_policy(users, allow("s3:ListBucket", "things"), statement)
    assert status_of(users.bob.list_objects, Bucket="things") == 200
    assert status_of(users.carol.list_objects, Bucket="things") == 403


def test_signers_are_a_group(users: People) -> None:
    users.alice.put_bucket_acl(Bucket="things", ACL="authenticated-read")
    assert (SIGNERS, "READ") in grants_of(users.alice.get_bucket_acl(Bucket="things"))
    assert status_of(users.bob.list_objects, Bucket="things") == 200
    denied(users.nobody.list_objects, Bucket="things")


TAGS = "<Tagging><TagSet><Tag><Key>colour</Key><Value>blue</Value></Tag></TagSet></Tagging>"


def test_the_owner_of_a_bucket_has_what_nobody_wrote(users: People) -> None:
    users.alice.put_bucket_acl(Bucket="things", ACL="public-read-write")
    form = {"key": "form", "acl": "public-read", "tagging": TAGS}
    assert post(Client(users.url), form).status == 204
    tags = users.alice.get_object_tagging(Bucket="things", Key="form")["TagSet"]
    assert tags == [{"Key": "colour", "Value": "blue"}]
    assert raw("PUT", f"{users.url}/things/put", b"content")[0] == 200
    users.alice.put_object_tagging(Bucket="things", Key="put", Tagging={"TagSet": []})
    users.alice.put_object_acl(Bucket="things", Key="put", GrantRead="id=bob")
    assert users.bob.get_object(Bucket="things", Key="put")["Body"].read() == b"content"
    for key in ("form", "put"):
        denied(users.carol.get_object_acl, Bucket="things", Key=key)
        denied(users.nobody.put_object_acl, Bucket="things", Key=key, ACL="public-read")
    denied(users.nobody.get_object, Bucket="things", Key="put")
