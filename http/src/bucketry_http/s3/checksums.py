"""Checksums: those that clients send with a body, in headers or in trailers, and those in responses.

Source: S3 user guide, "Checking object integrity in Amazon S3".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from bucketry import CHECKSUM_ALGORITHMS, Checksum, InvalidChecksum
from bucketry.checksums import ChecksumAlgorithm, Digest

from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.request import Endpoint
from bucketry_http.s3.xml import element
from bucketry_http.shared.response_body import RawHeaders

PREFIX: Final = "x-amz-checksum-"
ALGORITHM: Final = "x-amz-checksum-algorithm"
MODE: Final = "x-amz-checksum-mode"
TYPE: Final = "x-amz-checksum-type"
SDK_ALGORITHM: Final = "x-amz-sdk-checksum-algorithm"
_NO_CHECKSUMS: Final = frozenset({ALGORITHM, MODE, TYPE})
"""Headers that begin like a checksum, but hold something else."""

_BY_HEADER: Final[Mapping[str, ChecksumAlgorithm]] = {
    PREFIX + name.lower(): algorithm for name, algorithm in CHECKSUM_ALGORITHMS.items()
}


def algorithm_in(header: str) -> ChecksumAlgorithm | None:
    """Returns the algorithm of the checksum in a header; ``None`` for any other header."""
    return _BY_HEADER.get(header)


class BodyChecksum:
    """One checksum that a body must have.

    Attributes:
        header: Name of the header that it came in.
        algorithm: Name of its algorithm.
        value: The expected checksum; ``None`` until the trailer has come.
    """

    __slots__ = ("_digest", "algorithm", "header", "value")

    def __init__(self, header: str, text: str | None = None) -> None:
        """Begins before the first byte.

        Raises:
            S3Error: The algorithm is unknown, or the value is malformed.
        """
        known = _known(header)
        self._digest: Digest | None = known.new()
        self.header = header
        self.algorithm = known.name
        self.value: Checksum | None = None
        if text is not None:
            self.expect(text)

    def expect(self, text: str) -> None:
        """Sets the expected checksum.

        Raises:
            S3Error: It is not a checksum of this kind.
        """
        value = _parsed(self.header, self.algorithm, text)
        if value.parts_count:
            raise _invalid(self.header)
        self.value = value

    def update(self, piece: bytes) -> None:
        """Adds the next piece of the body."""
        if self._digest is not None:
            self._digest.update(piece)

    def check(self) -> None:
        """Compares the checksums at the end of the body.

        Raises:
            S3Error: The body has another checksum, or the trailer is missing.
        """
        if self.value is None:
            raise _invalid(self.header)
        if self._digest is not None and not self.value.same_as(Checksum(self.algorithm, self._digest.digest())):
            raise S3Error("BadDigest", f"The {self.algorithm} you specified did not match the calculated checksum.")

    def leave_to_store(self) -> dict[str, Any]:
        """Returns the fields of a put's or a part's options that have the store keep it.

        The store computes the checksum anyway, so it alone compares one that is known already. A checksum in a trailer
        comes too late for that.
        """
        if self.value is None:
            return {"checksum_algorithm": self.algorithm}
        self._digest = None
        return {"checksum": self.value}


def kept_checksum(kept: Collection[str], checksum: BodyChecksum | None) -> Mapping[str, Any]:
    """Returns the options that have the store keep a body's checksum, if its algorithm is one of those kept."""
    if checksum is None or checksum.algorithm not in kept:
        return {}
    return checksum.leave_to_store()


def algorithms_of_uploads(endpoint: Endpoint) -> Collection[str]:
    """Returns the algorithms whose checksums the store keeps of parts, and of objects made of parts."""
    return endpoint.features.checksum_algorithms if endpoint.features.upload_checksums else ()


def _known(header: str) -> ChecksumAlgorithm:
    known = algorithm_in(header)
    if known is None:
        raise not_implemented(f"the checksum {header[:64]!r}")
    return known


def _parsed(header: str, algorithm: str, text: str) -> Checksum:
    try:
        return Checksum.parse(algorithm, text)
    except InvalidChecksum:
        raise _invalid(header) from None


def _invalid(header: str) -> S3Error:
    return S3Error("InvalidRequest", f"Value for {header} header is invalid.")


def body_checksum(headers: Mapping[str, str], announced_in: str = SDK_ALGORITHM) -> BodyChecksum | None:
    """Returns the checksum that a request declares in a header, or will bring in a trailer.

    Args:
        headers: The request's headers, or a form's fields.
        announced_in: The header that may announce the algorithm.

    Raises:
        S3Error: There is more than one checksum, it is malformed, the announced one is missing, or it has another
            algorithm than the announced one.
    """
    found = _named(headers)
    trailers = [name for name in trailers_of(headers) if name.startswith(PREFIX)]
    if len(found) + len(trailers) > 1:
        raise _several()
    announced = headers.get(announced_in)
    if not found and not trailers:
        if announced is not None:
            raise S3Error(
                "InvalidRequest",
                f"{announced_in} specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
            )
        return None
    checksum = BodyChecksum(found[0], headers[found[0]]) if found else BodyChecksum(trailers[0])
    if announced is not None and announced.upper() != checksum.algorithm:
        raise _invalid(announced_in)
    return checksum


def object_checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Returns the checksum of a whole object in a request whose body is about something else.

    Raises:
        S3Error: There is more than one, or it is malformed.
    """
    found = _named(headers)
    if len(found) > 1:
        raise _several()
    return _parsed(found[0], _known(found[0]).name, headers[found[0]]) if found else None


def _named(headers: Mapping[str, str]) -> list[str]:
    return [name for name in headers if name.startswith(PREFIX) and name not in _NO_CHECKSUMS]


def _several() -> S3Error:
    return S3Error(
        "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
    )


def requested_algorithm(headers: Mapping[str, str]) -> str | None:
    """Returns the algorithm for an upload or a copy, in ``x-amz-checksum-algorithm``.

    Raises:
        S3Error: The algorithm is unknown.
    """
    header = headers.get(ALGORITHM)
    if header is None:
        return None
    if header.upper() not in CHECKSUM_ALGORITHMS:
        raise S3Error(
            "InvalidRequest",
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            f"[{', '.join(CHECKSUM_ALGORITHMS)}]",
        )
    return header.upper()


def requested_type(headers: Mapping[str, str]) -> str | None:
    """Returns what the checksum of an object covers, in ``x-amz-checksum-type``.

    Raises:
        S3Error: It is neither ``COMPOSITE`` nor ``FULL_OBJECT``.
    """
    header = headers.get(TYPE)
    if header is not None and header.upper() not in {"COMPOSITE", "FULL_OBJECT"}:
        raise _invalid(TYPE)
    return None if header is None else header.upper()


def is_asked_for(headers: Mapping[str, str]) -> bool:
    """Says whether a request asks for the checksum."""
    return headers.get(MODE, "").upper() == "ENABLED"


def checksum_headers(checksum: Checksum | None, *, typed: bool = True) -> RawHeaders:
    """Returns the headers of a checksum and of its type. S3 names no type for a part."""
    if checksum is None:
        return []
    told = [(f"{PREFIX}{checksum.algorithm.lower()}".encode(), checksum.text.encode())]
    return [*told, (TYPE.encode(), checksum.type.encode())] if typed else told


def checksum_elements(checksum: Checksum | None, *, typed: bool = True, counted: bool = True) -> str:
    """Returns the elements of a checksum and of its type.

    Args:
        checksum: The checksum, if there is one.
        typed: Whether its type is named.
        counted: Whether the number of parts follows a composite checksum.
    """
    if checksum is None:
        return ""
    text = checksum.text if counted else Checksum(checksum.algorithm, checksum.digest).text
    told = element(f"Checksum{checksum.algorithm}", text)
    return told + element("ChecksumType", checksum.type) if typed else told


def trailers_of(headers: Mapping[str, str]) -> list[str]:
    """Returns the lower-case names in ``x-amz-trailer``."""
    announced = headers.get("x-amz-trailer")
    return [] if announced is None else [name.strip().lower() for name in announced.split(",") if name.strip()]
