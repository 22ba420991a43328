"""Checksums of content: the algorithms, and what a checksum covers.

Source: S3 user guide, "Checking object integrity in Amazon S3".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

from bucketry.errors import InvalidChecksum

if TYPE_CHECKING:
    from typing import Any

ChecksumType = Literal["COMPOSITE", "FULL_OBJECT"]
"""What the checksum of an object that was uploaded in parts covers: its parts' checksums, or its whole content."""

COMPOSITE: Final = "COMPOSITE"
FULL_OBJECT: Final = "FULL_OBJECT"


class Digest(Protocol):
    """A checksum that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Adds the next piece."""

    def digest(self) -> bytes:
        """Returns the checksum of all pieces."""


class ChecksumAlgorithm(msgspec.Struct, frozen=True, kw_only=True):
    """An algorithm.

    Attributes:
        name: Its name, as S3 writes it.
        size_bytes: How many bytes a checksum has.
        new: Begins a checksum.
        types: What the checksum of an object that was uploaded in parts can cover; the first one is the default.
        combine: Computes the checksum of two contents, one after the other, from the checksum of each and the size of
            the second in bytes. ``None``: that is impossible without reading them again.
    """

    name: str
    size_bytes: int
    new: Callable[[], Digest]
    types: tuple[ChecksumType, ...]
    combine: Callable[[bytes, bytes, int], bytes] | None = None


class _Crc:
    """A CRC that is being computed, by a function that continues from the value before."""

    __slots__ = ("_function", "_size", "_value")

    def __init__(self, function: Callable[[bytes, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


@cache
def _model(name: str) -> Any:
    # Imported when first used: most callers have none of these, or the CRC32 of one content.
    import anycrc

    return anycrc.Model(name)


def _new_crc(model: str, size: int) -> Digest:
    return _Crc(_model(model).calc, size)


def _new_xxhash(name: str) -> Digest:
    # Imported when first used, as above. Its digests are in the canonical form, which is big-endian.
    import xxhash

    begun: Digest = getattr(xxhash, name)()
    return begun


def _combined_crc(model: str, size: int, first: bytes, second: bytes, second_bytes: int) -> bytes:
    value: int = _model(model).combine(int.from_bytes(first, "big"), int.from_bytes(second, "big"), second_bytes)
    return value.to_bytes(size, "big")


CHECKSUM_ALGORITHMS: Final[Mapping[str, ChecksumAlgorithm]] = {
    algorithm.name: algorithm
    for algorithm in (
        ChecksumAlgorithm(
            name="CRC32",
            size_bytes=4,
            new=lambda: _Crc(zlib.crc32, 4),
            types=(COMPOSITE, FULL_OBJECT),
            combine=partial(_combined_crc, "CRC32", 4),
        ),
        ChecksumAlgorithm(
            name="CRC32C",
            size_bytes=4,
            new=partial(_new_crc, "CRC32C", 4),
            types=(COMPOSITE, FULL_OBJECT),
            combine=partial(_combined_crc, "CRC32C", 4),
        ),
        ChecksumAlgorithm(
            name="CRC64NVME",
            size_bytes=8,
            new=partial(_new_crc, "CRC64-NVME", 8),
            types=(FULL_OBJECT,),
            combine=partial(_combined_crc, "CRC64-NVME", 8),
        ),
        ChecksumAlgorithm(
            name="SHA1", size_bytes=20, new=lambda: hashlib.sha1(usedforsecurity=False), types=(COMPOSITE,)
        ),
        ChecksumAlgorithm(name="SHA256", size_bytes=32, new=hashlib.sha256, types=(COMPOSITE,)),
        ChecksumAlgorithm(name="SHA512", size_bytes=64, new=hashlib.sha512, types=(COMPOSITE,)),
        ChecksumAlgorithm(
            name="MD5", size_bytes=16, new=lambda: hashlib.md5(usedforsecurity=False), types=(COMPOSITE,)
        ),
        ChecksumAlgorithm(name="XXHASH64", size_bytes=8, new=partial(_new_xxhash, "xxh64"), types=(COMPOSITE,)),
        ChecksumAlgorithm(name="XXHASH3", size_bytes=8, new=partial(_new_xxhash, "xxh3_64"), types=(COMPOSITE,)),
        ChecksumAlgorithm(name="XXHASH128", size_bytes=16, new=partial(_new_xxhash, "xxh3_128"), types=(COMPOSITE,)),
    )
}
"""All algorithms of the contract, by name. A new algorithm is entered here and nowhere else.

The checksum of an object in parts covers its whole content only if the algorithm is linear, which the CRCs are. S3 has
the same types (S3 user guide, "Full object and composite checksum types").
"""


class Checksum(msgspec.Struct, frozen=True):
    """The checksum of an object or a part.

    Attributes:
        algorithm: Name of its algorithm, one of `CHECKSUM_ALGORITHMS`.
        digest: The checksum itself, not its base64 form.
        parts_count: Number of parts whose checksums a composite checksum covers. 0: it covers the content.
    """

    algorithm: str
    digest: bytes
    parts_count: int = 0

    @property
    def type(self) -> ChecksumType:
        """What it covers."""
        return COMPOSITE if self.parts_count else FULL_OBJECT

    @property
    def text(self) -> str:
        """The checksum as S3 writes it: base64, followed by the number of parts if it covers parts' checksums."""
        encoded = base64.b64encode(self.digest).decode()
        return f"{encoded}-{self.parts_count}" if self.parts_count else encoded

    @classmethod
    def parse(cls, algorithm: str, text: str) -> Checksum:
        """Reads a checksum as S3 writes it.

        Raises:
            InvalidChecksum: It is not a checksum of this algorithm.
        """
        encoded, dash, count = text.partition("-")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidChecksum(f"a {algorithm} is given in base64") from None
        if dash and not (count.isascii() and count.isdecimal() and len(count) <= _MAX_COUNT_DIGITS and int(count)):
            raise InvalidChecksum("behind a checksum of parts stands their number")
        return cls(algorithm, digest, int(count) if dash else 0).checked()

    def checked(self) -> Checksum:
        """Returns this checksum if it is valid.

        Raises:
            InvalidChecksum: The algorithm does not exist, or the digest does not have the algorithm's length.
        """
        known = algorithm_named(self.algorithm)
        if len(self.digest) != known.size_bytes:
            raise InvalidChecksum(f"a {self.algorithm} has {known.size_bytes} bytes, not {len(self.digest)}")
        return self

    def same_as(self, other: Checksum) -> bool:
        """Says whether both have the same algorithm and the same value."""
        return self.algorithm == other.algorithm and hmac.compare_digest(self.digest, other.digest)


_MAX_COUNT_DIGITS: Final = 5


def algorithm_named(name: str) -> ChecksumAlgorithm:
    """Returns an algorithm.

    Raises:
        InvalidChecksum: No algorithm has that name.
    """
    known = CHECKSUM_ALGORITHMS.get(name)
    if known is None:
        raise InvalidChecksum(f"the algorithm is one of {', '.join(CHECKSUM_ALGORITHMS)}, not {name[:64]!r}")
    return known


def checksum_of(algorithm: str, pieces: Iterable[bytes]) -> Checksum:
    """Returns the checksum of content that comes in pieces.

    Raises:
        InvalidChecksum: The algorithm does not exist.
    """
    digest = algorithm_named(algorithm).new()
    for piece in pieces:
        digest.update(piece)
    return Checksum(algorithm, digest.digest())


def checksum_of_parts(algorithm: str, kind: ChecksumType, parts: Iterable[tuple[bytes, int]]) -> Checksum:
    """Returns the checksum of an object from the checksums of its parts, without reading them.

    Args:
        algorithm: Name of the algorithm.
        kind: What it covers; one of the algorithm's ``types``.
        parts: Digest and size in bytes of each part, in their order.

    Raises:
        InvalidChecksum: The algorithm does not exist, or has no checksum of this type.
    """
    known = algorithm_named(algorithm)
    listed = list(parts)
    if kind == COMPOSITE:
        made = checksum_of(algorithm, (digest for digest, _ in listed))
        return Checksum(algorithm, made.digest, len(listed))
    if known.combine is None:
        raise InvalidChecksum(f"checksums of parts cannot be combined to a {algorithm} of the whole")
    whole = known.new().digest()
    for digest, size in listed:
        whole = known.combine(whole, digest, size)
    return Checksum(algorithm, whole)
