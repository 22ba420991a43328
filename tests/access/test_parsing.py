"""What a bucket takes as a policy, and what it refuses, with S3's messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bucketry_access import (
    ACTIONS,
    CONDITION_KEYS,
    MAX_POLICY_BYTES,
    OPERATORS,
    InvalidPolicy,
    parse_policy,
    parse_user_policy,
)

from tests.access.policies import ARN, BUCKET, document, parsed, statement

SYNTAX = "Policies must be valid JSON and the first byte must be '{'"
PRINCIPAL = "Invalid principal in policy"
RESOURCE = "Policy has invalid resource"
CONDITION = "Policy has an invalid condition"


def refusal(text: str, **options: Any) -> str:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(text, bucket=BUCKET, **options)
    return caught.value.detail


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        ({"Effect": None}, "Missing required field Effect"),
        ({"Effect": "allow"}, "Invalid effect: allow"),
        ({"Effect": ["Allow"]}, "Invalid effect: ['Allow']"),
        ({"Principal": None}, "Missing required field Principal"),
        ({"Action": None}, "Missing required field Action"),
        ({"Resource": None}, "Missing required field Resource"),
        ({"Colour": "red"}, "Unknown field Colour"),
        ({"principal": "*"}, "Unknown field principal"),
        ({"Sid": 1}, "Invalid policy syntax."),
        ({"NotAction": "s3:PutObject"}, "Invalid policy syntax."),
        ({"NotResource": ARN}, "Invalid policy syntax."),
        ({"NotPrincipal": "*"}, "Invalid policy syntax."),
        ({"Principal": None, "NotPrincipal": {"AWS": "bob"}}, "Allow with NotPrincipal is not allowed."),
        ({"Action": "s3:GetObjekt"}, "Policy has invalid action"),
        ({"Action": "s3:Foo*"}, "Policy has invalid action"),
        ({"Action": "iam:GetUser"}, "Policy has invalid action"),
        ({"Action": []}, "Policy has invalid action"),
        ({"Action": ["s3:GetObject", 5]}, "Policy has invalid action"),
        ({"Action": ""}, "Policy has invalid action"),
        ({"Resource": "arn:aws:s3:::other/*"}, RESOURCE),
        ({"Resource": [f"{ARN}/*", "arn:aws:s3:::asset/*"]}, RESOURCE),
        ({"Resource": f"{BUCKET}/*"}, RESOURCE),
        ({"Resource": "arn:aws:s3:us-east-1::assets/*"}, RESOURCE),
        ({"Resource": "arn:aws:sqs:::assets/*"}, RESOURCE),
        ({"Resource": "arn:aws:s3:::"}, RESOURCE),
        ({"Resource": {}}, RESOURCE),
        ({"Action": "s3:ListBucket"}, "Action does not apply to any resource(s) in statement"),
        ({"Resource": ARN}, "Action does not apply to any resource(s) in statement"),
        ({"Action": ["s3:GetObject", "s3:ListBucket"]}, "Action does not apply to any resource(s) in statement"),
        ({"Action": "s3:ListAllMyBuckets"}, "Action does not apply to any resource(s) in statement"),
        ({"Principal": "bob"}, PRINCIPAL),
        ({"Principal": {}}, PRINCIPAL),
        ({"Principal": {"AWS": []}}, PRINCIPAL),
        ({"Principal": {"AWS": "arn:aws:iam::bob:role/bob"}}, PRINCIPAL),
        ({"Principal": {"AWS": "arn:aws:iam::bob:user"}}, PRINCIPAL),
        ({"Principal": {"AWS": "arn:aws:iam::carol:user/bob"}}, PRINCIPAL),
        ({"Principal": {"AWS": "arn:aws:iam::*:root"}}, PRINCIPAL),
        ({"Principal": {"AWS": "arn:aws:iam::bob:user/*"}}, PRINCIPAL),
        ({"Principal": {"AWS": "b*"}}, PRINCIPAL),
        ({"Principal": {"CanonicalUser": "*"}}, PRINCIPAL),
        ({"Principal": {"Federated": "accounts.example.com"}}, PRINCIPAL),
        ({"Principal": {"Service": "example.com"}}, PRINCIPAL),
        ({"Condition": []}, CONDITION),
        ({"Condition": {"StringEquals": "x"}}, CONDITION),
        ({"Condition": {"StringEquals": {"aws:username": []}}}, CONDITION),
        ({"Condition": {"StringEquals": {"aws:username": {}}}}, CONDITION),
        ({"Condition": {"StringEqual": {"aws:username": "x"}}}, "Invalid Condition type : StringEqual"),
        ({"Condition": {"stringequals": {"aws:username": "x"}}}, "Invalid Condition type : stringequals"),
        (
            {"Condition": {"ForSomeValues:StringEquals": {"aws:username": "x"}}},
            "Invalid Condition type : ForSomeValues:StringEquals",
        ),
        ({"Condition": {"NullIfExists": {"aws:username": "true"}}}, "Invalid Condition type : NullIfExists"),
        ({"Condition": {"StringEquals": {"aws:Colour": "red"}}}, "Policy has an invalid condition key"),
        ({"Condition": {"StringEquals": {"s3:ExistingObjectTag": "x"}}}, "Policy has an invalid condition key"),
        ({"Condition": {"StringEquals": {"s3:ExistingObjectTag/": "x"}}}, "Policy has an invalid condition key"),
        ({"Condition": {"StringEquals": {"aws:username/x": "x"}}}, "Policy has an invalid condition key"),
        ({"Condition": {"StringEquals": {"aws:SourceIp": "192.0.2.1"}}}, CONDITION),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/33"}}}, CONDITION),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "3221225985"}}}, CONDITION),
        ({"Condition": {"Bool": {"aws:SecureTransport": "yes"}}}, CONDITION),
        ({"Condition": {"NumericLessThan": {"s3:signatureAge": "ten"}}}, CONDITION),
        ({"Condition": {"NumericLessThan": {"s3:signatureAge": "1e999999999"}}}, CONDITION),
        ({"Condition": {"NumericLessThan": {"aws:username": "10"}}}, CONDITION),
        ({"Condition": {"DateLessThan": {"aws:CurrentTime": "tomorrow"}}}, CONDITION),
        ({"Condition": {"DateLessThan": {"aws:CurrentTime": "2026-13-01"}}}, CONDITION),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws"}}}, CONDITION),
        ({"Condition": {"BinaryEquals": {"aws:username": "%"}}}, CONDITION),
        (
            {"Condition": {"StringEquals": {"s3:prefix": "x"}}},
            "Conditions do not apply to combination of actions and resources in statement",
        ),
        ({"Resource": f"{ARN}/${{aws:colour}}"}, "Policy has an invalid policy variable"),
        ({"Condition": {"StringEquals": {"aws:username": "${x:y}"}}}, "Policy has an invalid policy variable"),
        ({"Resource": f"{ARN}/${{aws:username"}, "Invalid policy syntax."),
    ],
)
def test_a_malformed_statement_is_refused(elements: dict[str, Any], message: str) -> None:
    assert refusal(document(statement(**elements))) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", SYNTAX),
        ("[]", SYNTAX),
        (" {}", SYNTAX),
        ("{", SYNTAX),
        ('{"Statement": NaN}', SYNTAX),
        ('{"Statement":' + "[" * 20_000, SYNTAX),
        ('{"Statement": 1' + "0" * 5_000 + "}", SYNTAX),
        ("{}", "Missing required field Statement"),
        ('{"Statement": []}', "Could not parse the policy: Statement is empty!"),
        ('{"Statement": "x"}', "Invalid policy syntax."),
        ('{"Version": "2012-10-18", "Statement": []}', "The policy must contain a valid version string"),
        ('{"Version": 1, "Statement": []}', "The policy must contain a valid version string"),
        ('{"Statement": [], "Statement": []}', "Invalid policy syntax."),
        ('{"Statement": [], "Id": 5}', "Invalid policy syntax."),
        ('{"Statements": []}', "Unknown field Statements"),
        ('{"Id": "' + "x" * MAX_POLICY_BYTES + '"}', "Policy exceeds the maximum allowed document size."),
    ],
)
def test_a_malformed_document_is_refused(text: str, message: str) -> None:
    assert refusal(text) == message


def test_two_statements_of_one_name_are_refused() -> None:
    assert "must be unique" in refusal(document(statement(Sid="a"), statement("Deny", Sid="a")))


def test_an_element_that_comes_twice_is_refused() -> None:
    text = document(statement()).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    assert refusal(text) == "Invalid policy syntax."


@pytest.mark.parametrize(
    "elements",
    [
        {"Action": "*"},
        {"Action": "s3:*"},
        {"Action": "S3:getobject"},
        {"Action": ["s3:Get*", "s3:ListBucket"], "Resource": [ARN, f"{ARN}/*"]},
        {"Action": None, "NotAction": "s3:DeleteObject"},
        {"Resource": None, "NotResource": f"{ARN}/secret/*"},
        {"Resource": "*"},
        {"Resource": "arn:aws:s3:::*"},
        {"Resource": ["arn:aws:s3:::*", "arn:aws:s3:::*/*"]},
        {"Resource": "arn:aws:s3:::ass?ts/*"},
        {"Resource": "arn:aws:s3:::assets*"},
        {"Resource": "arn:aws:s3::*:assets/*"},
        {"Resource": "arn:aws:s3:::${aws:username}/*"},
        {"Principal": {"AWS": "*"}},
        {
            "Principal": {
                "AWS": ["bob", "arn:aws:iam::bob:root", "arn:aws:iam:::user/bob", "arn:aws:iam::bob:user/x/bob"]
            }
        },
        {"Principal": {"AWS": "123456789012", "CanonicalUser": ["bob"]}},
        {"Principal": {"AWS": "arn:aws:iam::elsewhere:root"}},
        {"Principal": {"Service": "logging.s3.amazonaws.com"}},
        {"Effect": "Deny", "Principal": None, "NotPrincipal": {"AWS": "bob"}},
        {"Condition": {}},
        {"Condition": {"Bool": {"AWS:securetransport": True}, "NumericEquals": {"s3:signatureAge": [1, 2.5]}}},
        {"Condition": {"StringEquals": {"s3:ExistingObjectTag/Team": "a"}, "Null": {"aws:SourceVpce": "true"}}},
        {"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z", "aws:EpochTime": "1700000000"}}},
        {"Condition": {"ForAllValues:StringLikeIfExists": {"aws:username": ["a*"]}}},
        {"Action": "s3:PutObject", "Condition": {"StringEquals": {"s3:x-amz-acl": ["private", "public-read"]}}},
    ],
)
def test_a_bucket_takes(elements: dict[str, Any]) -> None:
    assert len(parsed(statement(**elements)).statements) == 1


def test_one_statement_needs_no_list() -> None:
    text = json.dumps({"Statement": statement()})
    assert parse_policy(text, bucket=BUCKET).statements[0].effect == "Allow"


def test_a_policy_without_a_version_has_no_variables() -> None:
    text = json.dumps({"Statement": statement(Resource=f"{ARN}/${{aws:username}}")})
    assert parse_policy(text, bucket=BUCKET).statements[0].resources[0].is_fixed


def test_users_that_do_not_exist_are_refused() -> None:
    users = {"alice", "bob"}
    for principal in ({"CanonicalUser": "carol"}, {"AWS": "carol"}, {"AWS": "arn:aws:iam:::user/carol"}):
        assert refusal(document(statement(Principal=principal)), users=users) == PRINCIPAL
    # Nobody knows all accounts.
    parse_policy(document(statement(Principal={"AWS": "arn:aws:iam::carol:root"})), bucket=BUCKET, users=users)
    parse_policy(document(statement(Principal={"AWS": ["bob"]})), bucket=BUCKET, users=users)


def test_a_policy_of_the_full_size_is_taken() -> None:
    text = document(statement(), Id="")
    full = text.replace('"Id": ""', '"Id": "' + "x" * (MAX_POLICY_BYTES - len(text)) + '"')
    assert parse_policy(full, bucket=BUCKET).statements
    assert "maximum" in refusal(full.replace("xx", "xxx", 1))


def test_a_policy_of_a_user_has_no_principal_and_any_bucket() -> None:
    with pytest.raises(InvalidPolicy, match="Unknown field Principal"):
        parse_user_policy(document(statement()))
    policy = parse_user_policy(document(statement(Principal=None, Resource="arn:aws:s3:::other", Action="s3:*")))
    assert policy.statements[0].actions == frozenset(ACTIONS)


@pytest.mark.parametrize("name", sorted(OPERATORS.keys() - {"Null"}))
@pytest.mark.parametrize("prefix", ["", "ForAllValues:", "ForAnyValue:"])
@pytest.mark.parametrize("suffix", ["", "IfExists"])
def test_each_operator_has_each_prefix_and_suffix(name: str, prefix: str, suffix: str) -> None:
    found = next(key for key in CONDITION_KEYS.values() if key.type in OPERATORS[name].types and not key.actions)
    value = "true" if name == "Bool" else "1"
    value = "192.0.2.1" if "Address" in name else "arn:aws:iam::x:root" if "Arn" in name else value
    value = "QQ==" if name == "BinaryEquals" else value
    condition = parsed(statement(Condition={prefix + name + suffix: {found.name: value}})).statements[0].conditions[0]
    assert (condition.operator, condition.quantifier, condition.if_exists) == (name, prefix[:-1] or None, bool(suffix))
