"""A program of somebody who knows boto3 and S3's documentation, and nothing of this project.

It sets up a bucket with all that an operations team asks for, reads everything back, and puts objects into it.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from types_boto3_s3 import S3Client

QUEUE = "arn:minio:sqs::images:webhook"
"""A queue in MinIO's form, so that the program is the same on both servers."""

PARTS = ("versioning", "lock", "lifecycle", "policy", "encryption", "tags", "cors", "notification")

CORS = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://app.example.com"], "MaxAgeSeconds": 600}
TAGS = [{"Key": "team", "Value": "archive"}, {"Key": "cost", "Value": "42"}]
RULES: list[dict[str, Any]] = [
    {
        "ID": "logs",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 30},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
    },
    {
        "ID": "temporary",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "tmp/", "Tags": [{"Key": "temporary", "Value": "yes"}]}},
        "Expiration": {"Days": 1},
    },
    {
        "ID": "markers",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    },
]
ABORT = {
    "ID": "uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


class Written(NamedTuple):
    """The versions that the program wrote, by key, and an upload that it left unfinished."""

    versions: dict[str, str]
    upload: str


def set_up(s3: S3Client, bucket: str, parts: frozenset[str], *, aborts: bool) -> None:
    """Makes the bucket.

    Args:
        s3: The client.
        bucket: Its name.
        parts: Some of `PARTS`.
        aborts: Whether lifecycle rules may abort uploads.
    """
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    if "versioning" in parts:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    if "lock" in parts:
        s3.put_object_lock_configuration(
            Bucket=bucket,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 10}},
            },
        )
    if "lifecycle" in parts:
        rules: Any = [*RULES, ABORT] if aborts else RULES
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    if "policy" in parts:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(_policy(bucket)))
    if "encryption" in parts:
        default: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})
    if "tags" in parts:
        tags: Any = TAGS
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    if "cors" in parts:
        rule: Any = CORS
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    if "notification" in parts:
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "Id": "new-logs",
                        "QueueArn": QUEUE,
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "logs/"}]}},
                    }
                ]
            },
        )


def _policy(bucket: str) -> Any:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EverybodyReadsWhatIsPublic",
                "Effect": "Allow",
                "Principal": {"AWS": ["*"]},
                "Action": ["s3:GetObject"],
                "Resource": [f"arn:aws:s3:::{bucket}/public/*"],
            }
        ],
    }


def check(s3: S3Client, bucket: str, parts: frozenset[str], *, aborts: bool) -> None:
    """Reads everything back, and compares it with what was set."""
    if "versioning" in parts:
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    if "lock" in parts:
        lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        assert lock["ObjectLockEnabled"] == "Enabled"
        assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 10}
    if "lifecycle" in parts:
        found = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
        assert found == {rule["ID"]: rule for rule in ([*RULES, ABORT] if aborts else RULES)}
    if "policy" in parts:
        (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
        assert statement["Sid"] == "EverybodyReadsWhatIsPublic"
        assert statement["Resource"] == [f"arn:aws:s3:::{bucket}/public/*"]
    if "encryption" in parts:
        (default,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert default["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    if "tags" in parts:
        tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
        assert sorted(tags, key=lambda tag: tag["Key"], reverse=True) == TAGS
    if "cors" in parts:
        assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [CORS]
    if "notification" in parts:
        (queue,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
        assert (queue["Id"], queue["QueueArn"], queue["Events"]) == ("new-logs", QUEUE, ["s3:ObjectCreated:*"])
        (rule,) = queue["Filter"]["Key"]["FilterRules"]
        assert (rule["Name"].lower(), rule["Value"]) == ("prefix", "logs/")


def write(s3: S3Client, bucket: str, now: datetime) -> Written:
    """Puts objects into the bucket: some will expire, some are locked, and some are nobody's business."""
    keys: dict[str, dict[str, Any]] = {
        "logs/old": {},
        "logs/held": {"ObjectLockLegalHoldStatus": "ON"},
        "logs/kept": {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": now + timedelta(days=365)},
        "tmp/gone": {"Tagging": "temporary=yes"},
        "tmp/stays": {"Tagging": "temporary=no"},
        "public/page": {"ContentType": "text/html"},
        "docs/readme": {},
    }
    versions = {
        key: s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), **options)["VersionId"]
        for key, options in keys.items()
    }
    upload = s3.create_multipart_upload(Bucket=bucket, Key="uploads/unfinished")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="uploads/unfinished", UploadId=upload, PartNumber=1, Body=b"half")
    return Written(versions, upload)


def check_objects(s3: S3Client, bucket: str, written: Written, parts: frozenset[str]) -> None:
    """Reads what the objects say of themselves right after they were written."""
    for key, version in written.versions.items():
        head = s3.head_object(Bucket=bucket, Key=key, VersionId=version)
        if "encryption" in parts:
            assert head["ServerSideEncryption"] == "AES256"
        # MinIO gives an object with a legal hold of its own no default retention.
        if key not in {"logs/kept", "logs/held"}:
            assert head["ObjectLockMode"] == "GOVERNANCE"
    assert s3.head_object(Bucket=bucket, Key="logs/held")["ObjectLockLegalHoldStatus"] == "ON"
    assert s3.head_object(Bucket=bucket, Key="logs/kept")["ObjectLockMode"] == "COMPLIANCE"
    assert 'rule-id="logs"' in s3.head_object(Bucket=bucket, Key="logs/old")["Expiration"]
    assert "Expiration" not in s3.head_object(Bucket=bucket, Key="docs/readme")
