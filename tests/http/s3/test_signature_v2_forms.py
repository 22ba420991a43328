"""Signature Version 2 in the policies of forms; and where it is not spoken at all."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from bucketry import Store
from bucketry_http import S3Credential
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client, Reply
from tests.http.s3.conftest import boto_client
from tests.http.s3.serving import CREDENTIAL, GUEST, READER, memory_store, serving
from tests.http.s3.signing import OWNER
from tests.http.s3.signing_v2 import BODY, DENIED, MISMATCH, client_of, presigned, seen
from tests.http.s3.test_forms import form
from tests.testing.plain import ask


def post(s3: Client, fields: dict[str, str], file: bytes = BODY) -> Reply:
    return s3.send("POST", "/things", {"content-type": "multipart/form-data; boundary=B"}, form(fields, file))


def policy_of(expiration: timedelta = timedelta(minutes=1), bucket: str = "things") -> str:
    until = (datetime.now(UTC) + expiration).strftime("%Y-%m-%dT%H:%M:%SZ")
    policy = {"expiration": until, "conditions": [{"bucket": bucket}, {"key": "a"}]}
    return base64.b64encode(json.dumps(policy).encode()).decode()


def fields_of(policy: str, by: S3Credential = CREDENTIAL) -> dict[str, str]:
    mac = hmac.digest(by.secret_key.reveal().encode(), policy.encode(), "sha1")
    own = {"AWSAccessKeyId": by.access_key, "policy": policy, "signature": base64.b64encode(mac).decode()}
    return own | {"key": "a"}


def test_a_form_that_boto3_signs(boto: S3Client, store: Store) -> None:
    fields = {"Content-Type": "text/plain", "x-amz-meta-colour": "blue"}
    conditions: list[Any] = [{name: value} for name, value in fields.items()]
    made = boto.generate_presigned_post(
        "things", "a/${filename}", Fields=fields, Conditions=[*conditions, ["content-length-range", 1, 20]]
    )
    assert "AWSAccessKeyId" in made["fields"]
    answer = httpx.post(made["url"], data=made["fields"], files={"file": ("name.txt", BODY)})
    assert answer.status_code == 204
    info = store.head_object("things", "a/name.txt")
    assert (info.size_bytes, info.content_type, info.metadata) == (len(BODY), "text/plain", {"colour": "blue"})
    answer = httpx.post(made["url"], data=made["fields"], files={"file": ("large.txt", BODY * 2)})
    assert (answer.status_code, "EntityTooLarge" in answer.text) == (400, True)
    answer = httpx.post(made["url"], data={**made["fields"], "Content-Type": "text/html"}, files={"file": ("b", BODY)})
    assert answer.status_code == 403
    assert [info.key for info in store.iter_objects("things")] == ["a/name.txt"]


FORMS: dict[str, tuple[dict[str, str], tuple[int, str]]] = {
    "by another secret key": (fields_of(policy_of()) | {"AWSAccessKeyId": "reader"}, MISMATCH),
    "by nobody": (fields_of(policy_of()) | {"AWSAccessKeyId": "nobody"}, (403, "InvalidAccessKeyId")),
    "by who may only read": (fields_of(policy_of(), READER), DENIED),
    "by a guest of another bucket": (fields_of(policy_of(), GUEST), DENIED),
    "a signature of another policy": (fields_of(policy_of()) | {"policy": policy_of(bucket="a")}, MISMATCH),
    "expired": (fields_of(policy_of(timedelta(seconds=-2))), DENIED),
    "for another bucket": (fields_of(policy_of(bucket="guests")), DENIED),
    "another key": (fields_of(policy_of()) | {"key": "b"}, DENIED),
    "a field more": (fields_of(policy_of()) | {"x-amz-meta-a": "b"}, DENIED),
    "both versions": (fields_of(policy_of()) | OWNER.policy_fields(policy_of()), (400, "InvalidArgument")),
    "no access key": (fields_of(policy_of()) | {"AWSAccessKeyId": ""}, (400, "InvalidArgument")),
    "no signature": (fields_of(policy_of()) | {"signature": ""}, (400, "InvalidArgument")),
    "no ASCII": (fields_of(policy_of()) | {"signature": "ä"}, MISMATCH),
}


@pytest.mark.parametrize(("fields", "error"), FORMS.values(), ids=FORMS)
def test_a_form_that_does_not_hold(s3: Client, store: Store, fields: dict[str, str], error: tuple[int, str]) -> None:
    assert post(s3, fields).error == error
    assert list(store.iter_objects("things")) == []


def test_a_form_that_holds(s3: Client, store: Store) -> None:
    assert post(s3, fields_of(policy_of(timedelta(hours=1)))).status == 204
    assert store.get_object("things", "a").read() == BODY


@pytest.fixture
def off(store: Store) -> Iterator[Client]:
    with memory_store() as other, serving(other, signature_v2=False) as url:
        other.create_bucket("things")
        yield Client(url)


def test_switched_off_it_is_not_spoken(off: Client) -> None:
    boto = boto_client(off.url)
    answer = ask("GET", presigned(boto, "get_object"))
    assert seen(answer) == (400, "InvalidRequest")
    assert b"AWS4-HMAC-SHA256" in answer.content
    forged = "/things/a?AWSAccessKeyId=tester&Expires=99999999999&Signature=abc"
    assert off.send("GET", forged).error == (400, "InvalidRequest")
    reply = post(off, boto.generate_presigned_post("things", "a")["fields"])
    assert reply.error == (400, "InvalidArgument")
    assert "x-amz-signature" in reply.text("Message")


@pytest.mark.parametrize("kind", ["url", "form"])
def test_a_session_is_unknown(s3: Client, kind: str) -> None:
    boto = client_of(s3.url, CREDENTIAL, aws_session_token="a token")
    if kind == "url":
        assert seen(ask("GET", presigned(boto, "get_object"))) == (400, "InvalidToken")
    else:
        assert post(s3, boto.generate_presigned_post("things", "a")["fields"]).error == (400, "InvalidToken")
