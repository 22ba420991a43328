"""Policies that deny something deny it by every road: in a batch, in a form, as the source of a copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bucketry import Acl, Store, VersionOptions

from tests.http.s3.client import Client
from tests.http.s3.signing import signing_as
from tests.http.s3.users import BOB, People, allow, denied, empty, people, policy

TAGGING = "<Tagging><TagSet><Tag><Key>secrecy</Key><Value>{}</Value></Tag></TagSet></Tagging>"


@pytest.fixture(scope="module")
def shared() -> Iterator[People]:
    with people() as found:
        yield found


@pytest.fixture
def users(shared: People) -> People:
    empty(shared.store)
    shared.alice.create_bucket(Bucket="things")
    return shared


def put(users: People, *statements: dict[str, Any]) -> None:
    users.alice.put_bucket_policy(Bucket="things", Policy=policy(*statements))


def test_a_version_that_may_not_be_deleted_or_read(users: People) -> None:
    users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    kept, other = (users.alice.put_object(Bucket="things", Key="a")["VersionId"] for _ in range(2))
    versions = ["s3:DeleteObjectVersion", "s3:GetObjectVersion"]
    condition = {"StringEquals": {"s3:VersionId": kept}}
    put(
        users,
        allow("s3:*", "things", "things/*"),
        allow(versions, "things/*", effect="Deny", Condition=condition),
    )
    denied(users.bob.delete_object, Bucket="things", Key="a", VersionId=kept)
    denied(users.bob.copy_object, Bucket="things", Key="b", CopySource=f"things/a?versionId={kept}")
    users.bob.copy_object(Bucket="things", Key="b", CopySource=f"things/a?versionId={other}")
    objects: Any = [{"Key": "a", "VersionId": one} for one in (kept, other)]
    reply = users.bob.delete_objects(Bucket="things", Delete={"Objects": objects})
    assert [(one["VersionId"], one["Code"]) for one in reply["Errors"]] == [(kept, "AccessDenied")]
    assert [one["VersionId"] for one in reply["Deleted"]] == [other]


def test_tags_that_a_form_may_not_set(users: People) -> None:
    condition = {"StringEquals": {"s3:RequestObjectTag/secrecy": "none"}}
    put(
        users,
        allow("s3:PutObject", "things/*"),
        allow("s3:PutObject", "things/*", effect="Deny", Condition=condition),
    )
    for value, status in (("none", 403), ("high", 204)):
        form = {"key": value, "tagging": TAGGING.format(value)}
        assert httpx.post(f"{users.url}/things", data=form, files={"file": ("a", b"x")}).status_code == status


def test_tags_that_a_form_must_set(users: People) -> None:
    condition = {"StringEquals": {"s3:RequestObjectTag/secrecy": "high"}}
    put(users, allow("s3:PutObject", "things/*", Condition=condition))
    for value, status in (("none", 403), ("high", 204)):
        form = {"key": value, "tagging": TAGGING.format(value)}
        assert httpx.post(f"{users.url}/things", data=form, files={"file": ("a", b"x")}).status_code == status


@pytest.mark.parametrize(
    "source",
    ["things/private/a", "/things/private/a", "things/%70rivate/a", "things%2Fprivate%2Fa", "/things/priv%61te/a"],
)
def test_a_source_that_may_not_be_copied_in_any_spelling(users: People, source: str) -> None:
    users.alice.put_object(Bucket="things", Key="private/a")
    condition = {"StringLike": {"s3:x-amz-copy-source": "things/private/*"}}
    put(
        users,
        allow("s3:*", "things", "things/*"),
        allow("s3:PutObject", "things/*", effect="Deny", Condition=condition),
    )
    reply = Client(users.url).ask("PUT", "/things/b", headers={"x-amz-copy-source": source}, by=signing_as(BOB))
    assert reply.error == (403, "AccessDenied")


def test_tags_that_may_not_be_read_are_not_copied(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="plain")
    users.alice.put_object(Bucket="things", Key="tagged", Tagging="secrecy=high")
    users.bob.create_bucket(Bucket="others")
    put(users, allow("s3:GetObject", "things/*"))
    users.bob.copy_object(Bucket="others", Key="a", CopySource="things/plain")
    denied(users.bob.copy_object, Bucket="others", Key="b", CopySource="things/tagged")
    users.bob.copy_object(Bucket="others", Key="b", CopySource="things/tagged", TaggingDirective="REPLACE")
    assert users.bob.get_object_tagging(Bucket="others", Key="b")["TagSet"] == []
    put(users, allow(["s3:GetObject", "s3:GetObjectTagging"], "things/*"))
    users.bob.copy_object(Bucket="others", Key="b", CopySource="things/tagged")
    assert users.bob.get_object_tagging(Bucket="others", Key="b")["TagSet"] == [{"Key": "secrecy", "Value": "high"}]


def test_a_policy_for_nobody_in_particular_is_public(users: People) -> None:
    users.alice.put_public_access_block(
        Bucket="things", PublicAccessBlockConfiguration={"BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    )
    for name in ("anonymous", "Anonymous"):
        condition = {"StringEqualsIgnoreCase": {"aws:userid": name}}
        text = policy(allow("s3:GetObject", "things/*", Condition=condition))
        denied(users.alice.put_bucket_policy, Bucket="things", Policy=text)


def test_a_condition_that_does_not_hold_decides_over_one_that_nobody_can_answer(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a")
    unclear = {"s3:RequestObjectTag/secrecy": "none"}
    put(
        users,
        allow("s3:PutObjectTagging", "things/*"),
        allow(
            "s3:PutObjectTagging",
            "things/*",
            effect="Deny",
            Condition={"StringEquals": {**unclear, "aws:username": "carol"}},
        ),
    )
    tags: Any = {"TagSet": [{"Key": "secrecy", "Value": "low"}]}
    users.bob.put_object_tagging(Bucket="things", Key="a", Tagging=tags)
    denied(users.carol.put_object_tagging, Bucket="things", Key="a", Tagging=tags)


def test_an_object_that_is_made_after_the_decision(users: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may only list a bucket must not win a race for the content of a new object."""
    put(users, allow("s3:ListBucket", "things"))
    look = users.store.get_object_acl

    def look_too_early(bucket: str, key: str, options: VersionOptions) -> Acl:
        try:
            return look(bucket, key, options)
        finally:
            users.store.put_object(bucket, key, b"secret")

    monkeypatch.setattr(Store, "get_object_acl", lambda _, *named: look_too_early(*named))
    denied(users.bob.get_object, Bucket="things", Key="a", code="NoSuchKey", status=404)
    denied(users.bob.get_object, Bucket="things", Key="a")
