"""What is set on a bucket about who may use it."""

from __future__ import annotations

import msgspec

from bucketry.acls import Acl
from bucketry.bucket_settings import ObjectOwnership, PublicAccessSettings
from bucketry.owners import DEFAULT_OWNER, Owner


class BucketAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What is set on a bucket about who may use it: all that decisions about requests depend on.

    Attributes:
        owner: Who owns the bucket.
        policy: Its policy, as JSON; ``None``: it has none.
        acl: Its access control list; ``None``: only its owner has rights.
        ownership: Who owns new objects, and whether ACLs count; ``None``: nothing is set, which means ``ObjectWriter``.
        public_access: What is set against public access; ``None``: nothing.
        foreign_objects: Whether it may hold an object with another owner or an ACL of its own. If not, nobody has to
            look at an object before the owner of the bucket reads it.
    """

    owner: Owner = DEFAULT_OWNER
    policy: str | None = None
    acl: Acl | None = None
    ownership: ObjectOwnership | None = None
    public_access: PublicAccessSettings | None = None
    foreign_objects: bool = True
