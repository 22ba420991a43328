"""Requests that are signed in a header: what holds, and S3's code for each way not to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from bucketry import Store

from tests.http.s3.client import Client
from tests.http.s3.signing import OWNER, UNSIGNED, Signing, sha256

BODY = b"what is stored"
PUT = "/things/a/key"

Headers = dict[str, str]


def test_a_signed_request_is_served(s3: Client, store: Store) -> None:
    assert s3.ask("PUT", PUT, BODY).status == 200
    reply = s3.ask("GET", PUT)
    assert (reply.status, reply.body) == (200, BODY)
    assert store.head_object("things", "a/key").size_bytes == len(BODY)


@pytest.mark.parametrize("seconds", [-840, 840])
def test_a_clock_may_be_a_quarter_of_an_hour_off(s3: Client, seconds: int) -> None:
    assert s3.ask("PUT", PUT, BODY, by=Signing(late=timedelta(seconds=seconds))).status == 200


WRONG_SIGNERS = {
    "another secret key": (Signing(secret_key="another"), (403, "SignatureDoesNotMatch")),
    "nobody's access key": (Signing(access_key="nobody"), (403, "InvalidAccessKeyId")),
    "a clock that is slow": (Signing(late=timedelta(seconds=960)), (403, "RequestTimeTooSkewed")),
    "a clock that is fast": (Signing(late=timedelta(seconds=-960)), (403, "RequestTimeTooSkewed")),
    "another region": (Signing(region="eu-central-1"), (400, "AuthorizationHeaderMalformed")),
    "another service": (Signing(service="sqs"), (400, "AuthorizationHeaderMalformed")),
    "another end of the scope": (Signing(terminator="aws5_request"), (400, "AuthorizationHeaderMalformed")),
    "another day": (Signing(scope_late=timedelta(days=1)), (400, "AuthorizationHeaderMalformed")),
}


@pytest.mark.parametrize(("by", "error"), WRONG_SIGNERS.values(), ids=WRONG_SIGNERS)
def test_a_wrong_signer_is_refused(s3: Client, store: Store, by: Signing, error: tuple[int, str]) -> None:
    assert s3.ask("PUT", PUT, BODY, by=by).error == error
    assert list(store.iter_objects("things")) == []


def test_a_wrong_region_is_told_the_right_one(s3: Client) -> None:
    assert s3.ask("GET", PUT, by=Signing(region="eu-central-1")).text("Region") == "us-east-1"


def test_who_asks_where_a_bucket_is_need_not_know_it(s3: Client) -> None:
    reply = s3.ask("GET", "/things?location", by=Signing(region="eu-central-1"))
    assert reply.status == 200
    assert s3.ask("GET", "/things?location", by=Signing(region="eu-central-1", secret_key="x")).status == 403


def change(name: str, old: str, new: str) -> Callable[[Headers], Headers]:
    def changed(headers: Headers) -> Headers:
        assert old in headers[name]
        return {**headers, name: headers[name].replace(old, new, 1)}

    return changed


def without(*names: str) -> Callable[[Headers], Headers]:
    return lambda headers: {name: value for name, value in headers.items() if name not in names}


CHANGES = {
    "a signature with one more digit": (
        change("authorization", "Signature=", "Signature=0"),
        "AuthorizationHeaderMalformed",
    ),
    "no signature": (change("authorization", ",Signature=", ",Sign="), "AuthorizationHeaderMalformed"),
    "no credential": (change("authorization", "Credential=", "Cred="), "AuthorizationHeaderMalformed"),
    "no scope": (change("authorization", "/us-east-1/s3", ""), "AuthorizationHeaderMalformed"),
    "host not signed": (change("authorization", "host;", ""), "AuthorizationHeaderMalformed"),
    "a signed header that is not there": (change("authorization", "host;", "host;x-more;"), "SignatureDoesNotMatch"),
    "another access key's name": (change("authorization", "=tester/", "=reader/"), "SignatureDoesNotMatch"),
    "another metadata": (change("x-amz-meta-colour", "blue", "red"), "SignatureDoesNotMatch"),
    "another content type": (change("content-type", "plain", "html"), "SignatureDoesNotMatch"),
    "another host": (change("host", "127.0.0.1", "localhost"), "SignatureDoesNotMatch"),
    "Signature Version 2": (lambda headers: {**headers, "authorization": "AWS tester:abcdef="}, "AccessDenied"),
    "Basic": (lambda headers: {**headers, "authorization": "Basic dGVzdGVyOng="}, "InvalidArgument"),
    "no hash of the body": (without("x-amz-content-sha256"), "MissingSecurityHeader"),
    "no date": (without("x-amz-date"), "AccessDenied"),
    "a date of nonsense": (lambda headers: {**headers, "x-amz-date": "yesterday"}, "AccessDenied"),
    "metadata added on the way": (lambda headers: {**headers, "x-amz-meta-more": "1"}, "AccessDenied"),
    "an acl added on the way": (lambda headers: {**headers, "x-amz-acl": "public-read"}, "AccessDenied"),
    "a session token": (lambda headers: {**headers, "x-amz-security-token": "t"}, "AccessDenied"),
    "no Authorization at all": (without("authorization"), "AccessDenied"),
}


@pytest.mark.parametrize(("changed", "code"), CHANGES.values(), ids=CHANGES)
def test_a_changed_request_is_refused(
    s3: Client, store: Store, changed: Callable[[Headers], Headers], code: str
) -> None:
    given = {"content-type": "text/plain", "x-amz-meta-colour": "blue"}
    signed = OWNER.headers("PUT", PUT, s3.host, given, payload=sha256(BODY))
    reply = s3.send("PUT", PUT, changed(signed), BODY)
    assert reply.code == code
    assert reply.status in {400, 403}
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize(("method", "target"), [("PUT", "/things/another"), ("PUT", f"{PUT}?x-id=a"), ("DELETE", PUT)])
def test_a_signature_is_for_one_method_path_and_query(s3: Client, method: str, target: str) -> None:
    signed = OWNER.headers("PUT", PUT, s3.host, payload=sha256(b""))
    assert s3.send(method, target, signed).error == (403, "SignatureDoesNotMatch")


def test_a_signed_session_token_is_refused_since_none_is_ever_issued(s3: Client) -> None:
    assert s3.ask("GET", "/", headers={"x-amz-security-token": "token"}).error == (400, "InvalidToken")


@pytest.mark.parametrize("size", [10, 5000], ids=["held", "streamed"])
def test_a_body_other_than_the_signed_one_is_not_stored(s3: Client, store: Store, size: int) -> None:
    body = b"x" * size
    store.put_object("things", "a/key", b"before")
    assert s3.ask("PUT", PUT, body, payload=sha256(b"another")).error == (400, "XAmzContentSHA256Mismatch")
    with store.get_object("things", "a/key") as kept:
        assert kept.read() == b"before"


def test_what_is_no_hash_is_refused(s3: Client) -> None:
    for payload in ("", "abc", sha256(BODY).upper(), "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"):
        assert s3.ask("PUT", PUT, BODY, payload=payload).error == (400, "InvalidArgument")


def test_a_body_need_not_be_signed(s3: Client) -> None:
    assert s3.ask("PUT", PUT, BODY, payload=UNSIGNED).status == 200


def test_a_signature_in_both_places_is_refused(s3: Client) -> None:
    target = OWNER.presigned("GET", PUT, s3.host)
    assert s3.ask("GET", target).error == (400, "InvalidArgument")


@pytest.mark.parametrize("by", [OWNER, Signing(secret_key="wrong"), Signing(access_key="nobody")])
def test_no_answer_holds_a_secret(s3: Client, by: Signing) -> None:
    reply = s3.ask("GET", "/things/none-such", by=replace(by, region="elsewhere"))
    assert OWNER.secret_key.encode() not in reply.body
    assert b"Signature=" not in reply.body
