"""Who may do what, by the documented rules."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Acl, Grant, Grantee, Owner
from bucketry.acls import CANNED_ACLS, Permission, canned_acl
from bucketry_access import (
    ACTIONS,
    ANONYMOUS,
    ObjectAccess,
    Principal,
    Request,
    decide,
    is_denied,
    leaves_to_owner,
    needs_object,
    needs_tags,
    parse_user_policy,
    policy_of_rights,
)

from tests.access.policies import ALICE, ARN, BOB, BUCKET, Bucket, block, document, statement, with_policy

GET = Request("s3:GetObject", BUCKET, "k")
PUT = Request("s3:PutObject", BUCKET, "k")
LIST = Request("s3:ListBucket", BUCKET)
OF_ALICE, OF_BOB = Owner(id="alice"), Owner(id="bob")


def request(action: str) -> Request:
    return Request(action, BUCKET, "k" if ACTIONS[action] == "object" else "")


def acl(*grants: tuple[str, str, Permission], owner: Owner = OF_ALICE) -> Acl:
    listed = (Grant(grantee=Grantee(kind=kind, id=id), permission=permission) for kind, id, permission in grants)  # type: ignore[arg-type]
    return Acl(owner=owner, grants=tuple(listed))


@pytest.mark.parametrize("action", [action for action, kind in ACTIONS.items() if kind != "service"])
def test_an_owner_may_do_everything_and_nobody_else_anything(action: str) -> None:
    assert decide(ALICE, request(action), Bucket()) == (True, "owner", "")
    assert decide(Principal(user_id="bob", is_root=True), request(action), Bucket()) == (True, "root", "")
    assert decide(BOB, request(action), Bucket()) == (False, "nothing_allows", "")
    assert decide(ANONYMOUS, request(action), Bucket()) == (False, "nothing_allows", "")


def test_what_is_about_no_bucket_needs_a_user() -> None:
    for action in ("s3:ListAllMyBuckets", "s3:CreateBucket"):
        assert decide(BOB, Request(action)).allowed
        assert not decide(ANONYMOUS, Request(action)).allowed


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("*", (True, True, True)),
        ({"AWS": "*"}, (True, True, True)),
        ({"AWS": "bob"}, (True, False, False)),
        ({"AWS": "arn:aws:iam::bob:root"}, (True, False, False)),
        ({"AWS": "arn:aws:iam:::user/bob"}, (True, False, False)),
        ({"AWS": "arn:aws:iam::bob:user/division/bob"}, (True, False, False)),
        ({"CanonicalUser": ["bob", "carol"]}, (True, True, False)),
        ({"Service": "logging.s3.amazonaws.com"}, (False, False, False)),
    ],
)
def test_principals(principal: object, allowed: tuple[bool, ...]) -> None:
    access = with_policy(statement(Principal=principal))
    senders = (BOB, Principal(user_id="carol"), ANONYMOUS)
    assert tuple(decide(sender, GET, access).allowed for sender in senders) == allowed


def test_a_deny_of_all_but_some() -> None:
    access = with_policy(statement(), statement("Deny", Principal=None, NotPrincipal={"AWS": ["bob", "alice"]}))
    assert decide(BOB, GET, access).allowed
    assert decide(ALICE, GET, access).allowed
    assert decide(Principal(user_id="carol"), GET, access) == (False, "bucket_policy_denies", "")
    assert not decide(ANONYMOUS, GET, access).allowed


def test_actions_and_resources() -> None:
    access = with_policy(statement(Action=["s3:get*", "s3:LISTBucket"], Resource=[ARN, f"{ARN}/public/*"]))
    assert decide(BOB, LIST, access).allowed
    assert decide(BOB, Request("s3:GetObjectTagging", BUCKET, "public/x"), access).allowed
    assert not decide(BOB, Request("s3:GetObject", BUCKET, "private/x"), access).allowed
    assert not decide(BOB, Request("s3:PutObject", BUCKET, "public/x"), access).allowed


def test_all_but_some_actions_and_resources() -> None:
    access = with_policy(
        statement(Action=None, NotAction="s3:Delete*", Resource=None, NotResource=[f"{ARN}/private/*", ARN])
    )
    assert decide(BOB, GET, access).allowed
    assert not decide(BOB, Request("s3:DeleteObject", BUCKET, "k"), access).allowed
    assert not decide(BOB, Request("s3:GetObject", BUCKET, "private/k"), access).allowed
    assert not decide(BOB, LIST, access).allowed


def test_a_deny_wins_and_is_named() -> None:
    access = with_policy(statement(Sid="open"), statement("Deny", Sid="shut", Action="s3:Get*"))
    assert decide(BOB, GET, access) == (False, "bucket_policy_denies", "shut")
    assert decide(ALICE, GET, access).reason == "bucket_policy_denies"
    assert decide(Principal(user_id="x", is_root=True), GET, access).reason == "bucket_policy_denies"


def test_nobody_is_shut_out_of_his_own_policy() -> None:
    access = with_policy(statement("Deny", Action="s3:*", Resource=[ARN, f"{ARN}/*"]))
    for name in ("Get", "Put", "Delete"):
        action = request(f"s3:{name}BucketPolicy")
        assert decide(ALICE, action, access).allowed
        assert not decide(BOB, action, access).allowed
        limited = Principal(user_id="alice", policies=(policy_of_rights(read_only=False),))
        assert not decide(limited, action, access).allowed
    assert not decide(ALICE, LIST, access).allowed


def test_a_stored_policy_that_is_not_understood_denies() -> None:
    access = Bucket(policy='{"Statement": []}', acl=canned_acl("public-read", OF_ALICE))
    assert decide(ALICE, GET, access) == (False, "bucket_policy_invalid", "")
    assert not decide(BOB, LIST, access).allowed
    assert decide(ALICE, request("s3:DeleteBucketPolicy"), access).allowed


READING = {"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"}
WRITING = {"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("READ", READING),
        ("WRITE", WRITING),
        ("READ_ACP", {"s3:GetBucketAcl"}),
        ("WRITE_ACP", {"s3:PutBucketAcl"}),
        ("FULL_CONTROL", READING | WRITING | {"s3:GetBucketAcl", "s3:PutBucketAcl"}),
    ],
)
def test_grants_of_a_bucket(permission: Permission, allowed: set[str]) -> None:
    access = Bucket(acl=acl(("user", "bob", permission)))
    assert {action for action in ACTIONS if decide(BOB, request(action), access).allowed} == allowed
    assert not any(decide(Principal(user_id="carol"), request(action), access).allowed for action in ACTIONS)


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("READ", {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"}),
        ("WRITE", set()),
        ("READ_ACP", {"s3:GetObjectAcl", "s3:GetObjectVersionAcl"}),
        ("WRITE_ACP", {"s3:PutObjectAcl", "s3:PutObjectVersionAcl"}),
    ],
)
def test_grants_of_an_object(permission: Permission, allowed: set[str]) -> None:
    target = ObjectAccess(acl=acl(("user", "bob", permission)))
    assert {action for action in ACTIONS if decide(BOB, request(action), Bucket(), target).allowed} == allowed


@pytest.mark.parametrize(
    ("name", "read", "write"),
    [
        ("private", (), ()),
        ("public-read", ("anonymous", "bob"), ()),
        ("public-read-write", ("anonymous", "bob"), ("anonymous", "bob")),
        ("authenticated-read", ("bob",), ()),
        ("log-delivery-write", (), ()),
    ],
)
def test_canned_acls_of_a_bucket(name: str, read: tuple[str, ...], write: tuple[str, ...]) -> None:
    access = Bucket(acl=canned_acl(name, OF_ALICE))
    for sender, principal in (("anonymous", ANONYMOUS), ("bob", BOB)):
        assert decide(principal, LIST, access).allowed == (sender in read)
        assert decide(principal, PUT, access).allowed == (sender in write)
        assert not decide(principal, GET, access).allowed
    assert all(decide(ALICE, asked, access).allowed for asked in (LIST, PUT, GET))


@pytest.mark.parametrize("name", CANNED_ACLS)
def test_canned_acls_of_an_object_in_somebodys_bucket(name: str) -> None:
    target = ObjectAccess(owner=OF_BOB, acl=canned_acl(name, OF_BOB, OF_ALICE))
    opened = name in ("public-read", "public-read-write")
    assert decide(BOB, GET, Bucket(), target).allowed
    assert decide(ALICE, GET, Bucket(), target).allowed == (
        opened or name.startswith(("authenticated", "bucket-owner"))
    )
    assert decide(ANONYMOUS, GET, Bucket(), target).allowed == opened
    writing = Request("s3:PutObjectAcl", BUCKET, "k")
    assert decide(ALICE, writing, Bucket(), target).allowed == (name == "bucket-owner-full-control")


def test_a_bucket_owner_rules_over_keys_and_not_over_what_others_wrote() -> None:
    target = ObjectAccess(owner=OF_BOB)
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload"):
        assert decide(ALICE, request(action), Bucket(), target).allowed
        assert not decide(BOB, request(action), Bucket(), target).allowed
    for action in ("s3:GetObject", "s3:GetObjectAcl", "s3:PutObjectAcl", "s3:GetObjectTagging"):
        assert not decide(ALICE, request(action), Bucket(), target).allowed
        assert decide(BOB, request(action), Bucket(), target).allowed


def test_a_policy_is_about_the_objects_of_the_buckets_owner() -> None:
    access = with_policy(statement())
    assert decide(ANONYMOUS, GET, access).allowed
    assert not decide(ANONYMOUS, GET, access, ObjectAccess(owner=OF_BOB)).allowed
    denying = with_policy(statement("Deny"))
    assert not decide(BOB, GET, denying, ObjectAccess(owner=OF_BOB)).allowed


def test_where_the_owner_is_enforced_acls_count_for_nothing() -> None:
    access = Bucket(ownership="BucketOwnerEnforced", acl=canned_acl("public-read-write", OF_ALICE))
    target = ObjectAccess(owner=OF_BOB, acl=canned_acl("public-read", OF_BOB))
    assert not decide(BOB, PUT, access).allowed
    assert not decide(BOB, GET, access, target).allowed
    assert decide(ALICE, GET, access, target).allowed


def test_an_owner_without_a_grant_keeps_the_acl() -> None:
    emptied = Bucket(acl=acl())
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:ListBucket"):
        assert decide(ALICE, request(action), emptied) == (False, "acl_revoked", "")
    for action in ("s3:GetBucketAcl", "s3:PutBucketAcl", "s3:DeleteBucket", "s3:PutBucketPolicy"):
        assert decide(ALICE, request(action), emptied).allowed
    target = ObjectAccess(acl=acl())
    assert not decide(ALICE, GET, Bucket(), target).allowed
    assert decide(ALICE, Request("s3:PutObjectAcl", BUCKET, "k"), Bucket(), target).allowed


def test_public_acls_can_be_ignored() -> None:
    access = Bucket(acl=canned_acl("public-read", OF_ALICE), public_access=block(ignore_public_acls=True))
    target = ObjectAccess(acl=canned_acl("authenticated-read", OF_ALICE))
    assert not decide(ANONYMOUS, LIST, access).allowed
    assert not decide(BOB, GET, access, target).allowed
    assert decide(ALICE, LIST, access).allowed
    named = Bucket(acl=acl(("user", "bob", "READ")), public_access=block(ignore_public_acls=True))
    assert decide(BOB, LIST, named).allowed


def test_public_policies_can_be_restricted() -> None:
    restricted = block(restrict_public_buckets=True)
    access = with_policy(statement(), statement(Sid="named", Principal={"AWS": "bob"}), public_access=restricted)
    assert not decide(ANONYMOUS, GET, access).allowed
    assert not decide(BOB, GET, access).allowed
    assert decide(ALICE, GET, access).allowed
    private = with_policy(statement(Principal={"AWS": "bob"}), public_access=restricted)
    assert decide(BOB, GET, private).allowed


def user(*statements: Any, name: str = "alice") -> Principal:
    return Principal(user_id=name, policies=(parse_user_policy(document(*statements)),))


def of_user(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return statement(effect, **{"Principal": None, **elements})


def test_the_policy_of_a_user_limits_an_owner() -> None:
    reader = user(of_user(Action="s3:Get*", Resource="*"))
    assert decide(reader, GET, Bucket()) == (True, "user_policy", "")
    assert decide(reader, PUT, Bucket()) == (False, "user_policy_silent", "")
    assert decide(user(of_user(Action="s3:*"), of_user("Deny", Sid="no")), GET, Bucket()).reason == "user_policy_denies"


def test_within_an_account_the_policy_of_the_bucket_is_enough() -> None:
    access = with_policy(statement(Action="s3:PutObject", Principal={"AWS": "alice"}))
    assert decide(user(of_user()), PUT, access).allowed


def test_across_accounts_both_must_allow() -> None:
    opened = with_policy(statement(Action=["s3:GetObject", "s3:PutObject"]))
    reader = user(of_user(), name="bob")
    assert decide(reader, GET, opened).allowed
    assert not decide(reader, PUT, opened).allowed
    assert not decide(reader, GET, Bucket()).allowed


def test_actions_that_only_deny_and_the_senders_own_policy_matter_for() -> None:
    tagging = Request("s3:PutObjectTagging", BUCKET, "k")
    assert not is_denied(BOB, tagging, with_policy(statement(Action="s3:PutObject")))
    assert is_denied(BOB, tagging, with_policy(statement("Deny", Action="s3:PutObjectTagging")))
    assert is_denied(user(of_user(Action="s3:PutObject"), name="bob"), tagging, Bucket())
    assert not is_denied(user(of_user(Action="s3:PutObject*"), name="bob"), tagging, Bucket())


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("buckets", [(), ("assets", "other"), ("other",), tuple(f"bucket-{n:060}" for n in range(500))])
def test_simple_rights(read_only: bool, buckets: tuple[str, ...]) -> None:
    limited = Principal(user_id="alice", policies=(policy_of_rights(read_only=read_only, buckets=buckets),))
    opened = with_policy(statement(Action="s3:*", Resource=[ARN, f"{ARN}/*"]))
    for access in (Bucket(), opened):
        for action, kind in ACTIONS.items():
            if kind == "service":
                continue
            reads = action.startswith(("s3:Get", "s3:List"))
            expected = (reads or not read_only) and (not buckets or BUCKET in buckets)
            assert decide(limited, request(action), access).allowed == expected
    assert decide(limited, Request("s3:ListAllMyBuckets")).allowed


def test_what_a_caller_must_look_up() -> None:
    assert needs_object(ALICE, "s3:GetObject", Bucket())
    assert not needs_object(ALICE, "s3:PutObject", Bucket())
    assert not needs_object(ALICE, "s3:GetObject", Bucket(ownership="BucketOwnerEnforced"))
    tagged = with_policy(statement(Condition={"StringEquals": {"s3:ExistingObjectTag/a": "b"}}))
    by_variable = with_policy(statement(Resource=f"{ARN}/${{s3:ExistingObjectTag/a}}"))
    for access in (tagged, by_variable):
        assert needs_tags(ALICE, "s3:GetObject", BUCKET, access)
        assert not needs_tags(ALICE, "s3:PutObject", BUCKET, access)
    assert not needs_tags(ALICE, "s3:GetObject", BUCKET, with_policy(statement()))


READS = frozenset({"s3:GetObject"})


@pytest.mark.parametrize(
    ("access", "left"),
    [
        (Bucket(), True),
        (Bucket(acl=canned_acl("public-read", OF_ALICE)), True),
        (Bucket(acl=acl()), False),
        (Bucket(acl=acl(("user", "bob", "FULL_CONTROL"))), False),
        (Bucket(acl=acl(("user", "alice", "READ"))), False),
        (Bucket(acl=acl(), ownership="BucketOwnerEnforced"), True),
        (with_policy(statement()), True),
        (with_policy(statement("Deny", Action="s3:PutObject")), True),
        (with_policy(statement("Deny", Resource=f"{ARN}/x")), False),
        (with_policy(statement("Deny", Action=None, NotAction="s3:Put*")), False),
        (Bucket(policy="{}"), False),
    ],
)
def test_what_is_left_to_the_owner(access: Bucket, left: bool) -> None:
    assert leaves_to_owner(access, BUCKET, READS) == left
    if left:
        assert decide(ALICE, GET, access).allowed
