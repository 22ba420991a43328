"""What tests of buckets with versions share."""

from __future__ import annotations

from typing import Any

from bucketry import Store
from bucketry.bucket_settings import VersioningSettings
from types_boto3_s3 import S3Client

BUCKET = "things"


def enable(store: Store, bucket: str = BUCKET) -> None:
    store.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))


def suspend(store: Store, bucket: str = BUCKET) -> None:
    store.put_bucket_settings(bucket, VersioningSettings(status="Suspended"))


def put(boto: S3Client, key: str, *contents: bytes, bucket: str = BUCKET) -> list[str]:
    """Puts an object several times; returns the ids of the versions."""
    return [boto.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"] for content in contents]


def read(boto: S3Client, key: str, version_id: str | None = None, bucket: str = BUCKET) -> bytes:
    named: Any = {} if version_id is None else {"VersionId": version_id}
    return boto.get_object(Bucket=bucket, Key=key, **named)["Body"].read()


def versions(boto: S3Client, bucket: str = BUCKET, **wanted: Any) -> list[tuple[str, str, bool]]:
    """Lists key, id and whether it is the latest of all versions, without markers."""
    page: Any = boto.list_object_versions(Bucket=bucket, **wanted)
    return [(entry["Key"], entry["VersionId"], entry["IsLatest"]) for entry in page.get("Versions", [])]


def markers(boto: S3Client, bucket: str = BUCKET, **wanted: Any) -> list[tuple[str, str, bool]]:
    """Lists the same of all delete markers."""
    page: Any = boto.list_object_versions(Bucket=bucket, **wanted)
    return [(entry["Key"], entry["VersionId"], entry["IsLatest"]) for entry in page.get("DeleteMarkers", [])]


def failing(operation: Any, **arguments: Any) -> Any:
    """Calls an operation that fails; returns the response of the error."""
    try:
        operation(**arguments)
    except Exception as error:
        response: Any = getattr(error, "response", None)
        if response is None:
            raise
        return response
    raise AssertionError(f"{operation.__name__} did not fail")


def error_of(operation: Any, **arguments: Any) -> tuple[int, str]:
    """Calls an operation that fails; returns status and code."""
    response = failing(operation, **arguments)
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def headers_of(response: Any) -> dict[str, str]:
    headers: dict[str, str] = response["ResponseMetadata"]["HTTPHeaders"]
    return headers
