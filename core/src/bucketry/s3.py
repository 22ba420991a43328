"""Limits and formats of the S3 API: sizes, counts, names and times. Every other module takes them from here.

Sizes are bytes and times are seconds, unless a docstring says something else. "Reference" is Amazon's S3 API
reference, "guide" is the S3 user guide.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from typing import Final

NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
"""XML namespace of all documents but errors (reference, "Common data types")."""

BUCKET_NAME: Final = "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
"""Pattern of a new bucket's name (guide, "General purpose bucket naming rules")."""

MAX_KEY_BYTES: Final = 1024
"""Longest key, in UTF-8 (guide, "Naming Amazon S3 objects")."""

MAX_METADATA_BYTES: Final = 2048
"""Names and values of an object's user metadata together (guide, "Working with object metadata")."""

MAX_PAGE: Final = 1000
"""Most entries on a page (reference: ListObjectsV2, ListParts, ListMultipartUploads), and most keys of one
DeleteObjects."""

MAX_BUCKETS_PAGE: Final = 10_000
"""Most buckets on a page (reference, ListBuckets)."""

MAX_EXPIRES_IN: Final = 604_800
"""Longest life of a presigned URL: seven days (reference, "Authenticating requests: using query parameters")."""

MAX_PARTS: Final = 10_000
"""Most parts of an upload, and the highest number of a part (guide, "Amazon S3 multipart upload limits")."""

MIN_PART_BYTES: Final = 5 * 1024**2
"""Smallest part, except for the last one (same page)."""

MAX_PART_BYTES: Final = 5 * 1024**3
"""Largest part, largest object that one PUT stores, and largest object that one CopyObject copies (same page)."""

MAX_OBJECT_BYTES: Final = 5 * 1024**4
"""Largest object (same page)."""

NULL_VERSION: Final = "null"
"""Id of the version of an object that was written while versioning was not on (guide, "How S3 Versioning works")."""

STANDARD: Final = "STANDARD"
"""The storage class of an object whose writer names none (reference, PutObject, ``x-amz-storage-class``)."""

STORAGE_CLASSES: Final = (
    STANDARD,
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
)
"""Storage classes that an object can be given, without those of Outposts, directory buckets, Snow and FSx (reference,
PutObject, ``x-amz-storage-class``)."""

COPY_SOURCE: Final = "x-amz-copy-source"
"""Names what is copied. Headers about it begin with the same (reference, CopyObject)."""

WEBSITE_REDIRECT_HEADER: Final = "x-amz-website-redirect-location"
"""Where a website sends who asks for the object (reference, PutObject)."""

WEBSITE_REDIRECT: Final = re.compile(r"(?:/|https?://)(?:[!-~ ]*[!-~])?")
"""What the redirect of an object looks like: printable US-ASCII, without blanks around it (reference, PutObject,
`WEBSITE_REDIRECT_HEADER`)."""

MAX_WEBSITE_REDIRECT_BYTES: Final = 2048
"""Largest redirect of an object (guide, "Configuring a webpage redirect")."""

REGION: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""What the name of a region looks like in a credential scope."""

MAX_TAGS: Final = 10
"""Most tags of an object (guide, "Categorizing your objects using tags"). Their keys differ."""

MAX_TAG_KEY: Final = 128
"""Longest key of a tag, in UTF-16 code units, as S3 counts (same page)."""

MAX_TAG_VALUE: Final = 256
"""Longest value of a tag, in UTF-16 code units. It may be empty (same page)."""

MAX_CORS_RULES: Final = 100
"""Most CORS rules of a bucket (reference, PutBucketCors)."""

MAX_CORS_BYTES: Final = 64 * 1024
"""Size of all CORS rules of a bucket together (reference, PutBucketCors)."""

MAX_CORS_ID: Final = 255
"""Longest id of a CORS rule, in characters (reference, ``CORSRule``)."""

MAX_BUCKET_TAGS: Final = 50
"""Most tags of a bucket (guide, "Using cost allocation tags")."""

MAX_BUCKET_NAME: Final = 255
"""Longest name of a bucket that exists; old buckets of us-east-1 may have one (guide, "Bucket naming rules")."""

MAX_LIFECYCLE_RULES: Final = 1000
"""Most lifecycle rules of a bucket (reference, PutBucketLifecycleConfiguration)."""

MAX_LIFECYCLE_ID: Final = 255
"""Longest id of a lifecycle rule, in characters (reference, ``LifecycleRule``)."""

MAX_NEWER_VERSIONS: Final = 100
"""Most noncurrent versions that a lifecycle rule keeps (reference, ``NoncurrentVersionExpiration``)."""

MAX_RETENTION_DAYS: Final = 36_500
"""Longest default retention in days (guide, "Locking objects with Object Lock")."""

MAX_RETENTION_YEARS: Final = 100
"""Longest default retention in years (same page)."""

MAX_POLICY_BYTES: Final = 20 * 1024
"""Longest policy of a bucket (guide, "Policies and permissions in Amazon S3")."""

MAX_NOTIFICATIONS: Final = 100
"""Most notification configurations of a bucket (guide, "Amazon S3 Event Notifications")."""

MAX_NOTIFICATION_ID: Final = 255
"""Longest id of a notification configuration, in characters. The reference states no limit."""

MAX_LOG_GRANTS: Final = 100
"""Most grants on access logs, as in an ACL. The reference states no limit."""

MAX_ROUTING_RULES: Final = 50
"""Most routing rules of a website (guide, "Configuring advanced conditional redirects")."""

MAX_CONFIGURATIONS: Final = 1000
"""Most inventory, analytics, metrics or intelligent-tiering configurations of a bucket (reference,
PutBucketInventoryConfiguration and the others)."""

MAX_CONFIGURATIONS_PAGE: Final = 100
"""Most of them on a page of a listing (reference, ListBucketInventoryConfigurations)."""

MAX_CONFIGURATION_ID: Final = 64
"""Longest id of such a configuration (guide, "Configuring Amazon S3 Inventory")."""

EVENT_NAMES: Final = (
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
)
"""Events that a notification configuration can name (guide, "Supported event types")."""

BASIC_TIME: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
"""What `basic_time` writes."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MAX_HTTP_DATE: Final = 64


def basic_time(moment: datetime) -> str:
    """Returns a time in UTC as signatures have it: ``YYYYMMDDTHHMMSSZ`` (reference, "Signature Version 4")."""
    date = f"{moment.year:04}{moment.month:02}{moment.day:02}"
    return f"{date}T{moment.hour:02}{moment.minute:02}{moment.second:02}Z"


def parse_basic_time(text: str) -> datetime:
    """Reads a time as `basic_time` writes it.

    Raises:
        ValueError: It is malformed, or there is no such time.
    """
    match = BASIC_TIME.fullmatch(text)
    if match is None:
        raise ValueError("a time is YYYYMMDDTHHMMSSZ")
    year, month, day, hour, minute, second = map(int, match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@lru_cache(maxsize=4096)
def xml_time(moment: datetime) -> str:
    """Returns a time as XML documents have it: ISO 8601 with milliseconds (reference, "Common data types")."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def http_date(moment: datetime) -> str:
    """Returns a time as headers have it, such as ``Mon, 15 Jan 2024 10:30:00 GMT`` (RFC 9110, 5.6.7)."""
    return http_date_at((moment - _EPOCH) // _SECOND)


@lru_cache(maxsize=1024)
def http_date_at(second: int) -> str:
    """Returns the same for seconds since 1970."""
    return formatdate(second, usegmt=True)


def parse_http_date(text: str | None) -> datetime | None:
    """Reads an HTTP date in any of its three forms.

    Returns:
        The time in UTC, or ``None`` if the text is not a date: HTTP ignores such a header (RFC 9110, 13.1.3).
    """
    if text is None or len(text) > _MAX_HTTP_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    # The standard library does not say what its parser of mail dates raises.
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
