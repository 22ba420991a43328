"""The parts that an object was uploaded in, for drivers that keep where each of them ends.

Parts are numbered from 1 in their order, whatever numbers the upload had. Another object has one part.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bucketry.checksums import Checksum
from bucketry.errors import InvalidRange, TooLarge
from bucketry.models import ObjectAttributes, ObjectInfo, ObjectPart
from bucketry.options import AttributesOptions, PartCopyOptions
from bucketry.ranges import ContentRange


def part_info(info: ObjectInfo, number: int, ends: Sequence[int], digests: Sequence[bytes]) -> ObjectInfo:
    """Returns what the contract says of an object in a request for one part.

    Args:
        info: The object.
        number: The number of the part.
        ends: The offset after each part; empty: it was not uploaded in parts.
        digests: The digest of each part's checksum, if the object has a checksum.

    Raises:
        InvalidRange: It has no part of that number.
    """
    bounds = (0, *ends) if ends else (0, info.size_bytes)
    if number >= len(bounds):
        raise InvalidRange(f"the object has no part {number}", size_bytes=info.size_bytes, field="part_number")
    return msgspec.structs.replace(
        info,
        checksum=_checksum(info, number, digests) if ends else info.checksum,
        part_range=ContentRange(bounds[number - 1], bounds[number], info.size_bytes),
        parts_count=len(ends) or None,
    )


def attributes_of(
    info: ObjectInfo, options: AttributesOptions, ends: Sequence[int], digests: Sequence[bytes]
) -> ObjectAttributes:
    """Returns an object with one page of its parts; ``ends`` and ``digests`` are as in `part_info`."""
    last = min(options.after + options.limit, len(ends))
    bounds = (0, *ends[:last])
    parts = tuple(
        ObjectPart(
            part_number=number,
            size_bytes=bounds[number] - bounds[number - 1],
            checksum=_checksum(info, number, digests),
        )
        for number in range(options.after + 1, last + 1)
    )
    return ObjectAttributes(
        info=info,
        parts_count=len(ends) or None,
        parts=parts,
        next_after=last if last < len(ends) else None,
    )


def range_of_copy(size_bytes: int, options: PartCopyOptions, max_part_size: int) -> tuple[int, int]:
    """Returns the bytes that a part copies from an object: the offset of the first one, and the end.

    Args:
        size_bytes: The size of the object.
        options: The options of the copy.
        max_part_size: The largest size of a part, in bytes.

    Raises:
        InvalidRange: The range ends after the object.
        TooLarge: The range is larger than ``max_part_size``.
    """
    start, stop = 0, size_bytes
    if options.range is not None:
        start, stop = options.range.first or 0, (options.range.last or 0) + 1
    if stop > size_bytes:
        raise InvalidRange(f"the source has {size_bytes} bytes", size_bytes=size_bytes, field="range")
    if stop - start > max_part_size:
        raise TooLarge(f"a part has at most {max_part_size} bytes", max_size_bytes=max_part_size)
    return start, stop


def _checksum(info: ObjectInfo, number: int, digests: Sequence[bytes]) -> Checksum | None:
    return Checksum(info.checksum.algorithm, digests[number - 1]) if info.checksum is not None and digests else None
