"""Encrypted objects, through boto3: what a write asks for is told by every response that S3 tells it in."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from botocore.exceptions import ClientError
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.encrypting import (
    KEY,
    KMS_KEY,
    OTHER,
    OTHER_KMS_KEY,
    SSE,
    WRITES,
    check_told,
    md5_text,
    of_reads,
    sse_c,
    sse_c_headers,
    text,
)
from tests.http.s3.test_forms import form, signed
from tests.http.s3.test_objects import failing

MIB = 1024**2
AT: dict[str, Any] = {"Bucket": "things", "Key": "a"}
ENCRYPTED = ["sse-s3", "sse-kms", "sse-c"]
CONTEXT = base64.b64encode(json.dumps({"tenant": "blue"}).encode()).decode()


@pytest.mark.parametrize("mode", WRITES)
@pytest.mark.parametrize("size", [0, 1, 13, 1024, MIB])
def test_what_is_written_encrypted_is_read_again(boto: S3Client, mode: str, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    check_told(boto.put_object(**AT, Body=content, **WRITES[mode]), mode)
    got = boto.get_object(**AT, **of_reads(mode))
    assert got["Body"].read() == content
    check_told(got, mode)
    check_told(boto.head_object(**AT, **of_reads(mode)), mode)
    if size > 1:
        part = boto.get_object(**AT, Range="bytes=1-1", **of_reads(mode))
        assert part["Body"].read() == content[1:2]
        check_told(part, mode)


@pytest.mark.parametrize("mode", ENCRYPTED)
def test_another_write_is_encrypted_as_it_says_itself(boto: S3Client, mode: str) -> None:
    boto.put_object(**AT, Body=b"first", **WRITES[mode])
    boto.put_object(**AT, Body=b"second")
    got = boto.get_object(**AT)
    assert got["Body"].read() == b"second"
    check_told(got, "unencrypted")


def test_attributes_need_the_customers_key(boto: S3Client) -> None:
    boto.put_object(**AT, Body=b"content", **sse_c())
    wanted: Any = {**AT, "ObjectAttributes": ["ObjectSize", "ETag"]}
    # boto3 prepares the key for the other operations, not for this one.
    mine, other = (sse_c(SSECustomerKey=text(key), SSECustomerKeyMD5=md5_text(key)) for key in (KEY, OTHER))
    assert boto.get_object_attributes(**wanted, **mine)["ObjectSize"] == 7
    assert failing(boto.get_object_attributes, **wanted) == (400, "InvalidRequest")
    assert failing(boto.get_object_attributes, **wanted, **other) == (403, "AccessDenied")


def test_tags_need_no_key(boto: S3Client) -> None:
    boto.put_object(**AT, Body=b"content", **sse_c())
    tags: Any = [{"Key": "colour", "Value": "red"}]
    boto.put_object_tagging(**AT, Tagging={"TagSet": tags})
    assert boto.get_object_tagging(**AT)["TagSet"] == tags
    boto.delete_object_tagging(**AT)
    assert boto.get_object_tagging(**AT)["TagSet"] == []


def test_the_key_of_a_customer_is_needed_and_no_other(boto: S3Client) -> None:
    boto.put_object(**AT, Body=b"content", **sse_c())
    assert failing(boto.get_object, **AT) == (400, "InvalidRequest")
    assert failing(boto.get_object, **AT, **sse_c(OTHER)) == (403, "AccessDenied")
    assert failing(boto.head_object, **AT)[0] == 400
    assert failing(boto.head_object, **AT, **sse_c(OTHER))[0] == 403
    assert failing(boto.get_object, **AT, Range="bytes=0-1") == (400, "InvalidRequest")
    boto.delete_object(**AT)
    boto.put_object(**AT, Body=b"content")
    assert failing(boto.get_object, **AT, **sse_c()) == (400, "InvalidRequest")


def test_a_read_does_not_say_how_an_object_is_encrypted(s3: Client, boto: S3Client) -> None:
    boto.put_object(**AT, Body=b"content", **WRITES["sse-kms"])
    for name, value in ((SSE, "aws:kms"), (f"{SSE}-aws-kms-key-id", KMS_KEY)):
        assert s3.ask("HEAD", "/things/a", headers={name: value}).status == 400
        assert s3.ask("GET", "/things/a", headers={name: value}).error == (400, "InvalidArgument")


def test_the_context_of_a_kms_key_is_told_to_the_writer_alone(boto: S3Client) -> None:
    put = boto.put_object(**AT, Body=b"content", **WRITES["sse-kms"], SSEKMSEncryptionContext=CONTEXT)
    assert put["SSEKMSEncryptionContext"] == CONTEXT
    got = boto.get_object(**AT)
    assert "SSEKMSEncryptionContext" not in got
    assert f"{SSE}-context" not in got["ResponseMetadata"]["HTTPHeaders"]
    upload = boto.create_multipart_upload(**AT, **WRITES["sse-kms"], SSEKMSEncryptionContext=CONTEXT)
    assert upload["SSEKMSEncryptionContext"] == CONTEXT


def test_a_key_of_the_bucket_is_told_if_there_is_one(boto: S3Client) -> None:
    assert boto.put_object(**AT, Body=b"", **WRITES["sse-kms"], BucketKeyEnabled=True)["BucketKeyEnabled"] is True
    assert boto.head_object(**AT)["BucketKeyEnabled"] is True
    assert not boto.put_object(**AT, Body=b"", **WRITES["sse-kms"], BucketKeyEnabled=False).get("BucketKeyEnabled")


def test_without_an_id_the_key_is_the_default_one(boto: S3Client) -> None:
    put = boto.put_object(**AT, Body=b"content", ServerSideEncryption="aws:kms")
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", "alias/aws/s3")
    assert (
        boto.put_object(**AT, Body=b"", ServerSideEncryption="aws:kms:dsse")["ServerSideEncryption"] == "aws:kms:dsse"
    )


def test_an_etag_is_not_the_md5_under_other_keys_than_the_stores(boto: S3Client) -> None:
    plain = boto.put_object(**AT, Body=b"content")["ETag"]
    assert boto.put_object(**AT, Body=b"content", **WRITES["sse-s3"])["ETag"] == plain
    for mode in ("sse-kms", "sse-c"):
        etag = boto.put_object(**AT, Body=b"content", **WRITES[mode])["ETag"]
        assert etag != plain
        assert boto.head_object(**AT, **of_reads(mode), IfMatch=etag)["ETag"] == etag


# A bucket's default


def test_a_bucket_encrypts_by_default(boto: S3Client) -> None:
    assert failing(boto.get_bucket_encryption, Bucket="things") == (
        404,
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    for mode, rule in (
        ("sse-s3", {"SSEAlgorithm": "AES256"}),
        ("sse-kms", {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS_KEY}),
    ):
        settings: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
        boto.put_bucket_encryption(Bucket="things", ServerSideEncryptionConfiguration=settings)
        told = boto.get_bucket_encryption(Bucket="things")["ServerSideEncryptionConfiguration"]["Rules"]
        assert told[0]["ApplyServerSideEncryptionByDefault"] == rule
        for size in (1, 1024, MIB, 8 * MIB):
            check_told(boto.put_object(**AT, Body=bytes(size)), mode)
            got = boto.get_object(**AT)
            check_told(got, mode)
            assert got["Body"].read() == bytes(size)
        check_told(boto.put_object(**AT, Body=b"", **sse_c()), "sse-c")
        check_told(boto.create_multipart_upload(**AT), mode)
        source: Any = {"Bucket": "things", "Key": "source"}
        boto.put_object(**source, Body=b"content", ServerSideEncryption="AES256")
        check_told(boto.copy_object(**AT, CopySource=source), mode)
    own = boto.put_object(**AT, Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=OTHER_KMS_KEY)
    assert own["SSEKMSKeyId"] == OTHER_KMS_KEY
    boto.delete_bucket_encryption(Bucket="things")
    check_told(boto.put_object(**AT, Body=b""), "unencrypted")


# Forms and presigned URLs


@pytest.mark.parametrize("mode", ENCRYPTED)
def test_a_form_encrypts_what_it_sends(s3: Client, boto: S3Client, mode: str) -> None:
    fields = {
        "sse-s3": {SSE: "AES256"},
        "sse-kms": {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": KMS_KEY},
        "sse-c": sse_c_headers(),
    }[mode]
    conditions = [{"key": "a"}, *({name: value} for name, value in fields.items())]
    content = form(signed(conditions) | {"key": "a"} | fields)
    reply = s3.send("POST", "/things", {"content-type": "multipart/form-data; boundary=B"}, content)
    assert reply.status == 204
    assert reply.headers.get(SSE) == WRITES[mode].get("ServerSideEncryption")
    assert reply.headers.get(f"{SSE}-customer-key-md5") == (md5_text(KEY) if mode == "sse-c" else None)
    got = boto.get_object(**AT, **of_reads(mode))
    check_told(got, mode)
    assert got["Body"].read() == b"what the browser sends"


def test_a_form_that_its_policy_does_not_allow_to_encrypt(s3: Client) -> None:
    content = form(signed([{"key": "a"}]) | {"key": "a", SSE: "AES256"})
    reply = s3.send("POST", "/things", {"content-type": "multipart/form-data; boundary=B"}, content)
    assert reply.error == (403, "AccessDenied")


@pytest.mark.parametrize("mode", ENCRYPTED)
def test_a_presigned_url_encrypts(presigning: S3Client, boto: S3Client, mode: str) -> None:
    url = presigning.generate_presigned_url("put_object", Params={**AT, **WRITES[mode]})
    headers = {
        "sse-s3": {SSE: "AES256"},
        "sse-kms": {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": KMS_KEY},
        "sse-c": sse_c_headers(),
    }[mode]
    assert httpx.put(url, content=b"content", headers=headers, trust_env=False).status_code == 200
    check_told(boto.head_object(**AT, **of_reads(mode)), mode)
    url = presigning.generate_presigned_url("get_object", Params={**AT, **of_reads(mode)})
    got = httpx.get(url, headers=sse_c_headers() if mode == "sse-c" else {}, trust_env=False)
    assert (got.status_code, got.content) == (200, b"content")
    if mode == "sse-c":
        assert httpx.get(url, headers=sse_c_headers(OTHER), trust_env=False).status_code == 403
        plain = presigning.generate_presigned_url("get_object", Params=AT)
        assert httpx.get(plain, trust_env=False).status_code == 400


# What is malformed


BAD_KEYS: dict[str, dict[str, str | None]] = {
    "no algorithm": {f"{SSE}-customer-algorithm": None},
    "no key": {f"{SSE}-customer-key": None},
    "no digest": {f"{SSE}-customer-key-md5": None},
    "only a digest": {f"{SSE}-customer-key": None, f"{SSE}-customer-algorithm": None},
    "another digest": {f"{SSE}-customer-key-md5": md5_text(OTHER)},
    "a digest that is not base64": {f"{SSE}-customer-key-md5": "not base64"},
    "a short key": {f"{SSE}-customer-key": text(KEY[:31]), f"{SSE}-customer-key-md5": md5_text(KEY[:31])},
    "a long key": {f"{SSE}-customer-key": text(KEY + b"."), f"{SSE}-customer-key-md5": md5_text(KEY + b".")},
    "a key that is not base64": {f"{SSE}-customer-key": "SECRET but not base64"},
    "an empty key": {f"{SSE}-customer-key": ""},
}
EVERYWHERE = [
    ("PUT", "/things/a"),
    ("GET", "/things/a"),
    ("POST", "/things/a?uploads"),
    ("PUT", "/things/a?partNumber=1&uploadId=x"),
]


def changed(changes: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in (sse_c_headers() | changes).items() if value is not None}


@pytest.mark.parametrize("changes", BAD_KEYS.values(), ids=BAD_KEYS)
@pytest.mark.parametrize(("method", "target"), EVERYWHERE)
def test_a_malformed_customers_key_is_refused(
    s3: Client, store: Store, method: str, target: str, changes: dict[str, str | None]
) -> None:
    store.put_object("things", "a", b"before")
    headers = changed(changes)
    reply = s3.ask(method, target, headers=headers)
    assert reply.error == (400, "InvalidArgument")
    assert reply.text("ArgumentName") == SSE
    for secret in (text(KEY), KEY.decode(), headers.get(f"{SSE}-customer-key") or "SECRET"):
        assert secret not in reply.body.decode()
    with store.get_object("things", "a") as opened:
        assert opened.read() == b"before"


def test_another_algorithm_than_aes256_is_refused(s3: Client) -> None:
    reply = s3.ask("PUT", "/things/a", headers=changed({f"{SSE}-customer-algorithm": "AES192"}))
    assert (reply.error, reply.text("ArgumentValue")) == ((400, "InvalidEncryptionAlgorithmError"), "AES192")


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ({SSE: "AES192"}, "AES192"),
        ({SSE: "aes256"}, "aes256"),
        ({SSE: ""}, ""),
        ({f"{SSE}-aws-kms-key-id": KMS_KEY}, "null"),
        ({f"{SSE}-context": CONTEXT}, "null"),
        ({SSE: "AES256", f"{SSE}-aws-kms-key-id": KMS_KEY}, "AES256"),
        ({SSE: "AES256", f"{SSE}-context": CONTEXT}, "AES256"),
        ({SSE: "AES256", **sse_c_headers()}, "AES256"),
        ({SSE: "aws:kms", **sse_c_headers()}, "aws:kms"),
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "target"), [("PUT", "/things/a"), ("POST", "/things/a?uploads")])
def test_headers_that_do_not_go_together_are_refused(
    s3: Client, store: Store, method: str, target: str, headers: dict[str, str], value: str
) -> None:
    reply = s3.ask(method, target, headers=headers)
    assert reply.error == (400, "InvalidArgument")
    assert (reply.text("ArgumentName"), reply.text("ArgumentValue")) == (SSE, value)
    assert list(store.iter_objects("things")) == []
    assert store.list_multipart_uploads("things").uploads == ()


@pytest.mark.parametrize(
    "context", ["not base64", text(b"[1]"), text(b'{"a":1}'), text(b"{"), "", text(b"{}" + b" " * 9000)]
)
def test_a_malformed_context_is_refused(s3: Client, context: str) -> None:
    reply = s3.ask("PUT", "/things/a", headers={SSE: "aws:kms", f"{SSE}-context": context})
    assert (reply.error, reply.text("ArgumentName")) == ((400, "InvalidArgument"), f"{SSE}-context")


def test_a_malformed_kms_key_is_refused(s3: Client) -> None:
    for key_id in ("a key", "arn:aws:s3:::bucket"):
        reply = s3.ask("PUT", "/things/a", headers={SSE: "aws:kms", f"{SSE}-aws-kms-key-id": key_id})
        assert reply.error == (400, "KMS.NotFoundException")
    reply = s3.ask("PUT", "/things/a", headers={SSE: "aws:kms", f"{SSE}-aws-kms-key-id": "k" * 3000})
    assert reply.error == (400, "InvalidArgument")
    reply = s3.ask("PUT", "/things/a", headers={SSE: "aws:kms", f"{SSE}-bucket-key-enabled": "perhaps"})
    assert reply.error == (400, "InvalidArgument")
    reply = s3.ask("PUT", "/things/a", headers={f"{SSE}-bucket-key-enabled": "true"})
    assert reply.error == (501, "NotImplemented")


@pytest.mark.parametrize("target", ["/things/a?tagging", "/things?policy", "/things"])
def test_what_is_not_encrypted_takes_no_key(s3: Client, target: str) -> None:
    headers = {SSE: "AES256"}
    assert s3.ask("PUT", target, b"<a/>", headers).status in {400, 501}


def test_boto_sends_what_s3_wants(boto: S3Client) -> None:
    """boto3 encodes the key and adds its digest."""
    boto.put_object(**AT, Body=b"content", SSECustomerAlgorithm="AES256", SSECustomerKey=KEY.decode())
    assert boto.get_object(**AT, **sse_c())["Body"].read() == b"content"
    with pytest.raises(ClientError) as caught:
        boto.put_object(**AT, Body=b"", SSECustomerAlgorithm="AES256", SSECustomerKey=b"short")
    assert text(b"short") not in str(caught.value)


def test_no_log_and_no_error_shows_a_customers_key(s3: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bodies = []
    for headers in (sse_c_headers(), sse_c_headers(OTHER), changed(BAD_KEYS["another digest"])):
        for method, target in [("PUT", "/things/a"), *EVERYWHERE]:
            bodies.append(s3.ask(method, target, headers=headers).body)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sse_c_headers().items())
    bodies.append(s3.send("GET", f"/things/a?{query}").body)
    shown = caplog.text + b"".join(bodies).decode()
    for key in (KEY, OTHER):
        for form_of_key in (key.decode(), text(key), quote(text(key), safe=""), key.hex()):
            assert form_of_key not in shown


def test_the_end_of_an_upload_may_name_its_encryption_again(s3: Client, boto: S3Client) -> None:
    upload_id = boto.create_multipart_upload(**AT, **WRITES["sse-s3"])["UploadId"]
    etag = boto.upload_part(**AT, UploadId=upload_id, PartNumber=1, Body=b"a")["ETag"]
    parts = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    target = f"/things/a?uploadId={upload_id}"
    assert s3.ask("POST", target, body, {SSE: "none"}).error == (400, "InvalidArgument")
    assert s3.ask("POST", target, body, {SSE: "AES256"}).headers[SSE] == "AES256"
