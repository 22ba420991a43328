"""Facts of a version beyond its content, headers, tags and checksum, for drivers that keep versions themselves."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

import msgspec

from bucketry.acls import Acl
from bucketry.encryption import SSE_S3, Encryption
from bucketry.models import ObjectInfo
from bucketry.object_lock import Retention
from bucketry.options import CopyOptions, PutOptions, UploadOptions
from bucketry.owners import Owner


class VersionFacts(msgspec.Struct, frozen=True, gc=False):
    """Facts of a version.

    To add a fact, add a field with a default. If `PutOptions`, `CopyOptions` and `UploadOptions` have a field of that
    name, every write takes the fact from there. If `ObjectInfo` has a field of that name, every read shows it.

    Attributes:
        version_id: Its id; ``None``: it was written while versioning was not on, and its id is ``null``.
        number: Its place among the versions of its key: newer versions have higher numbers. 0: it was written before
            the bucket had versions.
        retention: Until when it is kept.
        legal_hold: Whether it has a legal hold; ``None``: nobody ever said.
        owner: Who owns it; ``None``: whoever owns the bucket.
        acl: Its access control list; ``None``: none was put.
        storage_class: Its storage class; ``None``: ``STANDARD``.
        website_redirect: Where a website of the bucket sends those who ask for it.
        encryption: How it is encrypted, as S3 shows it.
        key_digest: What is kept of the customer's key that it is under, to check the key of a read.
    """

    version_id: str | None = None
    number: int = 0
    retention: Retention | None = None
    legal_hold: bool | None = None
    owner: Owner | None = None
    acl: Acl | None = None
    storage_class: str | None = None
    website_redirect: str | None = None
    encryption: Encryption | None = None
    key_digest: bytes | None = None

    @property
    def hides_md5(self) -> bool:
        """Whether the etag is not the MD5 of the content (S3 API reference, "Common response headers", ``ETag``)."""
        return self.key_digest is not None or (self.encryption is not None and self.encryption.algorithm != SSE_S3)


NO_FACTS: Final = VersionFacts()

_GIVEN: Final = tuple(name for name in VersionFacts.__struct_fields__ if name in PutOptions.__struct_fields__)
_SHOWN: Final = tuple(name for name in VersionFacts.__struct_fields__ if name in ObjectInfo.__struct_fields__)
_given_by: Final = attrgetter(*_GIVEN)
_shown_of: Final = attrgetter(*_SHOWN)
_NOTHING_GIVEN: Final[tuple[Any, ...]] = _given_by(PutOptions())


def facts_of(options: PutOptions | CopyOptions | UploadOptions) -> VersionFacts:
    """Returns the facts that a write gives its version."""
    given = _given_by(options)
    return NO_FACTS if given == _NOTHING_GIVEN else VersionFacts(**dict(zip(_GIVEN, given, strict=True)))


def shown_facts(facts: VersionFacts) -> dict[str, Any]:
    """Returns the facts that an `ObjectInfo` shows, by field."""
    return dict(zip(_SHOWN, _shown_of(facts), strict=True))
