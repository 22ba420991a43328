"""Whatever a client sends, the only error is SignatureError."""

from __future__ import annotations

import contextlib

import pytest
from bucketry.secret import Secret
from bucketry.sigv4 import (
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    ChunkDecoder,
    ChunkSigner,
    SignatureError,
    Verifier,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .wire import EXAMPLE_TIME

FRAGMENTS = [
    "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "Credential=", "SignedHeaders=", "Signature=", ", ", ",", ";", "=", "/",
    " ",
    "AK", "AK/20130524/us-east-1/s3/aws4_request", "host", "host;x-amz-content-sha256;x-amz-date", "20130524T000000Z",
    "a" * 64, "UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Fri, 24 May 2013 00:00:00 GMT", "3600", "0",
    "\x00", "\r\n", "é", "%", "%2F", "+",
]  # fmt: skip
NAMES = [
    "Authorization", "Host", "Date", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "X-Amz-Algorithm",
    "X-Amz-Credential", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "AWSAccessKeyId", "x-amz-acl", "",
]  # fmt: skip
CHUNK_FRAGMENTS = [
    b"\r\n", b"\n", b"0", b"5", b"ff", b"5\r\nhello\r\n", b"0\r\n", b";chunk-signature=", b"a" * 64, b":", b"x",
    b"x-amz-checksum-crc32:AAAAAA==", b"x-amz-trailer-signature:", b"\xff",
]  # fmt: skip
values = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=10).map(lambda parts: "".join(parts).encode()), st.binary(max_size=40)
)
names = st.one_of(st.sampled_from(NAMES).map(str.encode), st.binary(max_size=10))
pairs = st.lists(st.tuples(names, values), max_size=12)
queries = st.one_of(pairs.map(lambda ps: b"&".join(n + b"=" + v for n, v in ps)), st.binary(max_size=60))
VERIFIER = Verifier({"AK": Secret("secret")}.get)

# Near misses: a well-formed claim, of which fuzz replaces some fields.
CLAIM = {
    b"Host": b"host",
    b"X-Amz-Date": b"20130524T000000Z",
    b"X-Amz-Content-Sha256": b"UNSIGNED-PAYLOAD",
    b"Authorization": b"AWS4-HMAC-SHA256 Credential=AK/20130524/r/s3/aws4_request, "
    b"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" + b"a" * 64,
}
QUERY = {
    b"X-Amz-Algorithm": b"AWS4-HMAC-SHA256",
    b"X-Amz-Credential": b"AK/20130524/r/s3/aws4_request",
    b"X-Amz-Date": b"20130524T000000Z",
    b"X-Amz-Expires": b"60",
    b"X-Amz-SignedHeaders": b"host",
    b"X-Amz-Signature": b"a" * 64,
}


def verify(method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    # No request here holds the right signature: returning would be as wrong as another error.
    with pytest.raises(SignatureError) as caught:
        VERIFIER.verify(method, path, query, headers, now=EXAMPLE_TIME)
    assert caught.value.status in (400, 403)
    assert str(caught.value).startswith(caught.value.code)
    assert len(caught.value.message) < 1_000


@settings(deadline=None, max_examples=500)
@given(st.text(max_size=5), st.binary(max_size=30), queries, pairs)
def test_any_request(method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    verify(method, path, query, headers)


@settings(deadline=None, max_examples=500)
@given(st.dictionaries(st.sampled_from(list(CLAIM)), values, min_size=1), pairs)
def test_any_authorization_header(changed: dict[bytes, bytes], more: list[tuple[bytes, bytes]]) -> None:
    verify("GET", b"/", b"", [*(CLAIM | changed).items(), *more])


@settings(deadline=None, max_examples=500)
@given(st.dictionaries(st.sampled_from(list(QUERY)), values, min_size=1), queries)
def test_any_presigned_query(changed: dict[bytes, bytes], more: bytes) -> None:
    query = b"&".join(name + b"=" + value for name, value in (QUERY | changed).items())
    verify("GET", b"/", query + b"&" + more, [(b"host", b"host")])


@settings(deadline=None)
@given(st.dictionaries(st.one_of(st.sampled_from(["policy", *map(str.lower, NAMES)]), st.text()), st.text()))
def test_any_policy(fields: dict[str, str]) -> None:
    with contextlib.suppress(SignatureError):
        VERIFIER.verify_policy(fields)
        raise AssertionError("a made-up signature was accepted")


chunk_parts = st.one_of(
    st.sampled_from(CHUNK_FRAGMENTS),
    st.binary(max_size=10),
)


@settings(deadline=None, max_examples=1_000)
@given(
    st.sampled_from([STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER]),
    st.integers(0, 100),
    st.lists(chunk_parts, max_size=20),
    st.booleans(),
)
def test_any_chunks(payload: str, length: int, parts: list[bytes], join: bool) -> None:
    signer = ChunkSigner(b"k" * 32, "20130524T000000Z", "scope", "0" * 64)
    decoder = ChunkDecoder(payload, length, signer=signer, trailers=["x-amz-checksum-crc32"])
    given_back = 0
    with contextlib.suppress(SignatureError):
        for piece in [b"".join(parts)] if join else parts:
            given_back += sum(map(len, decoder.feed(piece)))
            assert given_back <= length
        assert decoder.finish().keys() == {"x-amz-checksum-crc32"}
        assert given_back == length
        assert payload == STREAMING_UNSIGNED_TRAILER
