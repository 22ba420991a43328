"""POST policies, against botocore's and minio-py's."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from bucketry.secret import Secret
from bucketry.sigv4 import Credentials, SignatureError, Signer, Verifier
from hypothesis import given, settings
from hypothesis import strategies as st
from minio.signer import post_presign_v4

from . import strategies
from .wire import EXAMPLE, EXAMPLE_TIME, botocore_credentials, frozen_botocore, reveal

POLICY = {"expiration": "2013-05-25T00:00:00Z", "conditions": [{"bucket": "b"}, ["starts-with", "$key", "é/"]]}
VERIFIER = Verifier({EXAMPLE.access_key: EXAMPLE.secret_key}.get)


@settings(deadline=None)
@given(strategies.credentials, strategies.regions, strategies.times, st.dictionaries(st.text(), st.text(), max_size=3))
def test_equals_botocore(credentials: Credentials, region: str, now: datetime, more: dict[str, str]) -> None:
    policy = {**POLICY, "conditions": [*POLICY["conditions"], more]}
    request = AWSRequest("POST", "http://host/b")
    request.context["s3-presign-post-policy"] = json.loads(json.dumps(policy))
    with frozen_botocore(now):
        botocore.auth.S3SigV4PostAuth(botocore_credentials(credentials), "s3", region).add_auth(request)
    fields = Signer(credentials, region=region).sign_policy(policy, now=now)
    assert fields == request.context["s3-presign-post-fields"]
    verified = Verifier({credentials.access_key: credentials.secret_key}.get, region=region).verify_policy(fields)
    assert (verified.kind, verified.region, verified.expires_at) == ("policy", region, None)
    assert verified.date == now.replace(microsecond=0)
    assert reveal(verified.session_token) == reveal(credentials.session_token)


def test_equals_minio() -> None:
    fields = Signer(EXAMPLE, region="us-east-1").sign_policy(POLICY, now=EXAMPLE_TIME)
    theirs = post_presign_v4(fields["policy"], EXAMPLE.secret_key.reveal(), EXAMPLE_TIME, "us-east-1")
    assert fields["x-amz-signature"] == theirs


def test_the_policy_carries_the_conditions_on_its_signature() -> None:
    token = Credentials("AK", Secret("secret"), Secret("token"))
    fields = Signer(token, region="r").sign_policy(POLICY, now=EXAMPLE_TIME)
    conditions = json.loads(base64.b64decode(fields["policy"]))["conditions"]
    assert conditions == [
        *POLICY["conditions"],
        {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
        {"x-amz-credential": "AK/20130524/r/s3/aws4_request"},
        {"x-amz-date": "20130524T000000Z"},
        {"x-amz-security-token": "token"},
    ]


def test_a_policy_holds_longer_than_a_request() -> None:
    fields = Signer(EXAMPLE, region="r").sign_policy(POLICY, now=datetime.now(UTC) - timedelta(days=3))
    assert VERIFIER.verify_policy(fields).access_key == EXAMPLE.access_key


def code(fields: dict[str, str]) -> str:
    with pytest.raises(SignatureError) as caught:
        VERIFIER.verify_policy(fields)
    assert EXAMPLE.secret_key.reveal() not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("policy", "e30=", "SignatureDoesNotMatch"),
        ("policy", "é", "InvalidArgument"),
        ("policy", "x" * 70_000, "InvalidArgument"),
        ("x-amz-date", "20130524T000001Z", "SignatureDoesNotMatch"),
        ("x-amz-date", "20130525T000000Z", "InvalidArgument"),
        ("x-amz-date", "\ud800", "InvalidArgument"),
        ("x-amz-credential", "AKIAIOSFODNN7EXAMPLE/20130524/q/s3/aws4_request", "SignatureDoesNotMatch"),
        ("x-amz-credential", "AKSTRANGER/20130524/r/s3/aws4_request", "InvalidAccessKeyId"),
        ("x-amz-credential", "x", "InvalidArgument"),
        ("x-amz-algorithm", "AWS", "InvalidRequest"),
        ("x-amz-signature", "0" * 64, "SignatureDoesNotMatch"),
        ("x-amz-signature", "0", "InvalidArgument"),
    ],
    ids=str,
)
def test_a_changed_field(name: str, value: str, expected: str) -> None:
    fields = Signer(EXAMPLE, region="r").sign_policy(POLICY, now=EXAMPLE_TIME)
    if name == "x-amz-date" and expected == "SignatureDoesNotMatch":
        # Only the day is in the key: within it, the policy's own condition on x-amz-date is what holds.
        assert VERIFIER.verify_policy(fields | {name: value}).date != EXAMPLE_TIME
    else:
        assert code(fields | {name: value}) == expected


@pytest.mark.parametrize("name", ["policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"])
def test_a_missing_field(name: str) -> None:
    fields = Signer(EXAMPLE, region="r").sign_policy(POLICY, now=EXAMPLE_TIME)
    del fields[name]
    assert code(fields) == "InvalidArgument"


def test_conditions_are_a_list() -> None:
    with pytest.raises(ValueError, match="list"):
        Signer(EXAMPLE, region="r").sign_policy({"conditions": "x"})
