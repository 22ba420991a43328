"""Ids of versions, for drivers that keep versions themselves.

An id begins with the version's number, so that a version is found without a search, even after it was deleted.
"""

from __future__ import annotations

import re
from secrets import token_hex
from typing import Final

from bucketry.errors import InvalidArgument
from bucketry.s3 import NULL_VERSION

_ID: Final = re.compile("[0-9a-f]{32}")
_NUMBER_DIGITS: Final = 12

_RANDOM_BYTES: Final = 10
"""Random bytes of an id: nobody guesses one, and no two versions get the same."""


def new_version_id(number: int) -> str:
    """Makes the id of the version with this number."""
    return f"{number:0{_NUMBER_DIGITS}x}{token_hex(_RANDOM_BYTES)}"


def number_in(version_id: str, field: str = "version_id") -> int | None:
    """Returns the number that an id begins with; ``None`` for the id ``null``.

    Raises:
        InvalidArgument: The text is not the id of a version.
    """
    if version_id == NULL_VERSION:
        return None
    if not _ID.fullmatch(version_id):
        raise InvalidArgument("that is not the id of a version", field=field)
    return int(version_id[:_NUMBER_DIGITS], 16)
