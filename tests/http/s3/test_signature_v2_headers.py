"""Requests that are signed with Signature Version 2 in their ``Authorization`` header, as old clients sign them."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from typing import Any

import pytest
from botocore.client import Config
from bucketry import Store
from bucketry_http import S3Credential
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.serving import CREDENTIAL, GUEST, READER, memory_store, serving
from tests.http.s3.signing_v2 import BODY, DENIED, MISMATCH, client_of
from tests.http.s3.test_objects import failing

TARGET = "/things/a"


def signed(
    method: str = "PUT",
    target: str = TARGET,
    *,
    resource: str = "",
    date: str | None = None,
    headers: Mapping[str, str] | None = None,
    by: S3Credential = CREDENTIAL,
) -> dict[str, str]:
    """The headers of a request that is signed as the S3 user guide says."""
    given = {"date": formatdate(usegmt=True) if date is None else date, **(headers or {})}
    amz = sorted(f"{name}:{value}\n" for name, value in given.items() if name.startswith("x-amz-"))
    dated = "" if "x-amz-date" in given else given["date"]
    lines = [method, given.get("content-md5", ""), given.get("content-type", ""), dated]
    to_sign = "\n".join(lines) + "\n" + "".join(amz) + (resource or target.partition("?")[0])
    mac = hmac.digest(by.secret_key.reveal().encode(), to_sign.encode(), "sha1")
    return {**given, "authorization": f"AWS {by.access_key}:{base64.b64encode(mac).decode()}"}


@pytest.fixture
def old(s3: Client) -> S3Client:
    """boto3, told to sign with version 2."""
    return client_of(s3.url, CREDENTIAL, config=Config(signature_version="s3"))


def test_boto3_works_with_it(old: S3Client, store: Store) -> None:
    old.create_bucket(Bucket="a-new-one")
    old.put_object(Bucket="things", Key="a b/ä", Body=BODY, Metadata={"colour": "blue"}, ContentType="text/plain")
    found = old.get_object(Bucket="things", Key="a b/ä")
    assert (found["Body"].read(), found["Metadata"], found["ContentType"]) == (BODY, {"colour": "blue"}, "text/plain")
    listed = old.list_objects_v2(Bucket="things", Prefix="a", MaxKeys=10)
    assert [entry["Key"] for entry in listed["Contents"]] == ["a b/ä"]
    place: Any = {"Bucket": "things", "Key": "big"}
    upload = old.create_multipart_upload(Bucket="things", Key="big")["UploadId"]
    etag = old.upload_part(**place, UploadId=upload, PartNumber=1, Body=BODY)["ETag"]
    parts: Any = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    old.complete_multipart_upload(Bucket="things", Key="big", UploadId=upload, MultipartUpload=parts)
    assert store.get_object("things", "big").read() == BODY
    old.delete_objects(Bucket="things", Delete={"Objects": [{"Key": "a b/ä"}, {"Key": "big"}]})
    assert list(store.iter_objects("things")) == []
    assert "a-new-one" in [bucket["Name"] for bucket in old.list_buckets()["Buckets"]]


@pytest.mark.parametrize("agent", ["", None])
def test_a_client_need_not_say_its_name(s3: Client, agent: str | None) -> None:
    headers = signed() if agent is None else {**signed(), "user-agent": agent}
    assert s3.send("PUT", TARGET, headers, BODY).status == 200
    bucket = signed(target="/a-new-one")
    assert s3.send("PUT", "/a-new-one", bucket if agent is None else {**bucket, "user-agent": agent}).status == 200


@pytest.mark.parametrize(
    ("md5", "code"), [("AWS HAHAHA", "InvalidDigest"), ("", "InvalidDigest"), ("1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest")]
)
def test_a_wrong_digest_is_refused(s3: Client, store: Store, md5: str, code: str) -> None:
    assert s3.send("PUT", TARGET, signed(headers={"content-md5": md5}), BODY).error == (400, code)
    assert list(store.iter_objects("things")) == []


def test_the_date_may_stand_in_a_header_of_amazons(s3: Client) -> None:
    headers = signed(date="long ago", headers={"x-amz-date": formatdate(usegmt=True)})
    assert s3.send("PUT", TARGET, headers, BODY).status == 200
    del headers["date"]
    assert s3.send("PUT", TARGET, headers, BODY).status == 200
    assert s3.send("PUT", TARGET, {**headers, "x-amz-date": formatdate(1, usegmt=True)}, BODY).status == 403


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("", "AccessDenied"),
        ("yesterday", "AccessDenied"),
        (-1000, "RequestTimeTooSkewed"),
        (1800, "RequestTimeTooSkewed"),
    ],
)
def test_a_signature_is_from_now(s3: Client, date: str | int, code: str) -> None:
    text = date if isinstance(date, str) else formatdate(time.time() + date, usegmt=True)
    assert s3.send("PUT", TARGET, signed(date=text), BODY).error == (403, code)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"content-type": "text/html"}, MISMATCH),
        ({"x-amz-meta-more": "1"}, MISMATCH),
        ({"x-amz-security-token": "t"}, MISMATCH),
        ({"authorization": "AWS tester:AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, MISMATCH),
        ({"authorization": "AWS nobody:AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, (403, "InvalidAccessKeyId")),
        ({"authorization": "AWS tester"}, (400, "InvalidArgument")),
        ({"authorization": "AWS :"}, (400, "InvalidArgument")),
        ({"authorization": "AWS "}, (400, "InvalidRequest")),
    ],
)
def test_a_changed_request_is_refused(s3: Client, store: Store, change: dict[str, str], error: tuple[int, str]) -> None:
    assert s3.send("PUT", TARGET, {**signed(), **change}, BODY).error == error
    assert s3.send("PUT", "/things/b", signed(), BODY).error == MISMATCH
    assert s3.send("DELETE", TARGET, signed()).error == MISMATCH
    assert list(store.iter_objects("things")) == []


def test_a_session_is_refused(s3: Client) -> None:
    assert s3.send("PUT", TARGET, signed(headers={"x-amz-security-token": "t"}), BODY).error == (400, "InvalidToken")


@pytest.mark.parametrize("by", [READER, GUEST], ids=["without the right to write", "of another bucket"])
def test_rights_count(s3: Client, store: Store, by: S3Credential) -> None:
    assert s3.send("PUT", TARGET, signed(by=by), BODY).error == DENIED
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("parameter", ["attributes", "encryption", "legal-hold", "x-amz-acl=public-read"])
def test_a_parameter_that_is_not_signed_and_changes_the_request_is_refused(s3: Client, parameter: str) -> None:
    reply = s3.send("GET", f"{TARGET}?{parameter}", signed("GET"))
    assert reply.status in {400, 403}
    assert s3.send("PUT", f"{TARGET}?tagging", signed(), BODY).error == MISMATCH


def test_one_signature_is_enough(s3: Client) -> None:
    reply = s3.send("GET", f"{TARGET}?AWSAccessKeyId=tester&Expires=99999999999&Signature=x", signed("GET"))
    assert reply.error == (400, "InvalidArgument")


@pytest.fixture
def off(store: Store) -> Iterator[str]:
    with memory_store() as other, serving(other, signature_v2=False) as url:
        other.create_bucket("things")
        yield url


def test_switched_off_it_is_not_spoken(off: str) -> None:
    assert Client(off).send("PUT", TARGET, signed(), BODY).error == (400, "InvalidRequest")
    old = client_of(off, CREDENTIAL, config=Config(signature_version="s3"))
    assert failing(old.put_object, Bucket="things", Key="a") == (400, "InvalidRequest")
