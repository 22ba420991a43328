"""The checksums that clients send with a body, in headers before it or in trailers behind it.

Source: S3 user guide, "Checking object integrity in Amazon S3".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from bucketry_http.s3.errors import S3Error, not_implemented

PREFIX: Final = "x-amz-checksum-"
_NO_CHECKSUMS: Final = frozenset({"x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"})
"""Headers that begin like a checksum and are none."""


class Digest(Protocol):
    """A checksum in the making."""

    def update(self, data: bytes, /) -> None:
        """Takes the next piece."""

    def digest(self) -> bytes:
        """Returns the checksum of all pieces."""


class _Crc:
    """A CRC in the making: a function that goes on from the value before."""

    __slots__ = ("_function", "_size", "_value")

    def __init__(self, function: Callable[[bytes, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def _crc(name: str, size: int) -> Digest:
    # Imported when first asked for: most clients send a CRC32, which the standard library has.
    import anycrc

    return _Crc(anycrc.Model(name).calc, size)


ALGORITHMS: Final[Mapping[str, tuple[Callable[[], Digest], int]]] = {
    "crc32": (lambda: _Crc(zlib.crc32, 4), 4),
    "crc32c": (lambda: _crc("CRC32C", 4), 4),
    "crc64nvme": (lambda: _crc("CRC64-NVME", 8), 8),
    "sha1": (lambda: hashlib.sha1(usedforsecurity=False), 20),
    "sha256": (hashlib.sha256, 32),
}
"""How each is made, and how many bytes it has."""


class Checksum:
    """One checksum that a body must have.

    Attributes:
        header: Name of the header that it came in.
        value: What it is to be, in base64; empty until the trailer has come.
    """

    __slots__ = ("_digest", "_size", "header", "value")

    def __init__(self, header: str, value: str | None = None) -> None:
        """Begins before the first byte.

        Raises:
            S3Error: No such algorithm is known, or the value is malformed.
        """
        make, size = _algorithm(header)
        self._digest = make()
        self._size = size
        self.header = header
        self.value = ""
        if value is not None:
            self.expect(value)

    def expect(self, value: str) -> None:
        """Says what it is to be.

        Raises:
            S3Error: That is no checksum of this kind.
        """
        if len(decode(value, self.header)) != self._size:
            raise S3Error("InvalidRequest", f"Value for {self.header} header is invalid.")
        self.value = value

    def update(self, piece: bytes) -> None:
        """Takes the next piece of the body."""
        self._digest.update(piece)

    def check(self) -> None:
        """Compares, at the end of the body.

        Raises:
            S3Error: The body has another checksum.
        """
        if not hmac.compare_digest(self._digest.digest(), decode(self.value, self.header)):
            name = self.header.removeprefix(PREFIX).upper()
            raise S3Error("BadDigest", f"The {name} you specified did not match the calculated checksum.")


def _algorithm(header: str) -> tuple[Callable[[], Any], int]:
    known = ALGORITHMS.get(header.removeprefix(PREFIX))
    if known is None:
        raise not_implemented(f"the checksum {header[:64]!r}")
    return known


def decode(value: str, header: str) -> bytes:
    """Returns the bytes of a checksum in base64.

    Raises:
        S3Error: It is not base64.
    """
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise S3Error("InvalidRequest", f"Value for {header} header is invalid.") from None


def checksum_of(headers: Mapping[str, str]) -> Checksum | None:
    """Returns the checksum that a request declares in a header, or will bring in a trailer.

    Raises:
        S3Error: There is more than one, it is malformed, or one is announced and does not come.
    """
    found = [name for name in headers if name.startswith(PREFIX) and name not in _NO_CHECKSUMS]
    trailers = [name for name in trailers_of(headers) if name.startswith(PREFIX)]
    if len(found) + len(trailers) > 1:
        raise S3Error(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    if found:
        return Checksum(found[0], headers[found[0]])
    if trailers:
        return Checksum(trailers[0])
    if "x-amz-sdk-checksum-algorithm" in headers:
        raise S3Error(
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers "
            "were found.",
        )
    return None


def trailers_of(headers: Mapping[str, str]) -> list[str]:
    """Returns the lower-case names in ``x-amz-trailer``."""
    announced = headers.get("x-amz-trailer")
    return [] if announced is None else [name.strip().lower() for name in announced.split(",") if name.strip()]
