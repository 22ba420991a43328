"""Condition operators: what holds for which values."""

from __future__ import annotations

import pytest
from bucketry_access import Principal, Request, decide

from tests.access.policies import ARN, BOB, BUCKET, statement, with_policy

AGENT, TAGS, ADDRESS, AGE = "aws:UserAgent", "s3:RequestObjectTagKeys", "aws:SourceIp", "s3:signatureAge"
TIME, EPOCH, SECURE, ARN_KEY = "aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport", "aws:SourceArn"
TOPIC = "arn:aws:sns:us-east-1:1234:topic"


def holds(operator: str, key: str, wanted: object, found: tuple[str, ...] | None, *, effect: str = "Allow") -> bool:
    """Say whether a condition holds, by what it makes of a statement."""
    others = [statement(Action="s3:PutObject")] if effect == "Deny" else []
    conditional = statement(effect, Action="s3:PutObject", Condition={operator: {key: wanted}})
    facts = {} if found is None else {key.lower(): found}
    decision = decide(BOB, Request("s3:PutObject", BUCKET, "k", facts), with_policy(*others, conditional))
    return decision.allowed != bool(others)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    ("operator", "key", "wanted", "fitting", "other"),
    [
        ("StringEquals", AGENT, "curl", "curl", "Curl"),
        ("StringEquals", AGENT, "cur*", "cur*", "curl"),
        ("StringEquals", AGENT, ["curl", "wget"], "wget", "w"),
        ("StringEquals", AGENT, "${aws:username}", "bob", "${aws:username}"),
        ("StringEqualsIgnoreCase", AGENT, "CURL", "curl", "curly"),
        ("StringEqualsIgnoreCase", AGENT, "${aws:username}x", "BOBX", "x"),
        ("StringLike", AGENT, "c?rl/*", "curl/8", "crl/8"),
        ("StringLike", AGENT, "*", "", None),
        ("NumericEquals", AGE, 10, "10.0", "11"),
        ("NumericLessThan", AGE, 10, "9", "10"),
        ("NumericLessThanEquals", AGE, "10", "10", "10.1"),
        ("NumericGreaterThan", AGE, "9", "10", "9"),
        ("NumericGreaterThanEquals", AGE, "9", "9", "8.9"),
        ("NumericEquals", EPOCH, "1767225600", "1767225600", "1767225601"),
        ("DateEquals", TIME, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:01Z"),
        ("DateLessThan", TIME, "2026-01-02", "2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z"),
        ("DateLessThanEquals", TIME, "2026-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
        ("DateGreaterThan", EPOCH, "2026-01-01T00:00:00Z", "1767225601", "1767225600"),
        ("DateGreaterThanEquals", EPOCH, "2026-01-01T00:00:00Z", "1767225600", "1767225599"),
        ("Bool", SECURE, "true", "true", "false"),
        ("Bool", SECURE, False, "false", "true"),
        ("BinaryEquals", AGENT, "QUI=", "QUI=", "QUE="),
        ("IpAddress", ADDRESS, "192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("IpAddress", ADDRESS, ["192.0.2.1", "2001:db8::/32"], "2001:db8::5", "2001:db9::5"),
        ("IpAddress", ADDRESS, "192.0.2.0/24", "::ffff:192.0.2.7", "::ffff:192.0.3.7"),
        ("IpAddress", ADDRESS, "::ffff:192.0.2.0/120", "192.0.2.7", "192.0.3.7"),
        ("IpAddress", ADDRESS, "0.0.0.0/0", "192.0.2.7", "2001:db9::5"),
        ("ArnEquals", ARN_KEY, TOPIC, TOPIC, TOPIC + "s"),
        ("ArnLike", ARN_KEY, "arn:aws:sns:*:1234:t*c", TOPIC, "arn:aws:sns:x:y:1234:topic"),
        ("ArnLike", ARN_KEY, "arn:aws:sns:us-east-1:*:topic", TOPIC, "nothing"),
        ("ArnLike", ARN_KEY, "*", TOPIC, None),
    ],
)
def test_an_operator(operator: str, key: str, wanted: object, fitting: str, other: str | None, effect: str) -> None:
    assert holds(operator, key, wanted, (fitting,), effect=effect)
    assert not holds(operator, key, wanted, None, effect=effect)
    assert holds(f"{operator}IfExists", key, wanted, None, effect=effect)
    if other is not None:
        assert not holds(operator, key, wanted, (other,), effect=effect)
        assert not holds(f"{operator}IfExists", key, wanted, (other,), effect=effect)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    ("operator", "key", "wanted", "fitting", "other"),
    [
        ("StringNotEquals", AGENT, ["curl", "wget"], "Curl", "wget"),
        ("StringNotEqualsIgnoreCase", AGENT, "CURL", "wget", "curl"),
        ("StringNotLike", AGENT, ["c*", "w*"], "x", "wget"),
        ("NumericNotEquals", AGE, 10, "11", "10"),
        ("DateNotEquals", TIME, "2026-01-01", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("NotIpAddress", ADDRESS, ["192.0.2.0/24", "198.51.100.0/24"], "203.0.113.1", "198.51.100.1"),
        ("ArnNotEquals", ARN_KEY, TOPIC, TOPIC + "s", TOPIC),
        ("ArnNotLike", ARN_KEY, "arn:aws:sns:*:*:*", "arn:aws:sqs:x:y:z", TOPIC),
    ],
)
def test_a_negated_operator_holds_without_the_key(
    operator: str, key: str, wanted: object, fitting: str, other: str, effect: str
) -> None:
    assert holds(operator, key, wanted, (fitting,), effect=effect)
    assert holds(operator, key, wanted, None, effect=effect)
    assert holds(f"{operator}IfExists", key, wanted, None, effect=effect)
    assert not holds(operator, key, wanted, (other,), effect=effect)


@pytest.mark.parametrize(("wanted", "without", "with_key"), [("true", True, False), (False, False, True)])
def test_null_asks_whether_the_key_is_missing(wanted: object, without: bool, with_key: bool) -> None:
    assert holds("Null", AGENT, wanted, None) == without
    assert holds("Null", AGENT, wanted, ("curl",)) == with_key


@pytest.mark.parametrize(
    ("operator", "found", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAllValues:StringEquals", None, True),
        ("ForAnyValue:StringEquals", ("a", "c"), True),
        ("ForAnyValue:StringEquals", ("c",), False),
        ("ForAnyValue:StringEquals", None, False),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("a", "c"), False),
        ("ForAnyValue:StringNotEquals", ("a", "c"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
        ("ForAnyValue:StringNotEquals", None, False),
        ("ForAnyValue:StringLikeIfExists", None, True),
    ],
)
def test_keys_with_several_values(operator: str, found: tuple[str, ...] | None, expected: bool) -> None:
    assert holds(operator, TAGS, ["a", "b"], found) == expected


def test_several_values_without_a_prefix_never_open_anything() -> None:
    for operator in ("StringEquals", "StringNotEquals"):
        assert not holds(operator, TAGS, "a", ("a", "b"))
        assert holds(operator, TAGS, "a", ("a", "b"), effect="Deny")


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "found"),
    [
        ("NumericLessThan", AGE, 10, "many"),
        ("NumericNotEquals", AGE, 10, "1e99999"),
        ("DateGreaterThan", TIME, "2026-01-01", "now"),
        ("NotIpAddress", ADDRESS, "192.0.2.0/24", "unknown"),
        ("StringNotEquals", AGENT, "${s3:prefix}", "curl"),
    ],
)
def test_what_cannot_be_answered_allows_nothing_and_denies(operator: str, key: str, wanted: object, found: str) -> None:
    assert not holds(operator, key, wanted, (found,))
    assert holds(operator, key, wanted, (found,), effect="Deny")


def test_all_conditions_must_hold() -> None:
    both = {"StringLike": {AGENT: "curl*", "aws:username": "b*"}, "Bool": {SECURE: "true"}}
    access = with_policy(statement(Condition=both))
    facts = {"aws:useragent": ("curl/8",), "aws:securetransport": ("true",)}
    assert decide(BOB, Request("s3:GetObject", BUCKET, "k", facts), access).allowed
    for missing in facts:
        fewer = {key: value for key, value in facts.items() if key != missing}
        assert not decide(BOB, Request("s3:GetObject", BUCKET, "k", fewer), access).allowed
    assert not decide(Principal(user_id="carol"), Request("s3:GetObject", BUCKET, "k", facts), access).allowed


def test_the_key_of_a_tag_keeps_its_case() -> None:
    access = with_policy(statement(Condition={"StringEquals": {"S3:existingobjecttag/Team": "a"}}))
    for name, allowed in (("Team", True), ("team", False)):
        facts = {f"s3:existingobjecttag/{name}": ("a",)}
        assert decide(BOB, Request("s3:GetObject", BUCKET, "k", facts), access).allowed == allowed


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("aws:username", ("bob", None)),
        ("aws:userid", ("bob", "anonymous")),
        ("aws:PrincipalType", ("User", "Anonymous")),
        ("aws:PrincipalAccount", ("bob", None)),
        ("aws:PrincipalArn", ("arn:aws:iam::bob:user/bob", None)),
        ("aws:PrincipalIsAWSService", ("false", "false")),
        ("s3:ResourceAccount", ("alice", "alice")),
        ("aws:ResourceAccount", ("alice", "alice")),
    ],
)
def test_keys_that_follow_from_the_principal_and_the_bucket(key: str, values: tuple[str | None, ...]) -> None:
    for principal, value in zip((BOB, Principal()), values, strict=True):
        condition = {"StringEquals": {key: value}} if value is not None else {"Null": {key: "true"}}
        access = with_policy(statement(Condition=condition))
        # A caller's facts cannot pretend to be somebody else.
        facts = {key.lower(): ("carol",)}
        assert decide(principal, Request("s3:GetObject", BUCKET, "k", facts), access).allowed


def test_variables_in_resources() -> None:
    access = with_policy(statement(Resource=f"{ARN}/home/${{aws:username}}/*"))
    assert decide(BOB, Request("s3:GetObject", BUCKET, "home/bob/x"), access).allowed
    assert not decide(BOB, Request("s3:GetObject", BUCKET, "home/alice/x"), access).allowed
    assert not decide(Principal(), Request("s3:GetObject", BUCKET, "home//x"), access).allowed


def test_a_missing_variable_excepts_nothing_from_a_deny_and_everything_from_an_allow() -> None:
    home = f"{ARN}/home/${{aws:username}}/*"
    allowing = with_policy(statement(Resource=None, NotResource=home))
    denying = with_policy(statement(), statement("Deny", Resource=None, NotResource=home))
    request = Request("s3:GetObject", BUCKET, "other")
    assert not decide(Principal(), request, allowing).allowed
    assert not decide(Principal(), request, denying).allowed
    assert decide(BOB, request, allowing).allowed
