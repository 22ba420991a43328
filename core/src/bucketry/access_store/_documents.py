"""What the access store keeps, as JSON: one document a bucket, and one an object that is not like all others.

Unknown fields are refused: a later version of bucketry may have written what this one would have to obey.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import Final, TypeVar

import msgspec

from bucketry.acls import Acl, canned_acl
from bucketry.bucket_access import BucketAccess
from bucketry.bucket_settings import (
    AclSettings,
    AnyBucketSettings,
    ObjectOwnership,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
)
from bucketry.decoding import from_json
from bucketry.errors import InvalidBucketState, Unavailable
from bucketry.models import ObjectInfo
from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry.s3 import NULL_VERSION

KINDS: Final[frozenset[type[AnyBucketSettings]]] = frozenset(
    {AclSettings, OwnershipSettings, PolicySettings, PublicAccessSettings}
)
"""The kinds of settings that are kept here, and that the backend never gets."""

BUCKETS: Final = "buckets/"


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all documents."""

    def encoded(self) -> bytes:
        """Returns the document's bytes."""
        return msgspec.json.encode(self)


class BucketDocument(_Document, frozen=True, kw_only=True):
    """What is set on a bucket about who may use it.

    Attributes:
        id: Tells this bucket from later ones of the same name.
        owner: Who owns it.
        policy: Its policy.
        acl: Its access control list.
        ownership: Who owns new objects.
        public_access: What is set against public access.
        foreign_objects: Whether an object with another owner or an ACL of its own was ever stored in it.
    """

    id: str = msgspec.field(default_factory=lambda: token_hex(12))
    owner: Owner = DEFAULT_OWNER
    policy: str | None = None
    acl: Acl | None = None
    ownership: ObjectOwnership | None = None
    public_access: PublicAccessSettings | None = None
    foreign_objects: bool = False

    def access(self) -> BucketAccess:
        """Returns what decisions depend on."""
        return BucketAccess(
            owner=self.owner,
            policy=self.policy,
            acl=self.acl,
            ownership=self.ownership,
            public_access=self.public_access,
            foreign_objects=self.foreign_objects,
        )

    def with_settings(self, settings: AnyBucketSettings) -> BucketDocument:
        """Returns the document with settings of one of the `KINDS`; those in which nothing is set remove theirs.

        Raises:
            InvalidBucketState: ACL and ownership exclude each other.
        """
        if isinstance(settings, PolicySettings):
            return msgspec.structs.replace(self, policy=settings.document or None)
        if isinstance(settings, PublicAccessSettings):
            unset = settings == PublicAccessSettings()
            return msgspec.structs.replace(self, public_access=None if unset else settings)
        if isinstance(settings, AclSettings):
            changed = msgspec.structs.replace(self, acl=settings.acl)
        else:
            assert isinstance(settings, OwnershipSettings)  # noqa: S101 - the last of the four kinds
            changed = msgspec.structs.replace(self, ownership=settings.ownership)
        if changed.ownership == "BucketOwnerEnforced" and changed.acl is not None and changed.acl.grants_others:
            raise InvalidBucketState("with BucketOwnerEnforced, an ACL gives rights to the owner alone")
        return changed

    def settings(self, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns the settings of one of the `KINDS`."""
        if kind is PolicySettings:
            return PolicySettings(document=self.policy or "")
        if kind is PublicAccessSettings:
            return self.public_access or PublicAccessSettings()
        return AclSettings(acl=self.acl) if kind is AclSettings else OwnershipSettings(ownership=self.ownership)


class Given(_Document, frozen=True, kw_only=True):
    """What a new object is given about access, or an upload for the object that it will make.

    Attributes:
        owner: Its owner; ``None``: whoever owns the bucket.
        acl: Its ACL; ``None``: all rights for its owner.
    """

    owner: Owner | None = None
    acl: Acl | None = None

    @classmethod
    def of(cls, owner: Owner | None, acl: Acl | None, bucket_owner: Owner) -> Given | None:
        """Returns what is given; ``None`` if it is what every object of the bucket has."""
        owner = None if owner is None or owner.id == bucket_owner.id else owner
        if acl == canned_acl("private", owner or bucket_owner):
            acl = None
        return None if owner is None and acl is None else cls(owner=owner, acl=acl)


class ObjectDocument(Given, frozen=True, kw_only=True):
    """What is set on one version of an object.

    The backend may replace an object without telling anybody. So a version without an id of its own is also known by
    its etag. Its time may become later: in Ceph RGW, new tags do that. Times are in whole seconds.

    Attributes:
        etag: The object's etag.
        last_modified: When it was written.
        version_id: The version's id; ``null``: it has none.
        upload_id: The upload that made it; ``None``: none did.
    """

    etag: str
    last_modified: datetime
    version_id: str = NULL_VERSION
    upload_id: str | None = None

    @classmethod
    def about(cls, info: ObjectInfo, given: Given, upload_id: str | None = None) -> ObjectDocument:
        """Makes the document of an object."""
        return cls(
            owner=given.owner,
            acl=given.acl,
            etag=info.etag,
            last_modified=info.last_modified.replace(microsecond=0),
            version_id=version_of(info),
            upload_id=upload_id,
        )

    def is_about(self, info: ObjectInfo) -> bool:
        """Says whether an object is the one that the document was written for."""
        if self.version_id != version_of(info):
            return False
        if self.version_id != NULL_VERSION:
            return True
        return self.etag == info.etag and self.last_modified <= info.last_modified


def version_of(info: ObjectInfo) -> str:
    """Returns the id of an object's version; ``null`` if it has none."""
    return info.version_id or NULL_VERSION


def bucket_key(bucket: str) -> str:
    """Returns the key of a bucket's document."""
    return f"{BUCKETS}{bucket}"


def objects_of(bucket_id: str) -> str:
    """Returns the prefix of the documents of a bucket's objects."""
    return f"objects/{bucket_id}/"


def uploads_of(bucket_id: str) -> str:
    """Returns the prefix of the documents of a bucket's uploads."""
    return f"uploads/{bucket_id}/"


def object_key(bucket_id: str, key: str, version_id: str) -> str:
    """Returns the key of an object's document. Keys are hashed: they may be as long as a key can be."""
    return f"{objects_of(bucket_id)}{_hash(key)}/{_hash(version_id)}"


def upload_key(bucket_id: str, key: str, upload_id: str) -> str:
    """Returns the key of an upload's document."""
    return f"{uploads_of(bucket_id)}{_hash(key)}/{_hash(upload_id)}"


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


DocumentT = TypeVar("DocumentT", bound=_Document)


def decoded(content: bytes, kind: type[DocumentT]) -> DocumentT:
    """Reads a document.

    Raises:
        Unavailable: It is malformed, or has something that this version does not know.
    """
    try:
        return from_json(content, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unavailable(f"the access store holds a document that cannot be read: {error}") from error
