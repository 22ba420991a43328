"""Tags of buckets, and the tags that other settings name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import BucketSettings
from bucketry.errors import InvalidArgument
from bucketry.s3 import MAX_BUCKET_TAGS
from bucketry.tagging import check_tag


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag."""

    key: str
    value: str


class TagSettings(BucketSettings, frozen=True, kw_only=True, tag="tagging"):
    """The tags of a bucket. They serve cost reports and searches, and change nothing.

    Attributes:
        tags: The tags, at most 50, whose keys differ.
    """

    feature: ClassVar[str] = "bucket_tagging"

    tags: Annotated[tuple[Tag, ...], Xml("TagSet/Tag")] = ()

    @override
    def validated(self) -> Self:
        """Checks the tags.

        Raises:
            InvalidArgument: There are more than 50, two have the same key, or one is malformed.
        """
        if len(self.tags) > MAX_BUCKET_TAGS:
            raise InvalidArgument(f"a bucket has at most {MAX_BUCKET_TAGS} tags", field="tags", limit=MAX_BUCKET_TAGS)
        check_tags(self.tags)
        return self


def check_tags(tags: Iterable[Tag]) -> None:
    """Checks tags.

    Raises:
        InvalidArgument: Two have the same key, or one is malformed.
    """
    seen: set[str] = set()
    for tag in tags:
        check_tag(tag.key, tag.value)
        if tag.key in seen:
            raise InvalidArgument("two tags have the same key", field="tags")
        seen.add(tag.key)
