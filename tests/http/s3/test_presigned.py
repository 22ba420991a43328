"""Presigned URLs, used as anybody without credentials would: by a plain HTTP client."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.serving import READER
from tests.http.s3.signing import OWNER, Signing, signing_as

BODY = b"what is stored"
KEY = "/things/a%20key%2B/%C3%A4"
MALFORMED = (400, "AuthorizationQueryParametersError")
DENIED = (403, "AccessDenied")


def test_put_then_get(s3: Client, store: Store) -> None:
    headers = {"content-type": "text/plain"}
    target = OWNER.presigned("PUT", KEY, s3.host, headers)
    assert httpx.put(s3.url + target, content=BODY, headers=headers).status_code == 200
    answer = httpx.get(s3.url + OWNER.presigned("GET", KEY, s3.host))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, BODY, "text/plain")
    assert [info.key for info in store.iter_objects("things")] == ["a key+/ä"]


@pytest.mark.parametrize("operation", ["put_object", "get_object", "head_object", "delete_object"])
def test_urls_that_boto3_presigns(s3: Client, presigning: S3Client, store: Store, operation: str) -> None:
    store.put_object("things", "a//b é", BODY)
    url = presigning.generate_presigned_url(operation, Params={"Bucket": "things", "Key": "a//b é"})
    method = operation.partition("_")[0].upper()
    assert httpx.request(method, url, content=b"" if method != "PUT" else BODY).status_code in {200, 204}


def test_parts_of_an_upload(s3: Client, store: Store) -> None:
    upload = store.create_multipart_upload("things", "big").upload_id
    target = OWNER.presigned("PUT", f"/things/big?partNumber=1&uploadId={upload}", s3.host)
    answer = httpx.put(s3.url + target, content=BODY)
    assert answer.status_code == 200
    [part] = store.list_parts("things", "big", upload).parts
    assert answer.headers["etag"] == f'"{part.etag}"'


def test_the_answer_can_be_named_as_a_download(s3: Client, store: Store) -> None:
    store.put_object("things", "a", BODY)
    target = OWNER.presigned("GET", "/things/a?response-content-disposition=attachment%3B%20filename%3Db", s3.host)
    assert httpx.get(s3.url + target).headers["content-disposition"] == "attachment; filename=b"


WRONG_SIGNERS = {
    "another secret key": (Signing(secret_key="another"), (403, "SignatureDoesNotMatch")),
    "nobody's access key": (Signing(access_key="nobody"), (403, "InvalidAccessKeyId")),
    "expired": (Signing(late=timedelta(seconds=62)), (403, "AccessDenied")),
    "not valid yet": (Signing(late=timedelta(seconds=-960)), (403, "AccessDenied")),
    "another region": (Signing(region="eu-central-1"), MALFORMED),
    "another service": (Signing(service="sqs"), MALFORMED),
    "another day": (Signing(scope_late=timedelta(days=1)), MALFORMED),
    "without the right to write": (signing_as(READER), (403, "AccessDenied")),
}


@pytest.mark.parametrize(("by", "error"), WRONG_SIGNERS.values(), ids=WRONG_SIGNERS)
def test_a_wrong_signer_is_refused(s3: Client, store: Store, by: Signing, error: tuple[int, str]) -> None:
    assert s3.send("PUT", by.presigned("PUT", KEY, s3.host), body=BODY).error == error
    assert list(store.iter_objects("things")) == []


def test_an_expired_url_says_so(s3: Client) -> None:
    late = Signing(late=timedelta(seconds=62))
    assert "Request has expired" in s3.send("GET", late.presigned("GET", KEY, s3.host)).text("Message")


@pytest.mark.parametrize("expires", [1, 604_800])
def test_a_url_may_hold_for_up_to_a_week(s3: Client, expires: int) -> None:
    assert s3.send("PUT", OWNER.presigned("PUT", KEY, s3.host, expires=expires), body=BODY).status == 200


@pytest.mark.parametrize("expires", ["0", "-1", "604801"])
def test_a_life_out_of_range_is_refused(s3: Client, expires: str) -> None:
    assert s3.send("PUT", OWNER.presigned("PUT", KEY, s3.host, expires=expires), body=BODY).error == DENIED


@pytest.mark.parametrize("expires", ["1.5", "soon", "", "99999999999999999999"])
def test_a_life_that_is_not_a_number_of_seconds_is_refused(s3: Client, expires: str) -> None:
    assert s3.send("PUT", OWNER.presigned("PUT", KEY, s3.host, expires=expires), body=BODY).error == MALFORMED


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"])
def test_no_parameter_may_be_missing(s3: Client, name: str) -> None:
    target = OWNER.presigned("GET", KEY, s3.host)
    path, _, query = target.partition("?")
    kept = "&".join(part for part in query.split("&") if not part.startswith(f"X-Amz-{name}="))
    assert s3.send("GET", f"{path}?{kept}").error == MALFORMED


TAMPERED = {
    "another key": ("a%20key", "b%20key"),
    "a longer life": ("X-Amz-Expires=60", "X-Amz-Expires=600"),
    "another access key": ("tester", "reader"),
    "another upload": ("x-id=", "uploadId="),
    "a parameter more": ("?x-id=", "?partNumber=1&x-id="),
}


@pytest.mark.parametrize(("old", "new"), TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_url_is_refused(s3: Client, store: Store, old: str, new: str) -> None:
    store.put_object("things", "a key+/ä", BODY)
    target = OWNER.presigned("GET", f"{KEY}?x-id=", s3.host)
    assert s3.send("GET", target).status == 200
    assert old in target
    assert s3.send("GET", target.replace(old, new)).error == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("method", ["PUT", "HEAD", "DELETE"])
def test_a_url_is_for_one_method(s3: Client, store: Store, method: str) -> None:
    store.put_object("things", "a key+/ä", BODY)
    assert s3.send(method, OWNER.presigned("GET", KEY, s3.host)).status == 403
    assert store.head_object("things", "a key+/ä").size_bytes == len(BODY)


def test_a_url_is_for_one_host(s3: Client) -> None:
    target = OWNER.presigned("GET", KEY, "s3.example.com")
    assert s3.send("GET", target).error == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("sent", [{}, {"content-type": "text/html"}], ids=["none", "another"])
def test_a_signed_content_type_must_come(s3: Client, store: Store, sent: dict[str, str]) -> None:
    target = OWNER.presigned("PUT", KEY, s3.host, {"content-type": "text/plain"})
    assert s3.send("PUT", target, sent, BODY).error == (403, "SignatureDoesNotMatch")
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("name", ["x-amz-acl", "x-amz-meta-a", "x-amz-copy-source", "x-amz-tagging"])
def test_headers_with_a_meaning_must_be_signed(s3: Client, store: Store, name: str) -> None:
    store.put_object("things", "secret", b"secret")
    target = OWNER.presigned("PUT", KEY, s3.host)
    assert s3.send("PUT", target, {name: "things/secret"}, BODY).error == (403, "AccessDenied")
    assert [info.key for info in store.iter_objects("things")] == ["secret"]
