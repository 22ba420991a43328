"""One proper request for each operation of S3, on a bucket that a run makes.

Source: the operations are those of botocore's model of S3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

KEY: Final = "docs/a.csv"
CONTENT: Final = b"name,size\na,1\n"

ELSEWHERE: Final = frozenset({"CreateSession", "ListDirectoryBuckets", "WriteGetObjectResponse"})
"""Operations of other endpoints: of directory buckets and of Object Lambda."""

OLD_FORMS: Final = frozenset(
    {"GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification"}
)
"""Deprecated forms of an operation that is in the table under its new name."""


class Place(msgspec.Struct, frozen=True):
    """What the requests are about.

    Attributes:
        bucket: The bucket. It has object lock, hence versions.
        plain: Another bucket, without versions.
        owner: The id of its owner.
        target: The ARN of a destination for events that the server knows.
        upload_id: The id of an upload of ``KEY``.
        other_upload_id: The id of an upload that is aborted.
        part: The etag of part 1 of the upload.
    """

    bucket: str
    plain: str
    owner: str
    target: str
    upload_id: str
    other_upload_id: str
    part: str


Arguments = Callable[[Place], dict[str, Any]]


def _given(**arguments: Any) -> Arguments:
    return lambda place: {"Bucket": place.bucket, **arguments}


def _object(**arguments: Any) -> Arguments:
    return _given(Key=KEY, **arguments)


def _policy(place: Place) -> dict[str, Any]:
    resource = f"arn:aws:s3:::{place.bucket}/public/*"
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Resource": [resource]}
    return {"Bucket": place.bucket, "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


def _acl(place: Place) -> dict[str, Any]:
    grants = [
        {"Grantee": {"Type": "CanonicalUser", "ID": place.owner}, "Permission": "FULL_CONTROL"},
        {
            "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
            "Permission": "READ",
        },
    ]
    return {"Bucket": place.bucket, "AccessControlPolicy": {"Grants": grants, "Owner": {"ID": place.owner}}}


def _notification(place: Place) -> dict[str, Any]:
    # MinIO takes a target as a queue, RGW as a topic.
    kind, name = ("Topic", "TopicArn") if ":sns:" in place.target else ("Queue", "QueueArn")
    one = {"Id": f"all-{place.bucket}", name: place.target, "Events": ["s3:ObjectCreated:*"]}
    return {"Bucket": place.bucket, "NotificationConfiguration": {f"{kind}Configurations": [one]}}


def _configurations(kind: str, argument: str, example: dict[str, Any]) -> dict[str, Arguments]:
    """Returns the requests for a kind of settings of which a bucket has several by their ids."""
    one = f"Bucket{kind}Configuration"
    return {
        f"Put{one}": _given(Id="one", **{argument: {"Id": "one", **example}}),
        f"Get{one}": _given(Id="one"),
        f"List{one}s": _given(),
        f"Delete{one}": _given(Id="one"),
    }


_DESTINATION: Final = {"Bucket": "arn:aws:s3:::reports", "Format": "CSV"}
UNTIL: Final = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)

REQUESTS: Final[Mapping[str, Arguments]] = {
    # Buckets
    "CreateBucket": lambda place: {"Bucket": f"{place.bucket}-2"},
    "HeadBucket": _given(),
    "GetBucketLocation": _given(),
    "ListBuckets": lambda _: {},
    "ListObjects": _given(),
    "ListObjectsV2": _given(),
    "ListObjectVersions": _given(),
    "ListMultipartUploads": _given(),
    "DeleteBucket": lambda place: {"Bucket": f"{place.bucket}-2"},
    # Objects
    "PutObject": _object(Body=CONTENT),
    "GetObject": _object(),
    "HeadObject": _object(),
    "GetObjectAttributes": _object(ObjectAttributes=["ETag", "ObjectSize"]),
    "CopyObject": lambda place: {"Bucket": place.bucket, "Key": "copy", "CopySource": f"{place.bucket}/{KEY}"},
    "DeleteObject": _given(Key="copy"),
    "DeleteObjects": _given(Delete={"Objects": [{"Key": "copy"}]}),
    "PutObjectTagging": _object(Tagging={"TagSet": [{"Key": "a", "Value": "1"}]}),
    "GetObjectTagging": _object(),
    "DeleteObjectTagging": _object(),
    "PutObjectAcl": lambda place: {**_acl(place), "Key": KEY},
    "GetObjectAcl": _object(),
    "PutObjectRetention": _object(Retention={"Mode": "GOVERNANCE", "RetainUntilDate": UNTIL}),
    "GetObjectRetention": _object(),
    "PutObjectLegalHold": _object(LegalHold={"Status": "OFF"}),
    "GetObjectLegalHold": _object(),
    # Uploads
    "CreateMultipartUpload": _object(),
    "UploadPart": lambda place: {
        "Bucket": place.bucket,
        "Key": KEY,
        "UploadId": place.upload_id,
        "PartNumber": 1,
        "Body": CONTENT,
    },
    "UploadPartCopy": lambda place: {
        "Bucket": place.bucket,
        "Key": KEY,
        "UploadId": place.upload_id,
        "PartNumber": 1,
        "CopySource": f"{place.bucket}/{KEY}",
    },
    "ListParts": lambda place: {"Bucket": place.bucket, "Key": KEY, "UploadId": place.upload_id},
    "CompleteMultipartUpload": lambda place: {
        "Bucket": place.bucket,
        "Key": KEY,
        "UploadId": place.upload_id,
        "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": place.part}]},
    },
    "AbortMultipartUpload": lambda place: {"Bucket": place.bucket, "Key": KEY, "UploadId": place.other_upload_id},
    # Settings of a bucket
    "PutBucketVersioning": _given(VersioningConfiguration={"Status": "Enabled"}),
    "GetBucketVersioning": _given(),
    "PutObjectLockConfiguration": _given(ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}),
    "GetObjectLockConfiguration": _given(),
    "PutBucketLifecycleConfiguration": _given(
        LifecycleConfiguration={
            "Rules": [{"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}}]
        }
    ),
    "GetBucketLifecycleConfiguration": _given(),
    "DeleteBucketLifecycle": _given(),
    "PutBucketPolicy": _policy,
    "GetBucketPolicy": _given(),
    "GetBucketPolicyStatus": _given(),
    "DeleteBucketPolicy": _given(),
    "PutBucketAcl": _acl,
    "GetBucketAcl": _given(),
    "PutBucketOwnershipControls": _given(OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
    "GetBucketOwnershipControls": _given(),
    "DeleteBucketOwnershipControls": _given(),
    "PutPublicAccessBlock": _given(PublicAccessBlockConfiguration={"BlockPublicAcls": False}),
    "GetPublicAccessBlock": _given(),
    "DeletePublicAccessBlock": _given(),
    "PutBucketEncryption": _given(
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        }
    ),
    "GetBucketEncryption": _given(),
    "DeleteBucketEncryption": _given(),
    "PutBucketNotificationConfiguration": _notification,
    "GetBucketNotificationConfiguration": _given(),
    "PutBucketCors": _given(
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"]}]}
    ),
    "GetBucketCors": _given(),
    "DeleteBucketCors": _given(),
    "PutBucketTagging": _given(Tagging={"TagSet": [{"Key": "team", "Value": "a"}]}),
    "GetBucketTagging": _given(),
    "DeleteBucketTagging": _given(),
    "PutBucketWebsite": _given(WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}),
    "GetBucketWebsite": _given(),
    "DeleteBucketWebsite": _given(),
    "PutBucketLogging": lambda place: {
        "Bucket": place.bucket,
        "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": place.bucket, "TargetPrefix": "logs/"}},
    },
    "GetBucketLogging": _given(),
    "PutBucketAccelerateConfiguration": _given(AccelerateConfiguration={"Status": "Suspended"}),
    "GetBucketAccelerateConfiguration": _given(),
    "PutBucketRequestPayment": _given(RequestPaymentConfiguration={"Payer": "Requester"}),
    "GetBucketRequestPayment": _given(),
    "PutBucketReplication": _given(
        ReplicationConfiguration={
            "Role": "arn:aws:iam::1:role/r",
            "Rules": [{"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}],
        }
    ),
    "GetBucketReplication": _given(),
    "DeleteBucketReplication": _given(),
    **_configurations(
        "Inventory",
        "InventoryConfiguration",
        {
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": _DESTINATION},
        },
    ),
    **_configurations("Analytics", "AnalyticsConfiguration", {"StorageClassAnalysis": {}}),
    **_configurations("Metrics", "MetricsConfiguration", {}),
    **_configurations(
        "IntelligentTiering",
        "IntelligentTieringConfiguration",
        {"Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
    ),
    "PutBucketAbac": _given(AbacStatus={"Status": "Enabled"}),
    "GetBucketAbac": _given(),
    "CreateBucketMetadataConfiguration": _given(
        MetadataConfiguration={"JournalTableConfiguration": {"RecordExpiration": {"Expiration": "DISABLED"}}}
    ),
    "GetBucketMetadataConfiguration": _given(),
    "UpdateBucketMetadataInventoryTableConfiguration": _given(
        InventoryTableConfiguration={"ConfigurationState": "DISABLED"}
    ),
    "UpdateBucketMetadataJournalTableConfiguration": _given(
        JournalTableConfiguration={"RecordExpiration": {"Expiration": "DISABLED"}}
    ),
    "UpdateBucketMetadataAnnotationTableConfiguration": _given(
        AnnotationTableConfiguration={"ConfigurationState": "DISABLED"}
    ),
    "DeleteBucketMetadataConfiguration": _given(),
    "CreateBucketMetadataTableConfiguration": _given(
        MetadataTableConfiguration={
            "S3TablesDestination": {"TableBucketArn": "arn:aws:s3tables:::bucket/b", "TableName": "t"}
        }
    ),
    "GetBucketMetadataTableConfiguration": _given(),
    "DeleteBucketMetadataTableConfiguration": _given(),
    # Objects again. A server that takes one of these for another operation changes the object.
    "RenameObject": lambda place: {"Bucket": place.bucket, "Key": "renamed", "RenameSource": f"{place.bucket}/{KEY}"},
    "RestoreObject": _object(RestoreRequest={"Days": 1}),
    "SelectObjectContent": _object(
        Expression="SELECT * FROM S3Object",
        ExpressionType="SQL",
        InputSerialization={"CSV": {"FileHeaderInfo": "USE"}},
        OutputSerialization={"CSV": {}},
    ),
    "GetObjectTorrent": _object(),
    "PutObjectAnnotation": _object(AnnotationName="note", AnnotationPayload=b"a note"),
    "GetObjectAnnotation": _object(AnnotationName="note"),
    "ListObjectAnnotations": _object(),
    "DeleteObjectAnnotation": _object(AnnotationName="note"),
    "UpdateObjectEncryption": _object(ObjectEncryption={"SSEKMS": {"KMSKeyArn": "arn:aws:kms:us-east-1:1:key/k"}}),
}
"""The arguments of the request by operation, in the order in which the operations are asked for."""
