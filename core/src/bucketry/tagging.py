"""Tags of objects, and S3's limits on them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from unicodedata import category

from bucketry._type_checks import check_type
from bucketry.errors import InvalidArgument
from bucketry.s3 import MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS

NO_TAGS: Final[Mapping[str, str]] = MappingProxyType({})
"""The tags of an object that has none; one shared, immutable mapping."""

_RESERVED: Final = "aws:"
_ALLOWED_MARKS: Final = frozenset("_.:/=+-@")
_ALLOWED_CATEGORIES: Final = frozenset("LNZ")
"""Letters, numbers and spaces; the S3 API reference has the pattern ``[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*`` (``Tag``)."""


def normalised_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Returns tags as drivers get them: checked, and immutable.

    Raises:
        InvalidArgument: There are more than 10 tags; a key is empty or has more than 128 characters, or a value more
            than 256; a character is not allowed in S3; or a key begins with ``aws:``.
    """
    check_type(tags, Mapping[str, str], "tags", field="tags")
    if not tags:
        return NO_TAGS
    if len(tags) > MAX_TAGS:
        raise InvalidArgument(f"an object has at most {MAX_TAGS} tags", field="tags", limit=MAX_TAGS)
    for key, value in tags.items():
        check_tag(key, value)
    return MappingProxyType(dict(tags))


def check_tag(key: str, value: str) -> None:
    """Checks one tag.

    Raises:
        InvalidArgument: The key or the value is too short or too long, or has a character that S3 does not allow; or
            the key begins with ``aws:``.
    """
    _check_key(key)
    _check_text(value, f"the value of a tag has at most {MAX_TAG_VALUE} characters", MAX_TAG_VALUE)


def _check_key(key: str) -> None:
    too_long = f"the key of a tag has 1 to {MAX_TAG_KEY} characters"
    if not key:
        raise InvalidArgument(too_long, field="tags")
    _check_text(key, too_long, MAX_TAG_KEY)
    if key.lower().startswith(_RESERVED):
        raise InvalidArgument(f"tags whose key begins with {_RESERVED} are reserved in S3", field="tags")


def _check_text(text: str, too_long: str, limit: int) -> None:
    if len(text) + sum(character > "\uffff" for character in text) > limit:
        raise InvalidArgument(too_long, field="tags")
    if not all(character in _ALLOWED_MARKS or category(character)[0] in _ALLOWED_CATEGORIES for character in text):
        raise InvalidArgument(
            "tags are made of letters, numbers, spaces, and the characters + - = . _ : / @", field="tags"
        )
