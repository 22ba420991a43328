"""aws-chunked bodies: with signed chunks, signed trailers and unsigned ones.

Source: S3 API reference, "Signature calculations for the Authorization header: transferring payload in multiple
chunks" and "... including trailing headers".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest
from bucketry import Store

from tests.http.s3.checksums import ALGORITHMS, checksum
from tests.http.s3.client import Client, Reply
from tests.http.s3.signing import OWNER

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = f"{SIGNED}-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
KINDS = [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]
CHUNKS = [b"a" * 8192, b"b" * 8192, b"the rest"]
DATA = b"".join(CHUNKS)
TARGET = "/things/a"
CRC32 = {"x-amz-checksum-crc32": checksum("crc32", DATA)}

Change = Callable[[bytes], bytes]


def unchanged(body: bytes) -> bytes:
    return body


def upload(
    s3: Client,
    kind: str,
    trailers: Mapping[str, str] | None = None,
    chunks: Iterable[bytes] = CHUNKS,
    *,
    length: str = str(len(DATA)),
    change: Change = unchanged,
    announced: str | None = None,
    target: str = TARGET,
    **more: str,
) -> Reply:
    """Sends a body in chunks; what is wrong with it is a test's to say."""
    if trailers is None:
        trailers = {} if kind == SIGNED else CRC32
    given = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": length}
    if trailers:
        given["x-amz-trailer"] = ",".join(trailers) if announced is None else announced
    given |= {name.replace("_", "-"): value for name, value in more.items()}
    given = {name: value for name, value in given.items() if value}
    headers = OWNER.headers("PUT", target, s3.host, given, payload=kind)
    signing = OWNER.chunks(headers)
    body = b""
    for chunk in [*chunks, b""]:
        signature = "" if kind == UNSIGNED_TRAILER else f";chunk-signature={signing.chunk(chunk)}"
        body += f"{len(chunk):x}{signature}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    for name, value in trailers.items():
        body += f"{name}:{value}\r\n".encode()
    if kind == SIGNED_TRAILER:
        body += f"x-amz-trailer-signature:{signing.trailer(trailers)}\r\n".encode()
    return s3.send("PUT", target, headers, change(body + b"\r\n"))


def stored(store: Store) -> bytes | None:
    keys = [info.key for info in store.iter_objects("things")]
    if not keys:
        return None
    assert keys == ["a"]
    with store.get_object("things", "a") as opened:
        return opened.read()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunks", [CHUNKS, [DATA], []], ids=["chunks", "one chunk", "nothing"])
def test_the_data_in_the_chunks_is_stored(s3: Client, store: Store, kind: str, chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    trailers = {} if kind == SIGNED else {"x-amz-checksum-crc32": checksum("crc32", data)}
    assert upload(s3, kind, trailers, chunks, length=str(len(data))).status == 200
    assert stored(store) == data
    assert store.head_object("things", "a").content_encoding is None


def test_an_encoding_of_the_object_itself_is_kept(s3: Client, store: Store) -> None:
    assert upload(s3, SIGNED, content_encoding="aws-chunked,gzip").status == 200
    assert store.head_object("things", "a").content_encoding == "gzip"


@pytest.mark.parametrize("kind", KINDS)
def test_parts_come_in_chunks_too(s3: Client, store: Store, kind: str) -> None:
    upload_id = store.create_multipart_upload("things", "a").upload_id
    target = f"{TARGET}?partNumber=1&uploadId={upload_id}"
    assert upload(s3, kind, target=target).status == 200
    assert upload(s3, kind, target=target, change=lambda body: body.replace(b"bb", b"bc", 1)).status in {400, 403}
    [part] = store.list_parts("things", "a", upload_id).parts
    assert part.size_bytes == len(DATA)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", [SIGNED_TRAILER, UNSIGNED_TRAILER])
def test_a_checksum_in_a_trailer_is_verified(s3: Client, store: Store, kind: str, algorithm: str) -> None:
    name = f"x-amz-checksum-{algorithm}"
    assert upload(s3, kind, {name: checksum(algorithm, b"another")}).error == (400, "BadDigest")
    assert stored(store) is None
    reply = upload(s3, kind, {name: checksum(algorithm, DATA)})
    assert (reply.status, reply.headers[name]) == (200, checksum(algorithm, DATA))
    assert stored(store) == DATA


@pytest.mark.parametrize("kind", KINDS)
def test_tiny_chunks_are_as_good_as_large_ones(s3: Client, store: Store, kind: str) -> None:
    """S3 itself refuses them; Amazon's own SDK for JavaScript sends them, and other servers take them."""
    chunks = [b"%05d" % number for number in range(30_000)]
    data = b"".join(chunks)
    trailers = {} if kind == SIGNED else {"x-amz-checksum-crc32": checksum("crc32", data)}
    assert upload(s3, kind, trailers, chunks, length=str(len(data))).status == 200
    assert stored(store) == data


def cut(count: int) -> Change:
    return lambda body: body[:-count]


def swap(old: bytes, new: bytes) -> Change:
    def swapped(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new, 1)

    return swapped


MISMATCH, INCOMPLETE = (403, "SignatureDoesNotMatch"), (400, "IncompleteBody")
MALFORMED, NO_TRAILER = (400, "InvalidRequest"), (400, "MalformedTrailerError")
CHANGES = {
    "another byte": (SIGNED, swap(b"bb", b"bc"), MISMATCH),
    "another byte before a trailer": (SIGNED_TRAILER, swap(b"bb", b"bc"), MISMATCH),
    "another byte, unsigned": (UNSIGNED_TRAILER, swap(b"bb", b"bc"), (400, "BadDigest")),
    "another signature": (SIGNED, swap(b"chunk-signature=", b"chunk-signature=0000000000"), MALFORMED),
    "no signature": (SIGNED, lambda body: body.replace(b";chunk-signature=", b";x="), MALFORMED),
    "another trailer": (SIGNED_TRAILER, swap(CRC32["x-amz-checksum-crc32"].encode(), b"AAAAAA=="), MISMATCH),
    "no end": (SIGNED, cut(100), INCOMPLETE),
    "no end, unsigned": (UNSIGNED_TRAILER, lambda body: body[:9000], INCOMPLETE),
    "no trailer": (UNSIGNED_TRAILER, lambda body: body[: body.index(b"x-amz-checksum")] + b"\r\n", NO_TRAILER),
    "no signature of the trailer": (
        SIGNED_TRAILER, lambda body: body[: body.index(b"x-amz-trailer-signature")] + b"\r\n", NO_TRAILER,
    ),
    "another trailer than announced": (UNSIGNED_TRAILER, swap(b"checksum-crc32:", b"checksum-sha1:"), NO_TRAILER),
    "more after the end": (SIGNED, lambda body: body + b"0\r\n\r\n", MALFORMED),
    "a size that is none": (UNSIGNED_TRAILER, swap(b"2000\r\n", b"zzzz\r\n"), MALFORMED),
    "a chunk smaller than its size": (UNSIGNED_TRAILER, swap(b"2000\r\n", b"2001\r\n"), MALFORMED),
    "a size of 64 bits": (UNSIGNED_TRAILER, swap(b"2000\r\n", b"ffffffffffffffff\r\n"), INCOMPLETE),
    "no chunks at all": (SIGNED, lambda _: DATA, MALFORMED),
    "nothing": (SIGNED, lambda _: b"", INCOMPLETE),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "change", "error"), CHANGES.values(), ids=CHANGES)
def test_a_damaged_body_is_not_stored(
    s3: Client, store: Store, kind: str, change: Change, error: tuple[int, str]
) -> None:
    assert upload(s3, kind, change=change).error == error
    assert stored(store) is None


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_in_another_order_are_refused(s3: Client, store: Store, kind: str) -> None:
    def swapped(body: bytes) -> bytes:
        return body.replace(b"a" * 8192, b"?").replace(b"b" * 8192, b"a" * 8192).replace(b"?", b"b" * 8192)

    assert upload(s3, kind, change=swapped).status in {400, 403}
    assert stored(store) is None


LENGTHS = [
    (len(DATA) - 1, "IncompleteBody"),
    (len(DATA) + 1, "IncompleteBody"),
    ("", "MissingContentLength"),
    ("-1", "InvalidArgument"),
    ("many", "InvalidArgument"),
    (10**30, "InvalidArgument"),
    (6 * 1024**4, "EntityTooLarge"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("length", "code"), LENGTHS)
def test_a_wrong_length_is_refused(s3: Client, store: Store, kind: str, length: object, code: str) -> None:
    assert upload(s3, kind, length=str(length)).code == code
    assert stored(store) is None


def test_a_trailer_needs_a_body_that_can_have_one(s3: Client, store: Store) -> None:
    reply = s3.ask("PUT", TARGET, DATA, {"x-amz-trailer": "x-amz-checksum-crc32"})
    assert reply.error == (400, "InvalidRequest")
    assert stored(store) is None


def test_an_announced_trailer_of_no_known_checksum_is_refused(s3: Client, store: Store) -> None:
    assert upload(s3, UNSIGNED_TRAILER, {"x-amz-checksum-md4": "AAAA"}).error == (501, "NotImplemented")
    two = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": checksum("sha1", DATA)}
    assert upload(s3, UNSIGNED_TRAILER, two).error == MALFORMED
    assert stored(store) is None


@pytest.mark.parametrize("value", ["", "AAAA", "not base64!", "ä"])
def test_a_trailer_that_is_no_checksum_is_refused(s3: Client, store: Store, value: str) -> None:
    reply = upload(s3, UNSIGNED_TRAILER, {"x-amz-checksum-crc32": value})
    assert (reply.status, stored(store)) == (400, None)


@pytest.mark.parametrize("kind", [SIGNED, SIGNED_TRAILER])
def test_signed_chunks_need_a_signed_request(s3: Client, kind: str) -> None:
    headers = {"x-amz-content-sha256": kind, "x-amz-decoded-content-length": "1"}
    assert s3.send("PUT", "/public/a", headers, b"0\r\n\r\n").error == (403, "AccessDenied")
