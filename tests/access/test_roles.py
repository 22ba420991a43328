"""Roles: what each of them allows, and what it does not."""

from __future__ import annotations

import pytest
from bucketry import BucketAccess, InvalidSettings, Owner
from bucketry_access import ACTIONS, ROLES, Group, Request, User, decide, principal_of

OTHERS = BucketAccess(owner=Owner(id="somebody-else"))


def allowed(roles: str | tuple[str, ...], action: str, bucket: str = "", key: str = "", **facts: str) -> bool:
    user = User(id="alice", roles=(roles,) if isinstance(roles, str) else roles)
    asked = Request(f"s3:{action}", bucket, key, {f"s3:{name}": (value,) for name, value in facts.items()})
    return decide(principal_of(user), asked, OTHERS if bucket else None).allowed


def allowed_actions(role: str, bucket: str, key: str) -> set[str]:
    return {
        action.removeprefix("s3:")
        for action, kind in ACTIONS.items()
        if kind != "service" and allowed(role, action.removeprefix("s3:"), bucket, key if kind == "object" else "")
    }


def test_a_reader_reads_and_nothing_else() -> None:
    found = allowed_actions("read:team-a-*", "team-a-x", "k")
    assert {"GetObject", "GetObjectVersion", "GetObjectTagging", "ListBucket", "GetBucketLocation"} <= found
    assert all(name.startswith(("Get", "List")) for name in found)
    assert not found & {"GetBucketPolicy", "GetBucketAcl", "GetObjectAcl", "ListBucketMultipartUploads"}


def test_a_writer_also_puts_and_deletes_but_neither_versions_nor_locks_nor_rights() -> None:
    more = allowed_actions("write:team-a-*", "team-a-x", "k") - allowed_actions("read:team-a-*", "team-a-x", "k")
    assert more == {
        "AbortMultipartUpload",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjectVersionTagging",
        "ListBucketMultipartUploads",
        "ListMultipartUploadParts",
        "PutObject",
        "PutObjectTagging",
        "PutObjectVersionTagging",
        "RestoreObject",
    }


def test_an_admin_may_do_everything_with_these_buckets() -> None:
    everything = {action.removeprefix("s3:") for action, kind in ACTIONS.items() if kind != "service"}
    assert allowed_actions("admin:team-a-*", "team-a-x", "k") == everything
    assert allowed_actions("admin:team-a-*", "team-b-x", "k") == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_pattern_stands_for_whole_names(role: str) -> None:
    for bucket, expected in (("team-a-1", True), ("team-a-", True), ("team-a", False), ("xteam-a-1", False)):
        assert allowed(f"{role}:team-a-*", "GetObject", bucket, "k") is expected
    assert allowed(f"{role}:team-?", "GetObject", "team-x", "k")
    assert not allowed(f"{role}:team-?", "GetObject", "team-xy", "k")
    assert not allowed(f"{role}:team-a", "GetObject", "team-a-1", "k")


@pytest.mark.parametrize("role", ROLES)
def test_a_prefix_limits_objects_and_listings(role: str) -> None:
    text = f"{role}:team-a/reports/"
    assert allowed(text, "GetObject", "team-a", "reports/2026")
    assert not allowed(text, "GetObject", "team-a", "report")
    assert not allowed(text, "GetObject", "team-a", "other/reports/2026")
    assert allowed(text, "ListBucket", "team-a", prefix="reports/")
    assert allowed(text, "ListBucket", "team-a", prefix="reports/2026")
    assert not allowed(text, "ListBucket", "team-a", prefix="reports")
    assert not allowed(text, "ListBucket", "team-a")
    assert allowed(text, "GetBucketLocation", "team-a")
    assert allowed(text, "PutObject", "team-a", "reports/x") is (role != "read")
    assert allowed(text, "DeleteObjectVersion", "team-a", "reports/x") is (role == "admin")
    assert not allowed(text, "PutBucketPolicy", "team-a")
    assert not allowed(text, "DeleteBucket", "team-a")


@pytest.mark.parametrize("prefix", ["a*b/", "a?b/", "${aws:username}/", "$x/", "ä/☃/", 'quo"te\\/', "a//b", "\n"])
def test_every_character_of_a_prefix_means_itself(prefix: str) -> None:
    assert allowed(f"write:b-1/{prefix}", "PutObject", "b-1", f"{prefix}x")
    assert allowed(f"write:b-1/{prefix}", "ListBucket", "b-1", prefix=prefix)
    for other in ("aXXb/x", "aXb/x", "alice/x"):
        assert not allowed(f"write:b-1/{prefix}", "PutObject", "b-1", other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no role"),
        ("read", "is no role"),
        ("owner:x", "is no role"),
        ("READ:x", "is no role"),
        (" read:x", "is no role"),
        ("read:", "names no buckets"),
        ("read:/x", "names no buckets"),
        ("read:a b", "names no buckets"),
        ("read:ä", "names no buckets"),
        ("read:${aws:username}", "names no buckets"),
        ("read:a/", "empty prefix"),
        (f"read:a/{'x' * 1025}", "at most 1024 bytes"),
    ],
)
def test_what_is_no_role_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidSettings, match=words):
        User(id="alice", roles=(text,))
    with pytest.raises(InvalidSettings, match=words):
        Group(name="team", roles=(text,))


def test_roles_add_up_and_groups_add_theirs() -> None:
    assert allowed(("read:aaa", "write:bbb"), "PutObject", "bbb", "k")
    assert not allowed(("read:aaa", "write:bbb"), "PutObject", "aaa", "k")
    user = User(id="alice", roles=("read:aaa",), groups=("team",))
    principal = principal_of(user, [Group(name="team", roles=("write:bbb",))])
    assert decide(principal, Request("s3:PutObject", "bbb", "k"), OTHERS).allowed
    assert not decide(principal, Request("s3:PutObject", "aaa", "k"), OTHERS).allowed


def test_a_user_without_rights_lists_buckets_and_may_do_nothing_else() -> None:
    assert allowed((), "ListAllMyBuckets")
    assert not allowed((), "CreateBucket")
    assert allowed_actions("read:nothing", "team-a-x", "k") == set()
