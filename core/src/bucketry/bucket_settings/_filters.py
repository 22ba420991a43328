"""Filters: which objects of a bucket a rule or a configuration is about."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import check_text
from bucketry.bucket_settings._tags import Tag, check_tags
from bucketry.s3 import MAX_KEY_BYTES


class ObjectFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions on objects. All of them must hold. Without conditions, it fits every object.

    Attributes:
        combined_in: Name of the element that holds the conditions in XML where there are several.
        prefix: What the key begins with.
        tags: Tags that the object has.
    """

    combined_in: ClassVar[str] = "And"

    prefix: str | None = None
    tags: Annotated[tuple[Tag, ...], Xml("Tag")] = ()

    def check(self) -> None:
        """Checks the conditions.

        Raises:
            InvalidBucketSettings: The prefix is longer than a key, or has a character that XML does not allow.
            InvalidArgument: Two tags have the same key, or one is malformed.
        """
        check_text(self.prefix or "", "the prefix of a filter", MAX_KEY_BYTES)
        check_tags(self.tags)
