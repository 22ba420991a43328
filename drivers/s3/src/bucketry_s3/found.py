"""What a server can do, as probes found it out."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from bucketry import CHECKSUM_ALGORITHMS, FEATURE_NAMES, Features

from bucketry_s3.keys import KINDS_OF_KEYS

Pin = Literal["quoted", "unquoted", ""]


NEVER: Final = frozenset({"bucket_region", "checksums", "delete_if_last_modified", "owners"})
"""What the driver does not do, or what is declared in another way (``checksums``)."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which of several ways a server speaks S3.

    Attributes:
        read_conditions: Whether reads are sent their conditions. The driver evaluates them in any case.
        any_etag: Whether ``if-match: *`` of a write is any etag. Otherwise the driver names the etag of what is there.
        etag_quotes: Whether the etag of a write's condition has quotes. RGW honours it only without them.
        copy_tags: Whether a copy onto itself keeps the object's tags. Otherwise the driver reads them before.
        copy_pin: How a copy names the etag that its source must have; empty: the server ignores it.
        part_copy_pin: The same of a part that is copied.
        refused_keys: Kinds of keys that the server changes or does not list, which the driver therefore refuses.
        hides_below: Whether listings do not show ``a/b`` where ``a`` is an object. Then writes ask first.
        ends_early: Whether a short page may say that nothing follows, or come again and again. Then pages are asked for
            one entry more than is wanted, and by the last entry of the page before.
        any_delimiter: Whether listings roll up at any delimiter; otherwise at ``/`` alone.
        completes_gone: Whether the completion of an upload that is gone seems to succeed. The driver asks first then.
        checks_deleted_buckets: Whether the driver looks whether a bucket is empty before it is deleted: some servers
            delete all that is in it.
        lists_folders: Whether listings go folder by folder. Then the driver puts them in order, and rolls them up.
        uploads_encoded: Whether keys of uploads in progress are listed encoded, though the list does not say so.
        rolls_up_markers: Whether a page after a key that ends with the delimiter leaves out what begins with that key,
            also where the delimiter begins within the prefix. Then such pages are asked for in another way.
        forgets_etags: Whether an object whose tags were deleted is listed without its etag. Then none are put instead.
        decodes_part_sources: Whether the name of a part's source is decoded twice. Then the content of such a source
            passes through the driver.
        uploads_by_prefix: Whether uploads in progress are listed by any prefix; otherwise by an exact key, or all.
        empty_metadata: Whether metadata with an empty value is kept. Otherwise the driver refuses it.

    Raises:
        ValueError: A kind of keys is unknown.
    """

    read_conditions: bool = False
    any_etag: bool = True
    etag_quotes: bool = True
    copy_tags: bool = False
    copy_pin: Pin = ""
    part_copy_pin: Pin = ""
    refused_keys: tuple[str, ...] = ()
    hides_below: bool = False
    ends_early: bool = False
    any_delimiter: bool = False
    completes_gone: bool = False
    checks_deleted_buckets: bool = True
    lists_folders: bool = False
    uploads_encoded: bool = False
    rolls_up_markers: bool = False
    forgets_etags: bool = False
    decodes_part_sources: bool = False
    uploads_by_prefix: bool = True
    empty_metadata: bool = False

    def __post_init__(self) -> None:
        if not KINDS_OF_KEYS.keys() >= set(self.refused_keys):
            raise ValueError("no such kind of keys")


class Found(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found out about a server.

    Attributes:
        features: Names of the features that it has, in byte order.
        algorithms: The algorithms of checksums that it keeps.
        dialect: In which way it speaks S3.

    Raises:
        ValueError: A name is unknown.
    """

    features: tuple[str, ...]
    algorithms: tuple[str, ...] = ()
    dialect: Dialect = Dialect()

    def __post_init__(self) -> None:
        if not set(FEATURE_NAMES) - NEVER >= set(self.features):
            raise ValueError("no such feature")
        if not set(CHECKSUM_ALGORITHMS) >= set(self.algorithms):
            raise ValueError("no such algorithm")

    def as_features(self) -> Features:
        """Returns the features as a driver declares them."""
        return Features(
            **dict.fromkeys(self.features, True),
            checksums=bool(self.algorithms),
            checksum_algorithms=self.algorithms,
            persistent=True,
        )


ALWAYS: Final = (
    "get_if_match",
    "get_if_modified_since",
    "get_if_none_match",
    "get_if_unmodified_since",
)
"""What the driver itself does, whatever the server does."""

CONSERVATIVE: Final = Found(
    features=(
        *ALWAYS,
        "list_delimiter",
        "list_start_after",
        "presign_content_type",
        "presign_response_headers",
        "put_headers",
        "put_metadata",
    )
)
"""What is declared with ``probe=false``: what every server that speaks S3 is known to do. No condition of a write is
among it, since servers that ignore one lose data."""

EVERYTHING: Final = Found(
    features=tuple(name for name in FEATURE_NAMES if name not in NEVER),
    algorithms=tuple(CHECKSUM_ALGORITHMS),
    dialect=Dialect(
        read_conditions=True,
        any_delimiter=True,
        copy_tags=True,
        copy_pin="quoted",
        part_copy_pin="quoted",
        empty_metadata=True,
    ),
)
"""What probes open the server with, so that nothing is refused before it reaches the server."""

OPERATIONS_OF: Final = {
    "put_object_tagging": "put_tagging",
    "get_object_tagging": "put_tagging",
    "delete_object_tagging": "put_tagging",
    "list_object_versions": "bucket_versioning",
    "put_object_retention": "bucket_object_lock",
    "put_object_legal_hold": "bucket_object_lock",
    "get_object_acl": "put_acl",
    "put_object_acl": "put_acl",
}
"""The feature without which the server does not have an operation either."""
