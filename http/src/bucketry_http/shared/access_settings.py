"""What is checked before settings about access are put, besides what the store checks.

Sources: S3 API reference, PutBucketPolicy, PutBucketAcl, PutBucketOwnershipControls; S3 user guide, "Blocking public
access to your Amazon S3 storage" and "Controlling ownership of objects and disabling ACLs for your bucket".
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from bucketry import Acl, BucketAccess, InvalidArgument, InvalidBucketState, Unsupported
from bucketry.bucket_settings import (
    BUCKET_OWNER_ENFORCED,
    AclSettings,
    BucketSettings,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
)
from bucketry_access import Principal, is_public_acl, parse_policy, takes_acl

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.deciding import NotAllowed

ABOUT_ACCESS: Final = (AclSettings, OwnershipSettings, PolicySettings, PublicAccessSettings)
"""Kinds that decisions about requests depend on."""


class AccessSettingsCheck:
    """Refuses settings about access that a bucket does not take, or that nobody would obey."""

    def __init__(self, calls: StoreCalls, ids: Collection[str] | None) -> None:
        """Takes what is known.

        Args:
            calls: The store.
            ids: The ids of all users; ``None``: nobody knows them all.
        """
        self._calls = calls
        self._ids = ids

    async def check(self, principal: Principal, bucket: str, settings: BucketSettings) -> None:
        """Checks settings of any kind.

        Raises:
            InvalidPolicy: A policy is not understood, or names somebody whom nobody knows.
            InvalidArgument: An ACL names another owner than the bucket's, or somebody whom nobody knows.
            InvalidBucketState: ACLs are turned off in the bucket, or cannot be, while one gives rights to others.
            NotAllowed: They would open the bucket to everybody, which its public access block forbids.
            Unsupported: The store does not keep them, so nobody would obey them.
        """
        if not isinstance(settings, ABOUT_ACCESS):
            return
        policy = None
        if isinstance(settings, PolicySettings):
            policy = parse_policy(settings.document, bucket=bucket, users=self._ids)
        if not self._calls.keeps_access:
            raise Unsupported(f"{type(settings).__name__} in front of a store that does not say who may use it")
        access = await self._calls.call(self._calls.store.get_bucket_access, bucket)
        block = access.public_access
        if policy is not None and policy.is_public and block is not None and block.block_public_policy:
            raise NotAllowed("s3:PutBucketPolicy", principal)
        if isinstance(settings, AclSettings) and settings.acl is not None:
            self._check_acl(principal, settings.acl, access)
        enforced = isinstance(settings, OwnershipSettings) and settings.ownership == BUCKET_OWNER_ENFORCED
        if enforced and access.acl is not None and access.acl.grants_others:
            raise InvalidBucketState("the bucket's ACL gives rights to others: make it private first")

    def _check_acl(self, principal: Principal, acl: Acl, access: BucketAccess) -> None:
        if acl.owner.id != access.owner.id:
            raise InvalidArgument("an ACL cannot change the owner of the bucket", field="acl")
        for grant in acl.grants:
            known = self._ids is None or grant.grantee.id in self._ids or grant.grantee.id == access.owner.id
            if grant.grantee.kind == "user" and not known:
                raise InvalidArgument(f"nobody knows the user {grant.grantee.id[:64]!r}", field="acl")
        if not takes_acl(acl, access):
            raise InvalidBucketState("the bucket does not allow ACLs: its ownership is BucketOwnerEnforced")
        if access.public_access is not None and access.public_access.block_public_acls and is_public_acl(acl):
            raise NotAllowed("s3:PutBucketAcl", principal)
