"""Checksums in headers, and Content-MD5: what arrives is what was sent, or nothing is stored."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.checksums import ALGORITHMS, checksum
from tests.http.s3.client import Client
from tests.http.s3.signing import UNSIGNED

TARGET = "/things/a"
BODIES = [b"short", b"long" * 5000]

bodies = pytest.mark.parametrize("body", BODIES, ids=["held", "streamed"])


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def test_these_are_the_published_values() -> None:
    # RFC 3720, B.4, for 32 zero bytes; the catalogue of CRC algorithms has the check value of CRC-64/NVME.
    assert base64.b64decode(checksum("crc32c", bytes(32))).hex() == "8a9136aa"
    assert base64.b64decode(checksum("crc64nvme", b"123456789")).hex() == "ae8b14860a799888"


@bodies
@pytest.mark.parametrize("payload", [None, UNSIGNED], ids=["signed", "unsigned"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_is_verified(s3: Client, store: Store, algorithm: str, payload: str | None, body: bytes) -> None:
    name = f"x-amz-checksum-{algorithm}"
    how: dict[str, Any] = {} if payload is None else {"payload": payload}
    wrong = s3.ask("PUT", TARGET, body, {name: checksum(algorithm, b"another")}, **how)
    assert wrong.error == (400, "BadDigest")
    assert list(store.iter_objects("things")) == []
    right = s3.ask("PUT", TARGET, body, {name: checksum(algorithm, body)}, **how)
    assert (right.status, right.headers[name]) == (200, checksum(algorithm, body))
    assert store.head_object("things", "a").size_bytes == len(body)


@bodies
def test_content_md5_is_verified(s3: Client, store: Store, body: bytes) -> None:
    assert s3.ask("PUT", TARGET, body, {"content-md5": md5(b"another")}).error == (400, "BadDigest")
    assert list(store.iter_objects("things")) == []
    assert s3.ask("PUT", TARGET, body, {"content-md5": md5(body)}).status == 200


@pytest.mark.parametrize("value", ["", "AAAA", "not base64!", "AAAAAAAAAAAAAAAAAAAAAA", "ää"])
def test_what_is_no_md5_is_refused(s3: Client, store: Store, value: str) -> None:
    assert s3.ask("PUT", TARGET, b"x", {"content-md5": value}, unsigned=["content-md5"]).error == (400, "InvalidDigest")
    assert list(store.iter_objects("things")) == []


WRONG = {
    "no base64": {"x-amz-checksum-crc32": "!!!!"},
    "too short": {"x-amz-checksum-crc32": "AAAA"},
    "empty": {"x-amz-checksum-crc32": ""},
    "another's length": {"x-amz-checksum-crc32": checksum("sha1", b"x")},
    "two": {"x-amz-checksum-crc32": checksum("crc32", b"x"), "x-amz-checksum-sha1": checksum("sha1", b"x")},
    "announced and not sent": {"x-amz-sdk-checksum-algorithm": "CRC32"},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
def test_what_is_no_checksum_is_refused(s3: Client, store: Store, headers: dict[str, str]) -> None:
    assert s3.ask("PUT", TARGET, b"x", headers).error == (400, "InvalidRequest")
    assert list(store.iter_objects("things")) == []


def test_an_algorithm_that_is_not_known_is_not_ignored(s3: Client, store: Store) -> None:
    assert s3.ask("PUT", TARGET, b"x", {"x-amz-checksum-md4": "AAAA"}).error == (501, "NotImplemented")
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_parts_have_checksums_of_their_own(s3: Client, store: Store, algorithm: str) -> None:
    upload = store.create_multipart_upload("things", "a").upload_id
    target, name = f"{TARGET}?partNumber=1&uploadId={upload}", f"x-amz-checksum-{algorithm}"
    assert s3.ask("PUT", target, b"part", {name: checksum(algorithm, b"another")}).error == (400, "BadDigest")
    assert store.list_parts("things", "a", upload).parts == ()
    assert s3.ask("PUT", target, b"part", {name: checksum(algorithm, b"part")}).status == 200


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_boto3_sends_what_it_is_told_to(boto: S3Client, algorithm: str) -> None:
    answer = boto.put_object(Bucket="things", Key="a", Body=b"body", ChecksumAlgorithm=algorithm)  # type: ignore[arg-type]
    assert answer[f"Checksum{algorithm}"] == checksum(algorithm.lower(), b"body")  # type: ignore[literal-required]
    assert boto.get_object(Bucket="things", Key="a", ChecksumMode="ENABLED")["Body"].read() == b"body"
