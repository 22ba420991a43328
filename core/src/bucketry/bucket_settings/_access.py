"""Who may use a bucket, besides its policy: ACL, ownership of objects, and the block of public access."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.acls import Acl
from bucketry.bucket_settings._base import BucketSettings

ObjectOwnership = Literal["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]
"""Who owns new objects, and whether ACLs count (S3 user guide, "Controlling ownership of objects")."""

BUCKET_OWNER_ENFORCED: Final = "BucketOwnerEnforced"


class AclSettings(BucketSettings, frozen=True, kw_only=True, tag="acl"):
    """The access control list of a bucket. Whoever decides about requests evaluates it.

    Attributes:
        acl: The list; ``None``: only the owner has rights.
    """

    feature: ClassVar[str] = "bucket_acl"

    acl: Annotated[Acl | None, Xml(".")] = None

    @override
    def validated(self) -> Self:
        """Checks the list.

        Raises:
            InvalidArgument: It has too many grants, or one is malformed.
        """
        if self.acl is not None:
            self.acl.checked()
        return self


class OwnershipSettings(BucketSettings, frozen=True, kw_only=True, tag="ownership"):
    """Who owns the objects of a bucket, and whether ACLs count. Whoever decides about requests evaluates it.

    Attributes:
        ownership: ``None``: nothing is set, which means ``ObjectWriter``.
    """

    feature: ClassVar[str] = "bucket_ownership"

    ownership: Annotated[ObjectOwnership | None, Xml("Rule/ObjectOwnership")] = None


class PublicAccessSettings(BucketSettings, frozen=True, kw_only=True, tag="public_access"):
    """What ACLs and policies may give to the public. Whoever decides about requests evaluates it.

    If one of the four is set, those that are ``None`` are false.

    Attributes:
        block_public_acls: Whether public ACLs are refused when they are put.
        ignore_public_acls: Whether public ACLs count for nothing.
        block_public_policy: Whether a public policy is refused when it is put.
        restrict_public_buckets: Whether a public policy counts for the bucket's owner only.
    """

    feature: ClassVar[str] = "bucket_public_access"

    block_public_acls: bool | None = None
    ignore_public_acls: bool | None = None
    block_public_policy: bool | None = None
    restrict_public_buckets: bool | None = None

    @override
    def validated(self) -> Self:
        """Returns them with all four set."""
        unset = [name for name in self.__struct_fields__ if getattr(self, name) is None]
        return msgspec.structs.replace(self, **dict.fromkeys(unset, False)) if unset else self
