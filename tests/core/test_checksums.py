"""Checksums: their table, their text, those of objects in parts, and what a body does with them."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from bucketry import CHECKSUM_ALGORITHMS, BadDigest, Body, Checksum, InvalidChecksum, PartOptions, PutOptions
from bucketry import _normalisation as normalise
from bucketry.checksums import COMPOSITE, FULL_OBJECT, checksum_of, checksum_of_parts

every_algorithm = pytest.mark.parametrize("algorithm", CHECKSUM_ALGORITHMS)

# For these digits: the check values of the catalogue of parametrised CRC algorithms; of FIPS 180-4's algorithms and of
# RFC 1321's as coreutils prints them; of XXH64, XXH3 and XXH128 as xxhsum prints them.
CHECK = b"123456789"
CHECK_VALUES = {
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "SHA1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "SHA256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "SHA512": (
        "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
        "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85"
    ),
    "MD5": "25f9e794323b453885f5181f1b624d0b",
    "XXHASH64": "8cb841db40e6ae83",
    "XXHASH3": "72dcb18b67a17dff",
    "XXHASH128": "33119477ede5dcd5e9716427681d5860",
}


@every_algorithm
def test_algorithms_are_those_that_are_published(algorithm: str) -> None:
    made = checksum_of(algorithm, [CHECK[:4], b"", CHECK[4:]])
    assert made.digest.hex() == CHECK_VALUES[algorithm]
    assert len(made.digest) == CHECKSUM_ALGORITHMS[algorithm].size_bytes
    assert (made.type, Checksum.parse(algorithm, made.text)) == (FULL_OBJECT, made)


@every_algorithm
def test_what_is_of_the_whole_can_be_made_of_parts_and_what_is_not_has_no_such_type(algorithm: str) -> None:
    content = random.Random(1).randbytes(100_000)
    pieces = [content[:1], b"", content[1:5000], content[5000:]]
    parts = [(checksum_of(algorithm, [piece]).digest, len(piece)) for piece in pieces]
    known = CHECKSUM_ALGORITHMS[algorithm]
    if FULL_OBJECT in known.types:
        assert checksum_of_parts(algorithm, FULL_OBJECT, parts) == checksum_of(algorithm, [content])
    else:
        with pytest.raises(InvalidChecksum, match="cannot be combined"):
            checksum_of_parts(algorithm, FULL_OBJECT, parts)
    assert (FULL_OBJECT in known.types) == (known.combine is not None)


def test_a_composite_checksum_is_one_of_the_parts_checksums() -> None:
    parts = [(checksum_of("CRC32", [piece]).digest, len(piece)) for piece in (b"one", b"two")]
    made = checksum_of_parts("CRC32", COMPOSITE, parts)
    expected = zlib.crc32(zlib.crc32(b"one").to_bytes(4, "big") + zlib.crc32(b"two").to_bytes(4, "big"))
    assert made == Checksum("CRC32", expected.to_bytes(4, "big"), 2)
    assert (made.type, made.text[-2:], Checksum.parse("CRC32", made.text)) == (COMPOSITE, "-2", made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAAA",
        "AAAAAA==AAAA",
        "no base64",
        "AAAAAA==-",
        "AAAAAA==-0",
        "AAAAAA==-x",
        "AAAAAA==-\u0661",
        "AAAAAA==-123456",
        "ä",
    ],
)
def test_what_is_no_checksum_is_refused(text: str) -> None:
    with pytest.raises(InvalidChecksum):
        Checksum.parse("CRC32", text)


def test_an_algorithm_that_is_not_known_is_refused() -> None:
    with pytest.raises(InvalidChecksum, match="one of CRC32"):
        Checksum.parse("CRC33", "AAAAAA==")


def pieces(content: bytes) -> Iterator[bytes]:
    yield content[:3]
    yield content[3:]


@every_algorithm
@pytest.mark.parametrize("held", [True, False], ids=["held", "pieces"])
def test_a_body_computes_and_compares_as_it_passes(algorithm: str, held: bool) -> None:
    def body() -> Body:
        return Body(CHECK) if held else Body(pieces(CHECK))

    tracked = body()
    tracked.track_checksum(algorithm)
    assert tracked.read() == CHECK
    assert tracked.checksum() == checksum_of(algorithm, [CHECK])
    right = body()
    right.require_checksum(checksum_of(algorithm, [CHECK]))
    assert (b"".join(right), right.checksum()) == (CHECK, checksum_of(algorithm, [CHECK]))
    wrong = body()
    wrong.require_checksum(checksum_of(algorithm, [b"another"]))
    with pytest.raises(BadDigest):
        wrong.read()
    assert isinstance(wrong.failure, BadDigest)
    assert body().checksum() is None


def test_an_empty_body_has_a_checksum_too() -> None:
    for body in (Body(b""), Body(iter([b""])), Body(iter([]), 0)):
        body.require_checksum(checksum_of("CRC32C", []))
        assert body.read() == b""
        assert body.checksum() == checksum_of("CRC32C", [b""])
    failing = Body(b"")
    failing.require_checksum(checksum_of("CRC32C", [b"x"]))
    with pytest.raises(BadDigest):
        failing.read()


def test_a_driver_cannot_put_aside_what_its_caller_requires() -> None:
    body = Body(b"content")
    body.require_checksum(checksum_of("CRC32", [b"another"]))
    body.track_checksum("CRC32")
    with pytest.raises(InvalidChecksum, match="one checksum"):
        body.track_checksum("SHA256")
    with pytest.raises(BadDigest):
        body.read()


@pytest.mark.parametrize("kind", [PutOptions, PartOptions])
def test_a_driver_sees_one_algorithm_whichever_way_it_was_said(kind: Any) -> None:
    made = checksum_of("SHA1", [b"content"])
    assert normalise.digests(kind(checksum=made)).checksum_algorithm == "SHA1"
    assert normalise.digests(kind(checksum_algorithm="SHA1")).checksum_algorithm == "SHA1"
    assert normalise.digests(kind()).checksum_algorithm is None
    for wrong in (kind(checksum=made, checksum_algorithm="CRC32"), kind(checksum_algorithm="sha1")):
        with pytest.raises(InvalidChecksum):
            normalise.digests(wrong)
