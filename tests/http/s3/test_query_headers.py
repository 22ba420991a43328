"""Headers in the query of a presigned URL, where Amazon's SDKs put them, are headers."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from bucketry import Encryption, Store

from tests.http.s3.checksums import ALGORITHMS, checksum
from tests.http.s3.client import Client, Reply
from tests.http.s3.signing import NOTHING, OWNER

BODY = b"what is stored"
REFUSED = [(400, "InvalidArgument"), (400, "InvalidRequest")]


def put(s3: Client, parameters: dict[str, str], headers: dict[str, str] | None = None, body: bytes = BODY) -> Reply:
    target = f"/things/a?{urlencode(parameters, quote_via=quote)}"
    return s3.send("PUT", OWNER.presigned("PUT", target, s3.host, headers or NOTHING), headers or NOTHING, body)


def keys(store: Store) -> list[str]:
    return [info.key for info in store.iter_objects("things")]


@pytest.mark.parametrize("name", ["x-amz-meta-colour", "X-Amz-Meta-Colour"])
def test_metadata_and_tags_are_stored(s3: Client, store: Store, name: str) -> None:
    assert put(s3, {name: "deep blue", "x-amz-tagging": "a=1&b=2", "x-amz-meta-empty": ""}).status == 200
    info = store.head_object("things", "a")
    assert info.metadata == {"colour": "deep blue", "empty": ""}
    assert store.get_object_tagging("things", "a") == {"a": "1", "b": "2"}


def test_a_copy_is_a_copy(s3: Client, store: Store) -> None:
    store.put_object("things", "b/é", BODY)
    assert put(s3, {"x-amz-copy-source": quote("things/b/é")}, body=b"").text("{*}ETag")
    assert store.get_object("things", "a").read() == BODY


def test_a_part_is_copied(s3: Client, store: Store) -> None:
    store.put_object("things", "b", BODY)
    upload = store.create_multipart_upload("things", "a").upload_id
    parameters = {"partNumber": "1", "uploadId": upload, "x-amz-copy-source": "things/b"}
    assert put(s3, parameters | {"x-amz-copy-source-range": "bytes=0-3"}, body=b"").status == 200
    [part] = store.list_parts("things", "a", upload).parts
    assert part.size_bytes == 4


def test_what_may_not_be_read_is_not_copied(s3: Client, store: Store) -> None:
    assert put(s3, {"x-amz-copy-source": "none-such/b"}, body=b"").error == (404, "NoSuchBucket")
    assert keys(store) == []


@pytest.mark.parametrize("name", ["x-amz-server-side-encryption", "X-Amz-Server-Side-Encryption"])
def test_an_encryption_counts_here(s3: Client, store: Store, name: str) -> None:
    assert put(s3, {name: "AES255"}).error == (400, "InvalidArgument")
    assert put(s3, {name: "AES256"}).status == 200
    assert store.head_object("things", "a").encryption == Encryption(algorithm="AES256")


@pytest.mark.parametrize("name", ["x-amz-write-offset-bytes", "X-Amz-Write-Offset-Bytes"])
def test_what_is_refused_in_a_header_is_refused_here(s3: Client, store: Store, name: str) -> None:
    assert put(s3, {name: "1"}).error == (501, "NotImplemented")
    assert put(s3, {"x-amz-expected-bucket-owner": "111122223333"}).error == (403, "AccessDenied")
    assert keys(store) == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_fixes_the_content(s3: Client, store: Store, algorithm: str) -> None:
    name = f"x-amz-checksum-{algorithm}"
    parameters = {"x-amz-sdk-checksum-algorithm": algorithm.upper()}
    assert put(s3, parameters | {name: checksum(algorithm, b"other")}).error == (400, "BadDigest")
    assert keys(store) == []
    assert put(s3, parameters | {name: checksum(algorithm, BODY)}).status == 200


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_checksum_of_an_unknown_body_is_none(s3: Client, store: Store, algorithm: str) -> None:
    """Amazon's SDK for JavaScript adds that of an empty body, unless it is told otherwise; S3 ignores it."""
    name = f"x-amz-checksum-{algorithm}"
    parameters = {"x-amz-sdk-checksum-algorithm": algorithm.upper(), name: checksum(algorithm, b"")}
    assert put(s3, parameters).status == 200
    assert put(s3, parameters, {name: checksum(algorithm, b"other")}).error == (400, "BadDigest")
    assert put(s3, {"x-amz-sdk-checksum-algorithm": "CRC32"}).status == 200
    assert store.get_object("things", "a").read() == BODY


def test_the_range_of_a_read_is_not_one_of_them(s3: Client, store: Store) -> None:
    store.put_object("things", "a", BODY)
    assert s3.send("GET", OWNER.presigned("GET", "/things/a?range=bytes%3D0-1", s3.host)).body == BODY


@pytest.mark.parametrize("other", ["blue", "red"])
def test_header_and_parameter_say_the_same(s3: Client, store: Store, other: str) -> None:
    reply = put(s3, {"x-amz-meta-colour": "blue"}, {"x-amz-meta-colour": other})
    assert reply.error == ((200, "") if other == "blue" else (400, "InvalidRequest"))
    assert keys(store) == (["a"] if reply.status == 200 else [])


def test_two_spellings_say_the_same(s3: Client, store: Store) -> None:
    assert put(s3, {"x-amz-meta-colour": "blue", "X-Amz-Meta-Colour": "red"}).error == (400, "InvalidRequest")
    assert keys(store) == []


WRONG = {
    "a line break": {"x-amz-meta-a": "b\r\nx-amz-acl: public-read"},
    "a zero byte": {"x-amz-copy-source": "things/a\0"},
    "a name with a blank": {"x-amz-meta-a b": "c"},
    "a name beyond ASCII": {"x-amz-meta-é": "c"},
    "no name": {"x-amz-meta-": "c"},
    "a source that is no UTF-8": {"x-amz-copy-source": "things/%FF"},
    "the signature's own, spelt otherwise": {"x-amz-content-sha256": "0" * 64},
}


@pytest.mark.parametrize("parameters", WRONG.values(), ids=WRONG)
def test_what_can_be_no_header_is_refused(s3: Client, store: Store, parameters: dict[str, str]) -> None:
    assert put(s3, parameters).error in [*REFUSED, (400, "InvalidURI")]
    assert keys(store) == []


def test_two_hashes_of_the_body_are_refused(s3: Client, store: Store) -> None:
    reply = put(s3, {"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}, {"x-amz-content-sha256": "0" * 64})
    assert reply.error == (400, "InvalidRequest")
    assert keys(store) == []


def test_elsewhere_such_a_parameter_has_no_meaning_and_is_refused(s3: Client, store: Store) -> None:
    assert s3.ask("PUT", "/things/a?x-amz-acl=public-read", BODY).error == (400, "InvalidArgument")
    assert s3.send("GET", "/public?x-amz-meta-a=b").error == (400, "InvalidArgument")
    assert keys(store) == []
