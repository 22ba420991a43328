"""Completing a multipart upload: its checksums, which parts make the object, and completions that are sent again.

Drivers that keep uploads themselves use this. The messages are those of S3 (S3 API reference, UploadPart and
CompleteMultipartUpload).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol, TypeVar

import msgspec

from bucketry.checksums import COMPOSITE, Checksum, ChecksumType, checksum_of_parts
from bucketry.errors import BadDigest, InvalidArgument, InvalidChecksum, InvalidPart, NoSuchUpload, PartTooSmall
from bucketry.models import CompletedPart
from bucketry.options import CompleteOptions

MAX_COMPLETIONS: Final = 10_000
"""How many completed uploads a store remembers, so that a completion can be sent again."""

COMPLETIONS_KEPT_FOR: Final = timedelta(hours=1)
"""How long it remembers them."""


class StoredPart(Protocol):
    """A part as far as completing needs it."""

    @property
    def etag(self) -> str:
        """Its etag: an MD5 in hexadecimal, or as long as one."""

    @property
    def size_bytes(self) -> int:
        """Its size."""

    @property
    def checksum(self) -> Checksum | None:
        """Its checksum, if the upload has checksums."""


PartT = TypeVar("PartT", bound=StoredPart)


class UploadChecksums(msgspec.Struct, frozen=True, gc=False):
    """The algorithm of an upload's checksums, and the type of the object's checksum. Without checksums: ``None``."""

    algorithm: str | None = None
    type: ChecksumType | None = None

    def check_sent(self, algorithm: str | None) -> None:
        """Checks the algorithm of the checksum that came with a part.

        Args:
            algorithm: The algorithm, or ``None`` if the part came without a checksum.

        Raises:
            InvalidChecksum: The upload has another algorithm; or the part has no checksum, and the upload has a
                composite checksum, which needs it.
        """
        wanted = self.algorithm
        if wanted not in {None, algorithm} and (algorithm is not None or self.type == COMPOSITE):
            raise _another_algorithm(wanted, algorithm)

    def check_listed(self, listed: CompletedPart, stored: Checksum | None) -> None:
        """Compares the checksum that a part is listed with, if any, with the stored one.

        Raises:
            InvalidPart: The stored part has another checksum or none.
            InvalidChecksum: The part is listed without a checksum, and the upload has a composite checksum.
            BadDigest: The listed checksum has another algorithm.
        """
        given, number = listed.checksum, listed.part_number
        if given is None:
            if self.type == COMPOSITE:
                raise InvalidChecksum(
                    f"The upload was created using a {_shown(self.algorithm)} checksum. The complete request must "
                    f"include the checksum for each part. It was missing for part {number} in the request."
                )
        elif stored is None:
            raise InvalidPart(
                f"part {number} has no checksum: the upload began without an algorithm",
                part_number=number,
                fault="checksum",
            )
        elif given.algorithm != stored.algorithm:
            raise BadDigest(
                f"The {_shown(given.algorithm)} you specified for part {number} did not match what we received.",
                digest="checksum",
            )
        elif not given.same_as(stored):
            raise InvalidPart(f"part {number} has another checksum", part_number=number, fault="checksum")

    def of_object(self, parts: Sequence[StoredPart], options: CompleteOptions) -> Checksum | None:
        """Returns the checksum of an object made of these parts, after comparing it with the caller's.

        Raises:
            InvalidChecksum: The caller's checksum has another algorithm or type than the upload.
            BadDigest: The caller's checksum has another value.
            InvalidArgument: The object has another size than the caller says.
        """
        self.check_kind(options)
        made = None
        if self.algorithm is not None and self.type is not None:
            digests = [(part.checksum.digest, part.size_bytes) for part in parts if part.checksum is not None]
            made = checksum_of_parts(self.algorithm, self.type, digests)
        _check_made(made, sum(part.size_bytes for part in parts), options)
        return made

    def check_kind(self, options: CompleteOptions) -> None:
        """Compares algorithm and type of the caller's checksum with those of the upload.

        Raises:
            InvalidChecksum: One of them differs.
        """
        given = options.checksum
        if options.checksum_type not in {None, self.type}:
            raise InvalidChecksum(
                f"The upload was created using the {self.type or 'null'} checksum mode. The complete request must use "
                "the same checksum mode."
            )
        if given is not None and given.algorithm != self.algorithm:
            raise _another_algorithm(self.algorithm, given.algorithm)


def select_parts(
    listed: Iterable[CompletedPart], stored: Mapping[int, PartT], checksums: UploadChecksums, min_part_size: int
) -> list[PartT]:
    """Returns the stored parts that the object consists of.

    Args:
        listed: The parts that the caller lists.
        stored: The parts of the upload, by number.
        checksums: The checksums of the upload.
        min_part_size: Smallest size of a part other than the last, in bytes.

    Raises:
        InvalidPart: A part was not uploaded, or has another etag or checksum.
        InvalidChecksum: A part is listed without its checksum, and the upload has a composite checksum.
        BadDigest: A part is listed with a checksum of another algorithm.
        PartTooSmall: A part other than the last is smaller than ``min_part_size``.
    """
    chosen: list[PartT] = []
    before: int | None = None
    for wanted in listed:
        number = wanted.part_number
        if chosen and (size := chosen[-1].size_bytes) < min_part_size:
            raise PartTooSmall(
                f"a part has {size} bytes; all but the last have at least {min_part_size}",
                part_number=before,
                size_bytes=size,
                min_size_bytes=min_part_size,
            )
        part = stored.get(number)
        if part is None:
            raise InvalidPart(f"part {number} was not uploaded", part_number=number, fault="missing")
        if part.etag != wanted.etag:
            raise InvalidPart(f"part {number} has another etag", part_number=number, fault="etag")
        checksums.check_listed(wanted, part.checksum)
        chosen.append(part)
        before = number
    return chosen


def etag_of_parts(parts: Sequence[StoredPart]) -> str:
    """Returns the etag of an object made of these parts, as S3 computes it and its clients expect it."""
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def fingerprint(parts: Iterable[CompletedPart]) -> bytes:
    """Returns a digest that stands for the parts of a completion: there may be 10,000."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d %s\n" % (part.part_number, part.etag.encode()))
    return digest.digest()


def check_repeated(
    made: Checksum | None,
    digests: Sequence[bytes],
    size_bytes: int,
    parts: Sequence[CompletedPart],
    options: CompleteOptions,
) -> None:
    """Compares the object that an upload made with what a caller expects who completes the upload again.

    Args:
        made: The object's checksum.
        digests: The digests of its parts' checksums, if it has any.
        size_bytes: Its size.
        parts: The parts that the caller lists.
        options: The caller's options.

    Raises:
        NoSuchUpload: A part is listed with another checksum than it had.
        InvalidChecksum: The caller's checksum has another algorithm or type.
        BadDigest: The caller's checksum has another value.
        InvalidArgument: The object has another size.
    """
    if any(
        part.checksum is not None and (made is None or part.checksum != Checksum(made.algorithm, digest))
        for part, digest in zip(parts, digests or (b"",) * len(parts), strict=True)
    ):
        raise NoSuchUpload
    kind = UploadChecksums() if made is None else UploadChecksums(made.algorithm, made.type)
    kind.check_kind(options)
    _check_made(made, size_bytes, options)


def _check_made(made: Checksum | None, size: int, options: CompleteOptions) -> None:
    given = options.checksum
    if options.size_bytes not in {None, size}:
        raise InvalidArgument(f"the object has {size} bytes, not {options.size_bytes}", field="size_bytes")
    if made is None or given is None:
        return
    # A caller may leave the number of parts out.
    if not made.same_as(given) or given.parts_count not in {0, made.parts_count}:
        raise BadDigest(
            f"The {_shown(given.algorithm)} you specified did not match the calculated checksum.", digest="checksum"
        )


def _another_algorithm(wanted: str | None, found: str | None) -> InvalidChecksum:
    return InvalidChecksum(
        f"Checksum Type mismatch occurred, expected checksum Type: {_shown(wanted)}, "
        f"actual checksum Type: {_shown(found)}"
    )


def _shown(algorithm: str | None) -> str:
    """Returns an algorithm as S3's messages write it."""
    return "null" if algorithm is None else algorithm.lower()
