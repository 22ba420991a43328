"""Presigned URLs of Signature Version 2 that do not hold, or are used for more than was signed."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from bucketry import Secret, Store
from bucketry_http import S3Credential
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client, Reply
from tests.http.s3.serving import ACCESS_KEY, CREDENTIAL, GUEST, READER
from tests.http.s3.signing import OWNER
from tests.http.s3.signing_v2 import BODY, DENIED, MISMATCH, client_of, presigned, seen, signed
from tests.testing.plain import ask

WRONG = {
    "another secret key": (CREDENTIAL.access_key, "another", MISMATCH),
    "nobody's access key": ("nobody", CREDENTIAL.secret_key.reveal(), (403, "InvalidAccessKeyId")),
    "without the right to write": (READER.access_key, READER.secret_key.reveal(), DENIED),
    "without the right to the bucket": (GUEST.access_key, GUEST.secret_key.reveal(), DENIED),
}


@pytest.mark.parametrize(("access_key", "secret_key", "error"), WRONG.values(), ids=WRONG)
def test_a_wrong_signer_is_refused(
    s3: Client, store: Store, access_key: str, secret_key: str, error: tuple[int, str]
) -> None:
    credential = S3Credential(access_key=access_key, secret_key=Secret(secret_key))
    assert seen(ask("PUT", presigned(client_of(s3.url, credential), "put_object"), BODY)) == error
    assert list(store.iter_objects("things")) == []


def test_who_may_read_reads(s3: Client, store: Store) -> None:
    store.put_object("things", "a", BODY)
    assert ask("GET", presigned(client_of(s3.url, READER), "get_object")).content == BODY


def test_an_expired_url_says_so(boto: S3Client) -> None:
    answer = ask("GET", presigned(boto, "get_object", expires=-2))
    assert seen(answer) == DENIED
    assert b"Request has expired" in answer.content


def test_a_url_may_hold_for_long(s3: Client) -> None:
    assert s3.send("PUT", signed("PUT", "/things/a", expires="99999999999"), body=BODY).status == 200


@pytest.mark.parametrize("expires", ["soon", "-1", "1.5", "%2B99999999999", "9" * 20, "٣" * 11, "99999999999%20"])
def test_a_malformed_expiry_is_refused(s3: Client, expires: str) -> None:
    reply = s3.send("GET", signed("GET", "/things/a", expires=expires).replace("٣", quote("٣")))
    assert reply.error == DENIED
    assert "seconds since epoch" in reply.text("Message")


@pytest.mark.parametrize("name", ["AWSAccessKeyId", "Expires", "Signature"])
def test_no_parameter_may_be_missing(s3: Client, store: Store, name: str) -> None:
    path, _, query = signed("GET", "/things/a").partition("?")
    kept = [part for part in query.split("&") if not part.startswith(f"{name}=")]
    for parts in (kept, [*kept, f"{name}="]):
        assert s3.send("GET", f"{path}?{'&'.join(parts)}").error == DENIED


TAMPERED = {
    "another key": ("/things/a?", "/things/b?"),
    "another bucket": ("/things/", "/guests/"),
    "the same key, spelt otherwise": ("/things/a?", "/things/%61?"),
    "a longer life": ("&Expires=", "&Expires=9"),
    "another access key": (ACCESS_KEY, "reader"),
    "a sub-resource": ("?", "?tagging&"),
    "an upload": ("?", "?uploadId=a&"),
    "a part": ("?", "?partNumber=1&"),
    "a version": ("?", "?versionId=null&"),
    "an override": ("?", "?response-content-type=text/html&"),
    "a header": ("?", "?x-amz-meta-a=b&"),
    "a copy": ("?", "?x-amz-copy-source=things/b&"),
    "an empty signature's worth": ("Signature=", "Signature=AAAA"),
}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(("old", "new"), TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_url_is_refused(s3: Client, store: Store, method: str, old: str, new: str) -> None:
    for key in ("a", "b"):
        store.put_object("things", key, BODY)
    target = signed(method, "/things/a")
    assert old in target
    assert s3.send(method, target.replace(old, new, 1), body=b"other").error == MISMATCH
    assert store.get_object("things", "a").read() == BODY
    assert s3.send(method, target, body=b"other").status < 300


@pytest.mark.parametrize(
    "name", ["attributes", "encryption", "retention", "metadata=true", "append", "unknown=1", "Range=a"]
)
def test_what_is_not_signed_and_may_mean_something_is_refused(s3: Client, store: Store, name: str) -> None:
    store.put_object("things", "a", BODY)
    for path in ("/things", "/things/a"):
        reply = s3.send("GET", signed("GET", f"{path}?{name}"))
        assert reply.error == DENIED
        assert "Signature Version 2" in reply.text("Message")


def test_what_s3_passes_over_is_passed_over(s3: Client, store: Store) -> None:
    store.put_object("things", "a", BODY)
    assert s3.send("GET", signed("GET", "/things/a?x-id=GetObject&x-user=me")).body == BODY


def test_an_override_s_value_does_not_become_a_sub_resource(s3: Client, store: Store) -> None:
    """Values are signed decoded: whoever chooses the name of a download must not choose the operation."""
    store.put_object("things", "a", BODY)
    resource = "/things/a?response-content-disposition=b&tagging"
    as_meant = signed("GET", "/things/a?response-content-disposition=b%26tagging", resource=resource)
    assert s3.send("GET", as_meant).headers["content-disposition"] == "b&tagging"
    bent = as_meant.replace("%26tagging", "&tagging")
    assert s3.send("GET", bent).error == (400, "InvalidRequest")


@pytest.mark.parametrize("value", ["1%0Ax-amz-meta-b:2", "1%0D", "1%00"])
def test_no_value_runs_into_the_next_line(s3: Client, store: Store, value: str) -> None:
    lines = ["x-amz-meta-a:1", "x-amz-meta-b:2"]
    assert s3.send("PUT", signed("PUT", f"/things/a?x-amz-meta-a={value}", headers=lines), body=BODY).status == 400
    assert list(store.iter_objects("things")) == []


def test_a_url_is_for_one_method(boto: S3Client, store: Store) -> None:
    store.put_object("things", "a", BODY)
    url = presigned(boto, "get_object")
    for method in ("PUT", "DELETE", "HEAD", "POST"):
        assert ask(method, url).status == 403
    assert store.get_object("things", "a").read() == BODY


def test_two_versions_at_once_are_refused(s3: Client, store: Store) -> None:
    store.put_object("things", "a", BODY)
    target = signed("GET", "/things/a")
    both = OWNER.presigned("GET", target, s3.host)
    for reply in (s3.send("GET", both), s3.ask("GET", target)):
        assert reply.error == (400, "InvalidArgument")


def test_the_body_s_hash_is_checked_and_signed_chunks_are_refused(s3: Client, store: Store) -> None:
    def put(declared: str) -> Reply:
        more = {"x-amz-content-sha256": declared, "x-amz-decoded-content-length": "14"}
        lines = [f"{name}:{value}" for name, value in more.items()]
        return s3.send("PUT", signed("PUT", "/things/a", headers=lines), more, BODY)

    assert put("0" * 64).error == (400, "XAmzContentSHA256Mismatch")
    assert put("STREAMING-AWS4-HMAC-SHA256-PAYLOAD").error == DENIED
    assert list(store.iter_objects("things")) == []
    assert put("UNSIGNED-PAYLOAD").status == 200


def test_no_secret_is_in_an_answer(s3: Client, boto: S3Client) -> None:
    url = presigned(boto, "get_object")
    right = dict(parse_qsl(urlsplit(url).query))["Signature"]
    answer = ask("GET", url.replace(quote(right, safe=""), "wrong"))
    assert seen(answer) == MISMATCH
    assert right.encode() not in answer.content
    assert CREDENTIAL.secret_key.reveal().encode() not in answer.content
