"""Byte ranges of an object, as RFC 9110 section 14 defines them."""

from __future__ import annotations

import re

import msgspec

from bucketry._type_checks import check_type
from bucketry.errors import InvalidArgument, InvalidRange

_HEADER = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII | re.IGNORECASE)
"""One range. The case of the unit's name does not matter (RFC 9110, 14.1). Positions may have any number of digits."""

_MAX_DIGITS = 18
_FAR = 10**_MAX_DIGITS - 1


class ContentRange(msgspec.Struct, frozen=True):
    """The bytes that a result holds. There are none only of an empty part, and of an empty object's last bytes.

    Attributes:
        start: Offset of the first byte.
        stop: Offset after the last byte.
        size_bytes: Size of the whole object.
    """

    start: int
    stop: int
    size_bytes: int

    def __str__(self) -> str:
        """The value of a ``Content-Range`` header (RFC 9110, 14.4). A range without bytes has none."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size_bytes}"


class ByteRange(msgspec.Struct, frozen=True):
    """One requested range.

    Attributes:
        first: Offset of the first byte; ``None``: the range is the last ``last`` bytes of the object (a suffix range).
        last: Offset of the last byte, inclusive; ``None``: to the end. For a suffix range, its length.
    """

    first: int | None
    last: int | None = None

    @classmethod
    def parse(cls, header: str) -> ByteRange:
        """Reads a ``Range`` header with one range (RFC 9110, 14.1.2).

        Raises:
            InvalidArgument: The unit is not ``bytes``, the range is malformed, or there is more than one.
        """
        match = _HEADER.fullmatch(header.strip())
        if match is None or match.groups() == ("", ""):
            raise InvalidArgument(
                "the range must be one of bytes=FIRST-LAST, bytes=FIRST- and bytes=-LENGTH", field="range"
            )
        first, last = (whole_number(digits) if digits else None for digits in match.groups())
        return cls(first, last).checked()

    def checked(self) -> ByteRange:
        """Returns this range if it is well-formed.

        Raises:
            InvalidArgument: Both ends are missing, an end is negative, or the last byte is before the first.
        """
        check_type(self, ByteRange, "a range", field="range")
        if self.first is None and self.last is None:
            raise InvalidArgument("a range needs a first or a last byte", field="range")
        if (self.first or 0) < 0 or (self.last or 0) < 0:
            raise InvalidArgument("a range cannot be negative", field="range")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise InvalidArgument("a range cannot end before it begins", field="range")
        return self

    def resolve(self, size_bytes: int) -> ContentRange:
        """Returns the bytes of an object of that size which this range names.

        The last bytes of an empty object are no bytes, and this is not an error (RFC 9110, 14.1.2: a suffix range can
        be satisfied if its length is not zero).

        Raises:
            InvalidRange: No byte of the object is in the range (RFC 9110, 15.5.17).
        """
        if self.first is None:
            start, stop = max(0, size_bytes - (self.last or 0)), size_bytes
            if self.last and not size_bytes:
                return ContentRange(0, 0, 0)
        else:
            start = self.first
            stop = size_bytes if self.last is None else min(self.last + 1, size_bytes)
        if start >= stop:
            raise InvalidRange(f"the object has {size_bytes} bytes", size_bytes=size_bytes, field="range")
        return ContentRange(start, stop, size_bytes)

    def __str__(self) -> str:
        """The value of a ``Range`` header."""
        first, last = ("" if end is None else str(end) for end in (self.first, self.last))
        return f"bytes={first}-{last}"


def unsatisfied_range(size_bytes: int) -> str:
    """Returns the ``Content-Range`` of a 416: the size of the object that the range is beyond (RFC 9110, 15.5.17)."""
    return f"bytes */{size_bytes}"


def whole_number(digits: str) -> int:
    """Reads a decimal number of any length that a client sent: a position, a size, a count.

    Python refuses to read numbers of thousands of digits, and servers have 64 bits for a number. So a number of more
    than 18 digits becomes the largest number of 18 digits. No object has so many bytes.

    Args:
        digits: One or more of the digits 0 to 9.
    """
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _MAX_DIGITS else _FAR
