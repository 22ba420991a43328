"""What holds for every policy."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from bucketry import Owner
from bucketry.acls import canned_acl
from bucketry_access import ACTIONS, ANONYMOUS, InvalidPolicy, ObjectAccess, Principal, Request, decide, parse_policy
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.access.policies import ALICE, ARN, BOB, BUCKET, Bucket, block, document, statement

ASKED = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketAcl", "s3:DeleteBucketPolicy"]
KEYS = ["a", "a/b", "public/x"]
RESOURCES = ["*", ARN, f"{ARN}/*", f"{ARN}*", f"{ARN}/a*", f"{ARN}/public/?", f"{ARN}/${{aws:username}}"]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"StringEquals": {"aws:username": "bob"}},
    {"StringNotEquals": {"aws:username": ["bob", "alice"]}},
    {"StringLikeIfExists": {"aws:UserAgent": "c*"}},
    {"ForAllValues:StringEquals": {"aws:UserAgent": ["curl", "wget"]}},
    {"Null": {"aws:Referer": "true"}},
    {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
]
PRINCIPALS: list[Any] = ["*", {"AWS": "*"}, {"AWS": "bob"}, {"CanonicalUser": ["alice", "bob"]}]


senders = st.sampled_from([ALICE, BOB, ANONYMOUS, Principal(user_id="carol")])


@st.composite
def statements(draw: st.DrawFn, effects: tuple[str, ...] = ("Allow", "Deny")) -> dict[str, Any]:
    excepted = draw(st.sampled_from(["", "Not"]))
    effect = draw(st.sampled_from(effects))
    who = "NotPrincipal" if effect == "Deny" and draw(st.booleans()) else "Principal"
    actions = st.lists(st.sampled_from([*ASKED, "s3:*", "s3:Get*"]), min_size=1, max_size=3)
    # Every statement reaches the bucket and its objects, so that each action applies to something.
    resources = [*draw(st.lists(st.sampled_from(RESOURCES), max_size=2)), ARN, f"{ARN}/a*"]
    replaced = {"Principal": None, who: draw(st.sampled_from(PRINCIPALS))}
    replaced |= {"Resource": None, f"{excepted}Resource": resources}
    return statement(effect, Action=draw(actions), Condition=draw(st.sampled_from(CONDITIONS)), **replaced)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    action = draw(st.sampled_from(ASKED))
    facts = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "aws:useragent": st.sampled_from([("curl",), ("lynx",)]),
                "aws:referer": st.just(("x",)),
                "aws:sourceip": st.sampled_from([("192.0.2.1",), ("203.0.113.1",)]),
            },
        )
    )
    return Request(action, BUCKET, draw(st.sampled_from(KEYS)) if ACTIONS[action] == "object" else "", facts)


buckets = st.builds(
    Bucket,
    acl=st.sampled_from([None, canned_acl("public-read", Owner(id="alice"))]),
    ownership=st.sampled_from([None, "BucketOwnerEnforced"]),
    public_access=st.builds(block, ignore_public_acls=st.booleans(), restrict_public_buckets=st.booleans()),
)
targets = st.sampled_from(
    [None, ObjectAccess(owner=Owner(id="bob")), ObjectAccess(acl=canned_acl("public-read", Owner(id="alice")))]
)
policies = st.lists(statements(), min_size=1, max_size=4)


def with_statements(bucket: Bucket, listed: list[dict[str, Any]]) -> Bucket:
    text = document(*listed)
    parse_policy(text, bucket=BUCKET)
    return replace(bucket, policy=text)


@settings(deadline=None)
@given(senders, requests(), buckets, targets, policies, statements(effects=("Deny",)))
def test_another_deny_never_allows_more(
    sender: Principal,
    request: Request,
    bucket: Bucket,
    target: ObjectAccess | None,
    listed: list[dict[str, Any]],
    denying: dict[str, Any],
) -> None:
    before = decide(sender, request, with_statements(bucket, listed), target)
    after = decide(sender, request, with_statements(bucket, [*listed, denying]), target)
    assert before.allowed or not after.allowed


@settings(deadline=None)
@given(senders, requests(), buckets, policies, statements(effects=("Allow",)))
def test_another_allow_never_denies_more_where_public_policies_count(
    sender: Principal, request: Request, bucket: Bucket, listed: list[dict[str, Any]], allowing: dict[str, Any]
) -> None:
    bucket = replace(bucket, public_access=block())
    before = decide(sender, request, with_statements(bucket, listed))
    after = decide(sender, request, with_statements(bucket, [*listed, allowing]))
    assert after.allowed or not before.allowed


@settings(deadline=None)
@given(senders, requests(), buckets, targets, policies, st.randoms())
def test_the_order_of_statements_does_not_matter(
    sender: Principal, request: Request, bucket: Bucket, target: ObjectAccess | None, listed: Any, random: Any
) -> None:
    shuffled = random.sample(listed, len(listed))
    one = decide(sender, request, with_statements(bucket, listed), target)
    assert decide(sender, request, with_statements(bucket, shuffled), target) == one


@settings(deadline=None)
@given(senders, requests(), buckets, targets, policies, st.booleans(), st.booleans())
def test_a_stricter_block_never_allows_more(
    sender: Principal,
    request: Request,
    bucket: Bucket,
    target: ObjectAccess | None,
    listed: list[dict[str, Any]],
    ignore: bool,
    restrict: bool,
) -> None:
    opened = replace(bucket, public_access=None)
    blocked = replace(bucket, public_access=block(ignore_public_acls=ignore, restrict_public_buckets=restrict))
    before = decide(sender, request, with_statements(opened, listed), target)
    after = decide(sender, request, with_statements(blocked, listed), target)
    assert before.allowed or not after.allowed


@settings(deadline=None)
@given(requests(), st.lists(statements(effects=("Deny",)), min_size=1, max_size=3))
def test_nobody_without_a_right_is_allowed_anything(request: Request, listed: list[dict[str, Any]]) -> None:
    access = with_statements(Bucket(), listed)
    assert not decide(BOB, request, access).allowed
    assert not decide(ANONYMOUS, request, access).allowed


@settings(deadline=None)
@given(requests(), buckets, targets, policies)
def test_whoever_does_not_sign_may_do_no_more_than_a_stranger(
    request: Request, bucket: Bucket, target: ObjectAccess | None, listed: list[dict[str, Any]]
) -> None:
    # Conditions on the name of a user, and NotPrincipal, are about who signs: a stranger whom nobody names has a name.
    plain = [each for each in listed if "aws:username" not in str(each)]
    access = with_statements(bucket, plain or [statement("Deny", Action="s3:PutBucketCORS", Resource=ARN)])
    stranger = Principal(user_id="carol")
    assert decide(stranger, request, access, target).allowed or not decide(ANONYMOUS, request, access, target).allowed


@given(st.text(max_size=200) | st.recursive(st.text() | st.none() | st.integers(), st.lists).map(json.dumps))
def test_any_text_is_a_policy_or_is_refused(text: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(text, bucket=BUCKET)
    assert caught.value.detail


json_values = st.recursive(
    st.sampled_from(["*", "x", f"{ARN}/*", "s3:GetObject", "Allow", True, None, 5]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["AWS", "Bool", "a"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(["Sid", "Effect", "Principal", "Action", "Resource", "Condition"]), json_values)
def test_any_value_of_an_element_is_understood_or_is_refused(name: str, value: object) -> None:
    with contextlib.suppress(InvalidPolicy):
        assert parse_policy(document({**statement(), name: value}), bucket=BUCKET).statements
