"""Members: users of the directory, who share one account."""

from __future__ import annotations

import json

import pytest
from bucketry import Acl, BucketAccess, Grant, Grantee, InvalidSettings, Owner
from bucketry_access import Group, ObjectAccess, Request, User, decide, is_denied, principal_of
from bucketry_access.decision import Reason

BOB = Owner(id="bob")
READ = Request("s3:GetObject", "b", "k")
NOBODY = principal_of(User(id="alice"))
READER = principal_of(User(id="alice", roles=("read:*",)))


def policy(effect: str, action: str, principal: object = "*") -> str:
    statement = {
        "Effect": effect,
        "Principal": principal,
        "Action": action,
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def said(principal: object, request: Request, access: BucketAccess, target: ObjectAccess | None = None) -> Reason:
    return decide(principal, request, access, target).reason  # type: ignore[arg-type]


def test_a_role_needs_no_permission_of_the_owner() -> None:
    assert said(READER, READ, BucketAccess(owner=BOB)) == "user_policy"
    # Whoever wrote the object has no say either.
    foreign = ObjectAccess(owner=Owner(id="carol"))
    assert said(READER, READ, BucketAccess(owner=BOB), foreign) == "user_policy"


def test_without_a_role_the_bucket_decides() -> None:
    assert said(NOBODY, READ, BucketAccess(owner=BOB)) == "nothing_allows"
    opened = BucketAccess(owner=BOB, policy=policy("Allow", "s3:GetObject", {"AWS": "alice"}))
    assert said(NOBODY, READ, opened) == "bucket_policy"
    assert said(principal_of(User(id="carol")), READ, opened) == "nothing_allows"
    grant = Grant(grantee=Grantee(kind="user", id="alice"), permission="READ")
    granted = ObjectAccess(owner=BOB, acl=Acl(owner=BOB, grants=(grant,)))
    assert said(NOBODY, READ, BucketAccess(owner=BOB), granted) == "object_acl"


def test_a_bucket_that_denies_wins_over_a_role() -> None:
    closed = BucketAccess(owner=BOB, policy=policy("Deny", "s3:GetObject", {"AWS": "alice"}))
    assert said(READER, READ, closed) == "bucket_policy_denies"


def test_owning_a_bucket_gives_a_member_nothing() -> None:
    own = BucketAccess(owner=Owner(id="alice"))
    assert said(NOBODY, READ, own) == "user_policy_silent"
    grant = Grant(grantee=Grantee(kind="user", id="alice"), permission="FULL_CONTROL")
    assert (
        said(
            NOBODY,
            Request("s3:ListBucket", "b"),
            BucketAccess(owner=Owner(id="alice"), acl=Acl(owner=Owner(id="alice"), grants=(grant,))),
        )
        == "user_policy_silent"
    )


def test_a_policy_of_ones_own_can_deny_what_a_role_allows() -> None:
    text = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}}'
    )
    assert said(principal_of(User(id="a", roles=("admin:*",), policy=text)), READ, BucketAccess(owner=BOB)) == (
        "user_policy_denies"
    )
    team = Group(name="team", policy=text)
    assert said(principal_of(User(id="a", roles=("admin:*",)), [team]), READ, BucketAccess(owner=BOB)) == (
        "user_policy_denies"
    )


def test_actions_of_the_sender_alone() -> None:
    tagging = Request("s3:PutObjectTagging", "b", "k")
    assert is_denied(NOBODY, tagging, BucketAccess(owner=BOB))
    assert not is_denied(NOBODY, tagging, BucketAccess(owner=BOB, policy=policy("Allow", "s3:PutObject*")))
    assert not is_denied(principal_of(User(id="a", roles=("write:*",))), tagging, BucketAccess(owner=BOB))
    denying = BucketAccess(owner=BOB, policy=policy("Deny", "s3:PutObjectTagging"))
    assert is_denied(principal_of(User(id="a", roles=("write:*",))), tagging, denying)


def test_root_has_every_right_and_no_others_besides() -> None:
    root = principal_of(User(id="boss", is_root=True))
    assert said(root, READ, BucketAccess(owner=BOB)) == "root"
    for more in ({"roles": ("read:*",)}, {"groups": ("team",)}, {"policy": "{}"}):
        with pytest.raises(InvalidSettings, match="every right"):
            User(id="boss", is_root=True, **more)
