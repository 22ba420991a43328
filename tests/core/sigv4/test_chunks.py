"""aws-chunked bodies."""

from __future__ import annotations

import io

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Sha256Checksum
from bucketry.sigv4 import (
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    ChunkDecoder,
    ChunkSigner,
    SignatureError,
)

from .chunked import CHECKSUM, DATA, KEY, PAYLOADS, decode, error_of, expected, frame, new_decoder, new_signer

every_payload = pytest.mark.parametrize("payload", PAYLOADS)


@every_payload
def test_cut_at_every_byte(payload: str) -> None:
    body = frame(payload)
    for cut in range(len(body) + 1):
        assert decode(new_decoder(payload), [body[:cut], body[cut:]]) == expected(payload)


@every_payload
def test_byte_by_byte(payload: str) -> None:
    assert decode(new_decoder(payload), [bytes([byte]) for byte in frame(payload)]) == expected(payload)


@every_payload
def test_data_comes_out_in_the_call_that_brought_it(payload: str) -> None:
    decoder = new_decoder(payload)
    body = frame(payload)
    start = body.index(b"hello, ")
    decoder.feed(body[:start])
    assert decoder.feed(body[start : start + 3]) == [b"hel"]


@every_payload
def test_tiny_chunks_come_out_as_one_piece(payload: str) -> None:
    chunks = [bytes([number % 256]) * 2 for number in range(1000)]
    data = b"".join(chunks)
    decoder = new_decoder(payload, len(data))
    body = frame(payload, chunks)
    half = len(body) // 2
    pieces = [decoder.feed(body[:half]), decoder.feed(body[half:])]
    assert [len(each) for each in pieces] == [1, 1]
    assert b"".join(piece for each in pieces for piece in each) == data
    decoder.finish()


@every_payload
def test_chunks_of_the_size_that_s3_wants_are_not_copied(payload: str) -> None:
    chunks = [b"a" * 8192, b"b" * 8192]
    assert new_decoder(payload, 16_384).feed(frame(payload, chunks)) == chunks


@every_payload
def test_broken_off_at_every_byte(payload: str) -> None:
    body = frame(payload)
    # The last line break may be missing, after a last chunk or a signature that says it is the end.
    end = len(body) - {STREAMING_SIGNED: 2, STREAMING_SIGNED_TRAILER: 2, STREAMING_UNSIGNED_TRAILER: 2}[payload]
    for cut in range(end):
        error = error_of(new_decoder(payload), body[:cut])
        assert error.code in ("IncompleteBody", "MalformedTrailerError")
        assert error.status == 400


@every_payload
def test_a_changed_byte_is_found_or_changes_nothing(payload: str) -> None:
    body = frame(payload)
    found = 0
    for position in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[position] ^= 1 << bit
            try:
                result = decode(new_decoder(payload), [bytes(changed)])
            except SignatureError:
                found += 1
            else:
                # Unsigned data and checksums are the checksum's business: the framing still has to hold.
                assert result == expected(payload) or payload == STREAMING_UNSIGNED_TRAILER
                assert len(result[0]) == len(DATA)
    assert found > len(body)


@pytest.mark.parametrize("payload", [STREAMING_SIGNED, STREAMING_SIGNED_TRAILER])
@pytest.mark.parametrize("what", ["data", "order", "signature", "seed", "left out"])
def test_signed_chunks_must_match(payload: str, what: str) -> None:
    body = frame(payload)
    decoder = new_decoder(payload)
    match what:
        case "data":
            body = body.replace(b"hello", b"hallo")
        case "order":
            lines = frame(payload, [b"aaaaa", b"bbbbb", b"cc" * 5]).split(b"\r\n")
            body = b"\r\n".join([*lines[2:4], *lines[:2], *lines[4:]])
        case "signature":
            at = body.index(b"chunk-signature=") + 16
            body = body[:at] + (b"0" if body[at : at + 1] != b"0" else b"1") + body[at + 1 :]
        case "seed":
            other = ChunkSigner(KEY, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request", "1" * 64)
            decoder = ChunkDecoder(payload, len(DATA), signer=other, trailers=list(CHECKSUM))
        case _:
            body = body[body.index(b"\r\n5;") + 2 :]
    error = error_of(decoder, body)
    assert (error.code, error.status) == ("SignatureDoesNotMatch", 403)


def test_signed_trailers_must_match() -> None:
    body = frame(STREAMING_SIGNED_TRAILER).replace(b"AAAAAA==", b"AAAAAB==")
    assert error_of(new_decoder(STREAMING_SIGNED_TRAILER), body).code == "SignatureDoesNotMatch"


@every_payload
@pytest.mark.parametrize("length", [0, len(DATA) - 1, len(DATA) + 1])
def test_the_length_must_be_as_declared(payload: str, length: int) -> None:
    error = error_of(new_decoder(payload, length), frame(payload))
    assert error.code == "IncompleteBody"
    assert "x-amz-decoded-content-length" in error.message


@every_payload
def test_a_chunk_beyond_the_length_is_refused_before_its_data(payload: str) -> None:
    decoder = new_decoder(payload, 10)
    head = b"ffffffffffffffff" + (b";chunk-signature=" + b"0" * 64 if payload != STREAMING_UNSIGNED_TRAILER else b"")
    with pytest.raises(SignatureError, match="IncompleteBody"):
        decoder.feed(head + b"\r\n")


@every_payload
@pytest.mark.parametrize(
    "head", [b"", b"g", b"-1", b"0x5", b" 5", b"5 ", b"1" * 17, b"5;chunk-signature=", b"\xff", b"5\n"]
)
def test_a_malformed_chunk_head(payload: str, head: bytes) -> None:
    # An unsigned body may carry extensions, with a signature or not: there, one of these is well-formed.
    decoder = new_decoder(payload)
    if payload == STREAMING_UNSIGNED_TRAILER and head.startswith(b"5;"):
        assert decoder.feed(head + b"\r\nhello") == [b"hello"]
    else:
        assert error_of(decoder, head + b"\r\nhello").code == "InvalidRequest"


@every_payload
@pytest.mark.parametrize("ending", [b"XY", b"X\n", b" \n", b"\n", b""])
def test_a_chunk_must_end_in_a_line_break(payload: str, ending: bytes) -> None:
    body = frame(payload).replace(b"hello, \r\n", b"hello, " + ending)
    assert error_of(new_decoder(payload), body).code == "InvalidRequest"


@every_payload
def test_nothing_follows_the_end(payload: str) -> None:
    assert error_of(new_decoder(payload), frame(payload) + b"x").code == "InvalidRequest"
    assert error_of(new_decoder(payload), frame(payload), *[b"\r\n"] * 10).code == "InvalidRequest"


@every_payload
def test_memory_is_bounded_by_a_line(payload: str) -> None:
    decoder = new_decoder(payload)
    fed = 0
    with pytest.raises(SignatureError, match="too long"):  # noqa: PT012 - how much fits is the point
        for _ in range(1_000_000):
            decoder.feed(b"0")
            fed += 1
    assert fed < 1_000


@pytest.mark.parametrize("payload", [STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER])
@pytest.mark.parametrize("piece", [b"a", b"\r\n", b"a\r\n", b"x-amz-checksum-crc32:AAAAAA==\r\n"])
def test_memory_is_bounded_by_the_trailers(payload: str, piece: bytes) -> None:
    decoder = new_decoder(payload, 0)
    decoder.feed(frame(payload, [], {}, b"")[: 3 if payload == STREAMING_UNSIGNED_TRAILER else 84])
    fed = 0
    with pytest.raises(SignatureError):  # noqa: PT012 - how much fits is the point
        for _ in range(1_000_000):
            decoder.feed(piece)
            fed += len(piece)
    assert fed < 10_000


@pytest.mark.parametrize("payload", [STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER])
@pytest.mark.parametrize(
    ("names", "trailers"),
    [
        (["x-amz-checksum-crc32", "x-amz-checksum-sha1"], CHECKSUM),
        (["x-amz-checksum-crc32"], {}),
        ([], CHECKSUM),
        (["x-amz-checksum-crc32"], {"x-amz-checksum-sha1": "x"}),
        (["x-amz-checksum-crc32"], CHECKSUM | {"X-Amz-Checksum-Crc32": "BBBBBB=="}),
        (["a b"], {"a b": "x"}),
        (["x"], {"x": "é"}),
    ],
)
def test_trailers_must_be_the_declared_ones(payload: str, names: list[str], trailers: dict[str, str]) -> None:
    error = error_of(new_decoder(payload, names=names), frame(payload, trailers=trailers))
    assert (error.code, error.status) == ("MalformedTrailerError", 400)


def test_signed_trailers_need_a_signature_and_nothing_after_it() -> None:
    body = frame(STREAMING_SIGNED_TRAILER)
    line = body[body.index(b"x-amz-trailer-signature") :]
    unsigned = body.replace(line, b"\r\n")
    assert error_of(new_decoder(STREAMING_SIGNED_TRAILER), unsigned).code == "MalformedTrailerError"
    late = body[:-2] + b"x-amz-checksum-sha1:x\r\n\r\n"
    names = [*CHECKSUM, "x-amz-checksum-sha1"]
    assert error_of(new_decoder(STREAMING_SIGNED_TRAILER, names=names), late).code == "MalformedTrailerError"


def test_the_signature_covers_the_trailers_in_order_of_their_names() -> None:
    forwards = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-meta-a": "1  2"}
    backwards = {"x-amz-meta-a": "1  2", "x-amz-checksum-crc32": "AAAAAA=="}
    assert new_signer().sign_trailers(forwards) == new_signer().sign_trailers(backwards)
    decoder = new_decoder(STREAMING_SIGNED_TRAILER, names=forwards)
    assert decode(decoder, [frame(STREAMING_SIGNED_TRAILER, trailers=backwards)]) == (DATA, forwards)


def test_trailers_are_optional() -> None:
    for payload in (STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER):
        body = frame(payload, trailers={})
        assert decode(new_decoder(payload, names=[]), [body]) == (DATA, {})


def test_botocore_writes_what_is_read() -> None:
    wrapper = AwsChunkedWrapper(io.BytesIO(DATA), Sha256Checksum, "x-amz-checksum-sha256", chunk_size=5)
    checksum = Sha256Checksum().handle(DATA)
    decoder = new_decoder(STREAMING_UNSIGNED_TRAILER, names=["X-Amz-Checksum-Sha256"])
    assert decode(decoder, wrapper) == (DATA, {"x-amz-checksum-sha256": checksum})


def test_minio_go_writes_what_is_read() -> None:
    # It ends a trailer with a bare line feed and puts a blank line before the signature, and one too many at the end
    # of an unsigned body (minio-go v7, pkg/signer/request-signature-streaming*.go).
    signed = frame(STREAMING_SIGNED_TRAILER)
    signed = signed.replace(b"AAAAAA==\r\n", b"AAAAAA==\n\r\n")
    assert decode(new_decoder(STREAMING_SIGNED_TRAILER), [signed]) == (DATA, CHECKSUM)
    unsigned = frame(STREAMING_UNSIGNED_TRAILER).replace(b"AAAAAA==\r\n\r\n", b"AAAAAA==\n\r\n\r\n")
    assert decode(new_decoder(STREAMING_UNSIGNED_TRAILER), [unsigned]) == (DATA, CHECKSUM)
