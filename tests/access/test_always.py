"""What a user's own rights always allow: nothing that a decision would refuse, whatever else is set."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from bucketry import BucketAccess, Owner
from bucketry.acls import Acl
from bucketry_access import Request, User, always_may, decide, denies_nothing, principal_of

ALICE = Owner(id="alice")
OTHER = Owner(id="other")
FACTS: tuple[dict[str, tuple[str, ...]], ...] = ({}, {"aws:sourceip": ("192.0.2.1",), "s3:prefix": ("a/",)})
BUCKETS = ("team-a", "team-b", "team-a-2", "x")
KEYS = ("k", "a/b", "a/", "secret/x", "team-a")
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")


def statement(effect: str, action: str, *resources: str, **more: Any) -> dict[str, Any]:
    named = [f"arn:aws:s3:::{resource}" for resource in resources]
    return {"Effect": effect, "Action": action, "Resource": named, **more}


IP = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
STATEMENTS: dict[str, list[dict[str, Any]]] = {
    "whole": [statement("Allow", "s3:*", "team-a", "team-a/*")],
    "everything": [statement("Allow", "s3:*", "*")],
    "beginning": [statement("Allow", "s3:GetObject", "team-*")],
    "one sign": [statement("Allow", "s3:GetObject", "team-?/*")],
    "ends otherwise": [statement("Allow", "s3:*", "team-a/*b")],
    "prefix": [statement("Allow", "s3:*", "team-a/a/*")],
    "one key": [statement("Allow", "s3:*", "team-a/k")],
    "condition": [statement("Allow", "s3:*", "team-a/*", Condition=IP)],
    "variable": [statement("Allow", "s3:*", "${aws:username}/*", "team-a/${aws:username}/*")],
    "denied": [statement("Allow", "s3:*", "*"), statement("Deny", "s3:GetObject", "team-a/secret/*")],
    "denied by address": [statement("Allow", "s3:*", "*"), statement("Deny", "s3:PutObject", "*", Condition=IP)],
    "not resource": [{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::team-a/secret/*"}],
    "not action": [{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}],
    "nothing": [statement("Allow", "s3:ListAllMyBuckets", "*")],
}


def user(statements: list[dict[str, Any]], **fields: Any) -> User:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return User(id="alice", policy=document, **fields)


def accesses() -> list[BucketAccess]:
    return [
        BucketAccess(owner=owner, acl=acl, ownership=ownership)
        for owner in (ALICE, OTHER)
        for acl in (None, Acl(owner=owner, grants=()))
        for ownership in (None, "BucketOwnerEnforced")
    ]


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_is_always_allowed_is_allowed_by_each_decision(name: str) -> None:
    principal = principal_of(user(STATEMENTS[name]))
    for action, bucket in product(ACTIONS, BUCKETS):
        asked = [Request(action, bucket, key, facts) for key in KEYS for facts in FACTS]
        allowed = all(decide(principal, one, access).allowed for one in asked for access in accesses())
        always = always_may(principal, (action,), bucket, objects=True)
        # The reverse holds for these rights, apart from what conditions and other keys may say.
        assert allowed or not always


ALWAYS = {
    "whole": {"team-a"},
    "everything": set(BUCKETS),
    "beginning": {"team-a", "team-b", "team-a-2"},
    "one sign": {"team-a", "team-b"},
    "denied by address": set(BUCKETS),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_only_rights_without_exceptions_are_always_there(name: str) -> None:
    principal = principal_of(user(STATEMENTS[name]))
    found = {bucket for bucket in BUCKETS if always_may(principal, ("s3:GetObject",), bucket, objects=True)}
    assert found == ALWAYS.get(name, set())


def test_roles_of_whole_buckets_always_allow() -> None:
    principal = principal_of(User(id="alice", roles=("write:team-a", "read:team-b", "write:team-x/a/")))

    def may(bucket: str, *actions: str, objects: bool = True) -> bool:
        return always_may(principal, frozenset(f"s3:{action}" for action in actions), bucket, objects=objects)

    assert may("team-a", "GetObject", "GetObjectVersion", "PutObject")
    assert not may("team-a", "PutObject", "PutObjectAcl")
    assert may("team-a", "ListBucket", objects=False)
    assert not may("team-a", "ListBucket")
    assert not may("team-a", "PutObject", objects=False)
    assert may("team-b", "GetObject")
    assert not may("team-b", "PutObject")
    assert not may("team-x", "PutObject")
    assert not may("team-x", "ListBucket", objects=False)
    assert may("", "ListAllMyBuckets", objects=False)


def test_others_than_members_are_decided_about() -> None:
    root = principal_of(User(id="alice", is_root=True))
    assert not always_may(root, ("s3:GetObject",), "team-a", objects=True)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, True),
        ({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::team-a/*"}, True),
        ({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::team-a/*"}, True),
        ({"Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::team-a/x"}, False),
        ("not a policy", False),
    ],
)
def test_a_bucket_whose_policy_may_deny_is_decided_about(policy: Any, expected: bool) -> None:
    document = None if policy is None else json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    access = BucketAccess(owner=OTHER, policy=document)
    assert denies_nothing(access, "team-a", ("s3:GetObject",)) is expected
