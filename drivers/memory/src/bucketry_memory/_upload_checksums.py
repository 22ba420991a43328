"""What an upload's checksums are, and what may be said of them while it goes on.

Source: S3 API reference, UploadPart and CompleteMultipartUpload, whose messages these are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
from bucketry import (
    BadDigest,
    Checksum,
    CompletedPart,
    CompleteOptions,
    InvalidArgument,
    InvalidChecksum,
    InvalidPart,
)
from bucketry.checksums import COMPOSITE, ChecksumType, checksum_of_parts

Summed: TypeAlias = tuple[Checksum | None, int]
"""A part's checksum, and its size in bytes."""


class UploadChecksums(msgspec.Struct, frozen=True, gc=False):
    """The algorithm of an upload's checksums, and of what that of the object will be; both ``None``: there are none."""

    algorithm: str | None = None
    type: ChecksumType | None = None

    def check_sent(self, algorithm: str | None) -> None:
        """Checks the algorithm of the checksum that a part is sent with, if it is sent with one.

        Raises:
            InvalidChecksum: It is another than the upload's; or there is none, and a composite checksum is to be made.
        """
        wanted = self.algorithm
        if wanted not in {None, algorithm} and (algorithm is not None or self.type == COMPOSITE):
            raise _another_algorithm(wanted, algorithm)

    def check_listed(self, listed: CompletedPart, stored: Checksum | None) -> None:
        """Compares the checksum that a part is listed with, if it is listed with one.

        Raises:
            InvalidPart: The part has another one, or none.
            InvalidChecksum: There is none, and a composite checksum is to be made.
            BadDigest: It is of another algorithm.
        """
        given, number = listed.checksum, listed.part_number
        if given is None:
            if self.type == COMPOSITE:
                raise InvalidChecksum(
                    f"The upload was created using a {_shown(self.algorithm)} checksum. The complete request must "
                    f"include the checksum for each part. It was missing for part {number} in the request."
                )
        elif stored is None:
            raise InvalidPart(f"part {number} has no checksum: the upload began without an algorithm")
        elif given.algorithm != stored.algorithm:
            raise BadDigest(
                f"The {_shown(given.algorithm)} you specified for part {number} did not match what we received."
            )
        elif not given.same_as(stored):
            raise InvalidPart(f"part {number} has another checksum")

    def of_object(self, parts: Sequence[Summed], options: CompleteOptions) -> Checksum | None:
        """Returns the checksum of an object made of these parts, which is what the caller says.

        Raises:
            InvalidChecksum: The caller's is of another algorithm or type than the upload's.
            BadDigest: It has another value.
            InvalidArgument: The object has another size than the caller says.
        """
        self._check_kind(options)
        size = sum(size for _, size in parts)
        made = None
        if self.algorithm is not None and self.type is not None:
            digests = [(checksum.digest, size) for checksum, size in parts if checksum is not None]
            made = checksum_of_parts(self.algorithm, self.type, digests)
        _check_made(made, size, options)
        return made

    def _check_kind(self, options: CompleteOptions) -> None:
        given = options.checksum
        if options.checksum_type not in {None, self.type}:
            raise InvalidChecksum(
                f"The upload was created using the {self.type or 'null'} checksum mode. The complete request must use "
                "the same checksum mode."
            )
        if given is not None and given.algorithm != self.algorithm:
            raise _another_algorithm(self.algorithm, given.algorithm)


def check_object(made: Checksum | None, size: int, options: CompleteOptions) -> None:
    """Compares an object that an upload has made already with what the caller says of it.

    Args:
        made: The object's checksum, if it has any.
        size: The object's size in bytes.
        options: What the caller says.

    Raises:
        InvalidChecksum: The caller's checksum is of another algorithm or type.
        BadDigest: It has another value.
        InvalidArgument: The object has another size.
    """
    kind = UploadChecksums() if made is None else UploadChecksums(made.algorithm, made.type)
    kind._check_kind(options)
    _check_made(made, size, options)


def _check_made(made: Checksum | None, size: int, options: CompleteOptions) -> None:
    given = options.checksum
    if options.size_bytes not in {None, size}:
        raise InvalidArgument(f"the object has {size} bytes, not {options.size_bytes}")
    if made is None or given is None:
        return
    # The number of parts may be left out.
    if not made.same_as(given) or given.parts_count not in {0, made.parts_count}:
        raise BadDigest(f"The {_shown(given.algorithm)} you specified did not match the calculated checksum.")


def _another_algorithm(wanted: str | None, found: str | None) -> InvalidChecksum:
    return InvalidChecksum(
        f"Checksum Type mismatch occurred, expected checksum Type: {_shown(wanted)}, "
        f"actual checksum Type: {_shown(found)}"
    )


def _shown(algorithm: str | None) -> str:
    """An algorithm as S3's messages have it."""
    return "null" if algorithm is None else algorithm.lower()
