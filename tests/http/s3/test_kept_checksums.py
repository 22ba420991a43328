"""Checksums that stay with what they are of: told to readers who ask, in listings, of copies and of forms."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import CHECKSUM_ALGORITHMS, CopyOptions, PutOptions, Store
from bucketry.checksums import checksum_of
from types_boto3_s3 import S3Client

from tests.http.s3.checksums import ALGORITHMS, checksum
from tests.http.s3.client import S3, Client
from tests.http.s3.signing import UNSIGNED
from tests.http.s3.test_objects import failing

TARGET = "/things/a"
ASKED = {"x-amz-checksum-mode": "ENABLED"}
BODIES = [b"short", b"long" * 5000]

bodies = pytest.mark.parametrize("body", BODIES, ids=["held", "streamed"])
each_read = pytest.mark.parametrize("method", ["GET", "HEAD"])


def told(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower().startswith("x-amz-checksum-")}


@bodies
@each_read
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_is_told_to_who_asks(s3: Client, algorithm: str, body: bytes, method: str) -> None:
    name = f"x-amz-checksum-{algorithm}"
    expected = {name: checksum(algorithm, body), "x-amz-checksum-type": "FULL_OBJECT"}
    assert told(s3.ask("PUT", TARGET, body, {name: checksum(algorithm, body)}).headers) == expected
    assert told(s3.ask(method, TARGET, headers=ASKED).headers) == expected
    assert told(s3.ask(method, TARGET).headers) == {}


@each_read
def test_what_is_no_whole_object_has_no_checksum(s3: Client, store: Store, method: str) -> None:
    store.put_object("things", "a", b"0123456789", PutOptions(checksum_algorithm="CRC32"))
    for span in ("bytes=0-3", "bytes=0-9", "bytes=-10"):
        part = s3.ask(method, TARGET, headers={**ASKED, "range": span})
        assert (part.status, told(part.headers)) == (206, {})
    one = s3.ask(method, f"{TARGET}?partNumber=1", headers=ASKED)
    assert (one.status, one.headers["x-amz-checksum-crc32"]) == (206, checksum("crc32", b"0123456789"))


def test_an_object_without_a_checksum_tells_none(s3: Client, store: Store) -> None:
    store.put_object("things", "a", b"body", PutOptions(checksum_algorithm="CRC32"))
    assert s3.ask("PUT", TARGET, b"body").status == 200
    assert told(s3.ask("HEAD", TARGET, headers=ASKED).headers) == {}


def test_a_trailer_is_kept_too(s3: Client, boto: S3Client, store: Store) -> None:
    body = b"streamed" * 1000
    chunked = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc64nvme:%s\r\n\r\n" % (
        len(body),
        body,
        checksum("crc64nvme", body).encode(),
    )
    headers = {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": "x-amz-checksum-crc64nvme",
    }
    put = s3.ask("PUT", TARGET, chunked, headers, payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert (put.status, put.headers["x-amz-checksum-crc64nvme"]) == (200, checksum("crc64nvme", body))
    assert store.head_object("things", "a").checksum == checksum_of("CRC64NVME", [body])
    found = boto.head_object(Bucket="things", Key="a", ChecksumMode="ENABLED")
    assert (found["ChecksumCRC64NVME"], found["ChecksumType"]) == (checksum("crc64nvme", body), "FULL_OBJECT")


def test_another_algorithm_than_is_announced_is_refused(s3: Client, store: Store) -> None:
    headers = {"x-amz-sdk-checksum-algorithm": "SHA256", "x-amz-checksum-crc32": checksum("crc32", b"body")}
    assert s3.ask("PUT", TARGET, b"body", headers).error == (400, "InvalidRequest")
    assert s3.ask("PUT", TARGET, b"body", headers | {"x-amz-sdk-checksum-algorithm": "crc32"}).status == 200
    assert s3.ask(
        "PUT", TARGET, b"", {"x-amz-checksum-crc32": checksum("crc32", b"") + "-1"}, payload=UNSIGNED
    ).error == (
        400,
        "InvalidRequest",
    )
    assert store.head_object("things", "a").size_bytes == 4


@pytest.mark.parametrize("algorithm", CHECKSUM_ALGORITHMS)
def test_a_copy_tells_its_checksum(boto: S3Client, store: Store, algorithm: str) -> None:
    store.put_object("things", "a", b"body", PutOptions(checksum_algorithm=algorithm))
    made, name = checksum_of(algorithm, [b"body"]), f"Checksum{algorithm}"
    source: Any = {"Bucket": "things", "Key": "a"}
    done: Any = boto.copy_object(Bucket="things", Key="b", CopySource=source)["CopyObjectResult"]
    assert (done[name], done["ChecksumType"]) == (made.text, "FULL_OBJECT")
    asked: Any = {"ChecksumAlgorithm": "SHA1"}
    done = boto.copy_object(Bucket="things", Key="c", CopySource=source, **asked)["CopyObjectResult"]
    assert done["ChecksumSHA1"] == checksum("sha1", b"body")
    assert store.head_object("things", "c").checksum == checksum_of("SHA1", [b"body"])
    with_none = store.copy_object("things", "a", "things", "d", CopyOptions())
    assert with_none.checksum == made


def test_a_copy_of_an_algorithm_that_is_not_known_is_refused(s3: Client, store: Store) -> None:
    store.put_object("things", "a", b"body")
    headers = {"x-amz-copy-source": "/things/a", "x-amz-checksum-algorithm": "MD4"}
    assert s3.ask("PUT", "/things/b", headers=headers).error == (400, "InvalidRequest")
    assert [info.key for info in store.iter_objects("things")] == ["a"]


def test_attributes_tell_the_checksum(boto: S3Client, store: Store) -> None:
    wanted: Any = ["Checksum", "ObjectParts", "ObjectSize"]
    store.put_object("things", "a", b"body", PutOptions(checksum_algorithm="SHA256"))
    found: Any = boto.get_object_attributes(Bucket="things", Key="a", ObjectAttributes=wanted)
    checked = {"ChecksumSHA256": checksum("sha256", b"body"), "ChecksumType": "FULL_OBJECT"}
    assert found["Checksum"] == checked
    assert "ObjectParts" not in found
    store.put_object("things", "a", b"body")
    assert "Checksum" not in boto.get_object_attributes(Bucket="things", Key="a", ObjectAttributes=wanted)
    assert failing(boto.get_object_attributes, Bucket="things", Key="b", ObjectAttributes=wanted) == (404, "NoSuchKey")


@pytest.mark.parametrize("status", ["201", "204"])
def test_a_form_is_answered_with_its_checksum(s3: Client, store: Store, boto: S3Client, status: str) -> None:
    name = "x-amz-checksum-crc32c"
    fields = {name: checksum("crc32c", b"file"), "success_action_status": status, "key": "a"}
    conditions: Any = [{key: value} for key, value in fields.items() if key != "key"]
    signed = boto.generate_presigned_post("things", "a", Fields=dict(fields), Conditions=conditions)["fields"]
    boundary = "-" * 8 + "form"
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in signed.items()
    ]
    file = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\nfile\r\n--{boundary}--\r\n'
    )
    body = ("".join(parts) + file).encode()
    done = s3.send("POST", "/things", {"content-type": f"multipart/form-data; boundary={boundary}"}, body)
    assert done.status == int(status), done.body
    assert told(done.headers) == {name: checksum("crc32c", b"file"), "x-amz-checksum-type": "FULL_OBJECT"}
    if status == "201":
        assert done.text(f"{S3}ChecksumCRC32C") == checksum("crc32c", b"file")
    assert store.head_object("things", "a").checksum == checksum_of("CRC32C", [b"file"])
