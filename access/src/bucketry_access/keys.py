"""Condition keys: what policies can ask about a request.

Sources: Service Authorization Reference, "Condition keys for Amazon S3"; IAM user guide, "AWS global condition context
keys".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from bucketry_access.actions import ACTIONS

KeyType = Literal["text", "number", "date", "moment", "bool", "address", "arn"]
"""What values of a key are; a ``moment`` is a number of seconds that date operators take too."""


class ConditionKey(NamedTuple):
    """One key.

    Attributes:
        name: Its name. In policies case does not matter.
        type: What its values are.
        actions: The actions whose requests can have it; ``None``: all.
        names_one: Whether the name goes on after a ``/``: with the key of a tag.
        is_fixed: Whether a fixed value of it limits access to somebody, so that a policy is not public.
    """

    name: str
    type: KeyType = "text"
    actions: frozenset[str] | None = None
    names_one: bool = False
    is_fixed: bool = False


def _actions(*names: str) -> frozenset[str]:
    return frozenset(f"s3:{name}" for name in names)


_PUT: Final = _actions("PutObject")
_READS: Final = _actions(
    "GetObject",
    "GetObjectVersion",
    "GetObjectAcl",
    "GetObjectVersionAcl",
    "GetObjectTagging",
    "GetObjectVersionTagging",
    "GetObjectAttributes",
    "GetObjectVersionAttributes",
    "GetObjectRetention",
    "GetObjectLegalHold",
)
_EXISTING: Final = _READS | _actions(
    "DeleteObjectTagging",
    "DeleteObjectVersionTagging",
    "PutObjectAcl",
    "PutObjectVersionAcl",
    "PutObjectTagging",
    "PutObjectVersionTagging",
    "PutObjectRetention",
    "PutObjectLegalHold",
    "RestoreObject",
)
_LISTS: Final = _actions("ListBucket", "ListBucketVersions")
_ACLS: Final = _actions("CreateBucket", "PutBucketAcl", "PutObject", "PutObjectAcl", "PutObjectVersionAcl")
_LOCKS: Final = _actions("PutObject", "PutObjectRetention", "BypassGovernanceRetention")
_TAGS: Final = _actions("PutObject", "PutObjectTagging", "PutObjectVersionTagging")
_VERSIONS: Final = frozenset(name for name in ACTIONS if "ObjectVersion" in name) | _actions(
    "PutObject", "GetObject", "PutObjectRetention", "PutObjectLegalHold", "GetObjectRetention", "GetObjectLegalHold"
)


def _keys() -> Iterator[ConditionKey]:
    yield ConditionKey("aws:CurrentTime", "date")
    yield ConditionKey("aws:EpochTime", "moment")
    yield ConditionKey("aws:PrincipalArn", "arn", is_fixed=True)
    yield ConditionKey("aws:PrincipalAccount", is_fixed=True)
    yield ConditionKey("aws:PrincipalIsAWSService", "bool")
    yield ConditionKey("aws:PrincipalType")
    yield ConditionKey("aws:Referer")
    yield ConditionKey("aws:RequestedRegion")
    yield ConditionKey("aws:ResourceAccount")
    yield ConditionKey("aws:SecureTransport", "bool")
    yield ConditionKey("aws:SourceIp", "address", is_fixed=True)
    yield ConditionKey("aws:UserAgent")
    yield ConditionKey("aws:ViaAWSService", "bool")
    yield ConditionKey("aws:userid", is_fixed=True)
    yield ConditionKey("aws:username")
    # No request here comes from a service of AWS, a VPC, an organisation or a session: these are never present.
    yield ConditionKey("aws:MultiFactorAuthAge", "number")
    yield ConditionKey("aws:MultiFactorAuthPresent", "bool")
    yield ConditionKey("aws:PrincipalOrgID", is_fixed=True)
    yield ConditionKey("aws:SourceAccount", is_fixed=True)
    yield ConditionKey("aws:SourceArn", "arn", is_fixed=True)
    yield ConditionKey("aws:SourceOrgID", is_fixed=True)
    yield ConditionKey("aws:SourceVpc", is_fixed=True)
    yield ConditionKey("aws:SourceVpce", is_fixed=True)
    yield ConditionKey("aws:TokenIssueTime", "date")
    yield ConditionKey("aws:VpcSourceIp", "address", is_fixed=True)
    yield ConditionKey("s3:authType")
    yield ConditionKey("s3:signatureAge", "number")
    yield ConditionKey("s3:signatureversion")
    yield ConditionKey("s3:TlsVersion", "number")
    yield ConditionKey("s3:ResourceAccount")
    yield ConditionKey("s3:x-amz-content-sha256")
    yield ConditionKey("s3:LocationConstraint", actions=_actions("CreateBucket"))
    yield ConditionKey("s3:x-amz-object-ownership", actions=_actions("CreateBucket", "PutBucketOwnershipControls"))
    yield ConditionKey("s3:prefix", actions=_LISTS)
    yield ConditionKey("s3:delimiter", actions=_LISTS)
    yield ConditionKey("s3:max-keys", "number", actions=_LISTS)
    yield ConditionKey("s3:VersionId", actions=_VERSIONS)
    yield ConditionKey("s3:ExistingObjectTag", actions=_EXISTING, names_one=True)
    yield ConditionKey("s3:RequestObjectTag", actions=_TAGS, names_one=True)
    yield ConditionKey("s3:RequestObjectTagKeys", actions=_TAGS)
    yield ConditionKey("s3:x-amz-acl", actions=_ACLS)
    yield ConditionKey("s3:x-amz-grant-full-control", actions=_ACLS)
    yield ConditionKey("s3:x-amz-grant-read", actions=_ACLS)
    yield ConditionKey("s3:x-amz-grant-read-acp", actions=_ACLS)
    yield ConditionKey("s3:x-amz-grant-write", actions=_ACLS)
    yield ConditionKey("s3:x-amz-grant-write-acp", actions=_ACLS)
    yield ConditionKey("s3:x-amz-copy-source", actions=_PUT)
    yield ConditionKey("s3:x-amz-metadata-directive", actions=_PUT)
    yield ConditionKey("s3:x-amz-server-side-encryption", actions=_PUT)
    yield ConditionKey("s3:x-amz-server-side-encryption-aws-kms-key-id", actions=_PUT, is_fixed=True)
    yield ConditionKey("s3:x-amz-server-side-encryption-customer-algorithm", actions=_PUT | _READS)
    yield ConditionKey("s3:x-amz-storage-class", actions=_PUT)
    yield ConditionKey("s3:x-amz-website-redirect-location", actions=_PUT)
    yield ConditionKey("s3:if-match", actions=_actions("PutObject", "DeleteObject"))
    yield ConditionKey("s3:if-none-match", actions=_PUT)
    yield ConditionKey("s3:object-lock-mode", actions=_LOCKS)
    yield ConditionKey("s3:object-lock-retain-until-date", "date", actions=_LOCKS)
    yield ConditionKey("s3:object-lock-remaining-retention-days", "number", actions=_LOCKS)
    yield ConditionKey("s3:object-lock-legal-hold", actions=_actions("PutObject", "PutObjectLegalHold"))


CONDITION_KEYS: Final[Mapping[str, ConditionKey]] = {key.name.lower(): key for key in _keys()}
"""All keys by their name in lower case."""

EXISTING_TAG: Final = "s3:existingobjecttag"
REQUEST_TAG: Final = "s3:requestobjecttag"
REQUEST_TAG_KEYS: Final = "s3:requestobjecttagkeys"


def find_key(name: str) -> tuple[ConditionKey, str] | None:
    """Returns a key by its name, and the name as requests have it; ``None``: there is no such key.

    Case does not matter in names, and does in the key of a tag behind the ``/``.
    """
    base, slash, tag = name.partition("/")
    key = CONDITION_KEYS.get(base.lower())
    if key is None or key.names_one != bool(slash) or (slash and not tag):
        return None
    return key, base.lower() + slash + tag
