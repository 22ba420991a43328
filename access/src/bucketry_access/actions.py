"""Actions of S3 that policies name, and which of them each operation needs.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; S3 user guide,
"Required permissions for Amazon S3 API operations" and "Access control list (ACL) overview".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from bucketry.acls import Permission

Kind = Literal["service", "bucket", "object"]
"""What an action is about: all buckets of somebody, one bucket, or one object."""

ANY_BUCKET: Final[frozenset[str]] = frozenset({"s3:ListAllMyBuckets"})

BUCKET: Final[frozenset[str]] = frozenset(
    {
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteBucketWebsite",
        "s3:GetAccelerateConfiguration",
        "s3:GetAnalyticsConfiguration",
        "s3:GetBucketAcl",
        "s3:GetBucketCORS",
        "s3:GetBucketLocation",
        "s3:GetBucketLogging",
        "s3:GetBucketNotification",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPolicyStatus",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketRequestPayment",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetBucketWebsite",
        "s3:GetEncryptionConfiguration",
        "s3:GetIntelligentTieringConfiguration",
        "s3:GetInventoryConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetMetricsConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "s3:PutAccelerateConfiguration",
        "s3:PutAnalyticsConfiguration",
        "s3:PutBucketAcl",
        "s3:PutBucketCORS",
        "s3:PutBucketLogging",
        "s3:PutBucketNotification",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketRequestPayment",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutBucketWebsite",
        "s3:PutEncryptionConfiguration",
        "s3:PutIntelligentTieringConfiguration",
        "s3:PutInventoryConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutMetricsConfiguration",
        "s3:PutReplicationConfiguration",
    }
)

OF_OBJECT_OWNER: Final[frozenset[str]] = frozenset(
    {
        "s3:DeleteObjectTagging",
        "s3:DeleteObjectVersionTagging",
        "s3:GetObject",
        "s3:GetObjectAcl",
        "s3:GetObjectAttributes",
        "s3:GetObjectLegalHold",
        "s3:GetObjectRetention",
        "s3:GetObjectTagging",
        "s3:GetObjectTorrent",
        "s3:GetObjectVersion",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionAttributes",
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionTagging",
        "s3:GetObjectVersionTorrent",
        "s3:PutObjectAcl",
        "s3:PutObjectLegalHold",
        "s3:PutObjectRetention",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionAcl",
        "s3:PutObjectVersionTagging",
        "s3:RestoreObject",
    }
)
"""Actions on an object that its own owner allows, not the bucket's."""

OF_BUCKET_OWNER: Final[frozenset[str]] = frozenset(
    {
        "s3:AbortMultipartUpload",
        "s3:BypassGovernanceRetention",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:InitiateReplication",
        "s3:ListMultipartUploadParts",
        "s3:ObjectOwnerOverrideToBucketOwner",
        "s3:PutObject",
        "s3:ReplicateDelete",
        "s3:ReplicateObject",
        "s3:ReplicateTags",
    }
)
"""Actions on a key that the bucket's owner allows, whoever owns an object that is there."""

ACTIONS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(sorted(ANY_BUCKET), "service"),
    **dict.fromkeys(sorted(BUCKET), "bucket"),
    **dict.fromkeys(sorted(OF_OBJECT_OWNER | OF_BUCKET_OWNER), "object"),
}
"""All actions that a policy may name, and what each is about."""

POLICY_ACTIONS: Final = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
"""The owner's own account can do these whatever the policy denies (S3 API reference, PutBucketPolicy)."""

BUCKET_PERMISSIONS: Final[Mapping[str, Permission]] = {
    "s3:ListBucket": "READ",
    "s3:ListBucketVersions": "READ",
    "s3:ListBucketMultipartUploads": "READ",
    "s3:PutObject": "WRITE",
    "s3:DeleteObject": "WRITE",
    "s3:AbortMultipartUpload": "WRITE",
    "s3:ListMultipartUploadParts": "WRITE",
    "s3:GetBucketAcl": "READ_ACP",
    "s3:PutBucketAcl": "WRITE_ACP",
}
"""The permission in a bucket's ACL that allows an action."""

OBJECT_PERMISSIONS: Final[Mapping[str, Permission]] = {
    "s3:GetObject": "READ",
    "s3:GetObjectVersion": "READ",
    "s3:GetObjectAttributes": "READ",
    "s3:GetObjectVersionAttributes": "READ",
    "s3:GetObjectAcl": "READ_ACP",
    "s3:GetObjectVersionAcl": "READ_ACP",
    "s3:PutObjectAcl": "WRITE_ACP",
    "s3:PutObjectVersionAcl": "WRITE_ACP",
}
"""The permission in an object's ACL that allows an action."""


class Needed(NamedTuple):
    """The actions that an operation needs.

    Attributes:
        actions: What the sender must be allowed.
        with_version: The same where the request names a version; empty: the same actions.
    """

    actions: tuple[str, ...]
    with_version: tuple[str, ...] = ()

    def of(self, *, version: bool) -> tuple[str, ...]:
        """Returns the actions of a request that names a version, or does not."""
        return self.with_version if version and self.with_version else self.actions


def _needs(*actions: str, version: tuple[str, ...] = ()) -> Needed:
    return Needed(tuple(f"s3:{name}" for name in actions), tuple(f"s3:{name}" for name in version))


def _settings(**kinds: str) -> Iterator[tuple[str, Needed]]:
    """Yields the operations on settings whose action is named ``Get…`` or ``Put…``; deleting them is a put."""
    for operation, action in kinds.items():
        yield f"Get{operation}", _needs(f"Get{action}")
        yield f"Put{operation}", _needs(f"Put{action}")
        yield f"Delete{operation}", _needs(f"Put{action}")


OPERATIONS: Final[Mapping[str, Needed]] = {
    "ListBuckets": _needs("ListAllMyBuckets"),
    "CreateBucket": _needs("CreateBucket"),
    "DeleteBucket": _needs("DeleteBucket"),
    "HeadBucket": _needs("ListBucket"),
    "GetBucketLocation": _needs("GetBucketLocation"),
    "ListObjects": _needs("ListBucket"),
    "ListObjectsV2": _needs("ListBucket"),
    "ListObjectVersions": _needs("ListBucketVersions"),
    "ListMultipartUploads": _needs("ListBucketMultipartUploads"),
    **dict(
        _settings(
            BucketAcl="BucketAcl",
            BucketCors="BucketCORS",
            BucketEncryption="EncryptionConfiguration",
            BucketLogging="BucketLogging",
            BucketOwnershipControls="BucketOwnershipControls",
            BucketReplication="ReplicationConfiguration",
            BucketRequestPayment="BucketRequestPayment",
            BucketTagging="BucketTagging",
            BucketVersioning="BucketVersioning",
            BucketAccelerateConfiguration="AccelerateConfiguration",
            BucketAnalyticsConfiguration="AnalyticsConfiguration",
            BucketIntelligentTieringConfiguration="IntelligentTieringConfiguration",
            BucketInventoryConfiguration="InventoryConfiguration",
            BucketLifecycle="LifecycleConfiguration",
            BucketLifecycleConfiguration="LifecycleConfiguration",
            BucketMetricsConfiguration="MetricsConfiguration",
            BucketNotificationConfiguration="BucketNotification",
            ObjectLockConfiguration="BucketObjectLockConfiguration",
            PublicAccessBlock="BucketPublicAccessBlock",
        )
    ),
    "ListBucketAnalyticsConfigurations": _needs("GetAnalyticsConfiguration"),
    "ListBucketIntelligentTieringConfigurations": _needs("GetIntelligentTieringConfiguration"),
    "ListBucketInventoryConfigurations": _needs("GetInventoryConfiguration"),
    "ListBucketMetricsConfigurations": _needs("GetMetricsConfiguration"),
    "GetBucketPolicy": _needs("GetBucketPolicy"),
    "GetBucketPolicyStatus": _needs("GetBucketPolicyStatus"),
    "PutBucketPolicy": _needs("PutBucketPolicy"),
    "DeleteBucketPolicy": _needs("DeleteBucketPolicy"),
    "GetBucketWebsite": _needs("GetBucketWebsite"),
    "PutBucketWebsite": _needs("PutBucketWebsite"),
    "DeleteBucketWebsite": _needs("DeleteBucketWebsite"),
    "GetObject": _needs("GetObject", version=("GetObjectVersion",)),
    "HeadObject": _needs("GetObject", version=("GetObjectVersion",)),
    "GetObjectAttributes": _needs(
        "GetObject", "GetObjectAttributes", version=("GetObjectVersion", "GetObjectVersionAttributes")
    ),
    "PutObject": _needs("PutObject"),
    "PostObject": _needs("PutObject"),
    "CopyObject": _needs("PutObject"),
    "DeleteObject": _needs("DeleteObject", version=("DeleteObjectVersion",)),
    "DeleteObjects": _needs("DeleteObject", version=("DeleteObjectVersion",)),
    "CreateMultipartUpload": _needs("PutObject"),
    "UploadPart": _needs("PutObject"),
    "UploadPartCopy": _needs("PutObject"),
    "CompleteMultipartUpload": _needs("PutObject"),
    "AbortMultipartUpload": _needs("AbortMultipartUpload"),
    "ListParts": _needs("ListMultipartUploadParts"),
    "GetObjectAcl": _needs("GetObjectAcl", version=("GetObjectVersionAcl",)),
    "PutObjectAcl": _needs("PutObjectAcl", version=("PutObjectVersionAcl",)),
    "GetObjectTagging": _needs("GetObjectTagging", version=("GetObjectVersionTagging",)),
    "PutObjectTagging": _needs("PutObjectTagging", version=("PutObjectVersionTagging",)),
    "DeleteObjectTagging": _needs("DeleteObjectTagging", version=("DeleteObjectVersionTagging",)),
    "GetObjectRetention": _needs("GetObjectRetention"),
    "PutObjectRetention": _needs("PutObjectRetention"),
    "GetObjectLegalHold": _needs("GetObjectLegalHold"),
    "PutObjectLegalHold": _needs("PutObjectLegalHold"),
}
"""The actions of each operation, by its name in the S3 API reference.

A copy also needs ``GetObject`` of its source.
"""

WITH_OBJECT: Final[Mapping[str, str]] = {
    "acl": "s3:PutObjectAcl",
    "tags": "s3:PutObjectTagging",
    "retention": "s3:PutObjectRetention",
    "legal_hold": "s3:PutObjectLegalHold",
}
"""What a put, copy or upload also needs if it sets something besides the content.

``s3:PutObjectAcl`` and ``s3:PutObjectTagging`` are needed in the sender's own policies; in those of the bucket
``s3:PutObject`` is enough (S3 API reference, PutObject, "Permissions"; S3 user guide, "Bucket policy examples").
"""

OF_SENDER_ALONE: Final = frozenset({WITH_OBJECT["acl"], WITH_OBJECT["tags"]})
"""Actions of `WITH_OBJECT` that the bucket's policy need not allow. It can deny them."""

WITH_BUCKET: Final[Mapping[str, tuple[str, ...]]] = {
    "acl": ("s3:PutBucketAcl",),
    "ownership": ("s3:PutBucketOwnershipControls",),
    "object_lock": ("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"),
}
"""What the creation of a bucket also needs if it sets something (S3 API reference, CreateBucket, "Permissions")."""
