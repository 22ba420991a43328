"""A driver whose deletes and tags return what a test says, and whose buckets have an owner and a region."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from bucketry import (
    DELETED,
    AccessDenied,
    BatchDeleteOptions,
    BucketInfo,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    Done,
    Features,
    ObjectInfo,
    ObjectToDelete,
    Owner,
    Status,
    VersionOptions,
)
from bucketry.acls import Acl
from bucketry.hookspecs import hookimpl
from bucketry.models import DONE

from tests.core.tiny import TinyDriver, TinySettings

OWNER = Owner(id="owner-of-the-bucket")
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def info(key: str, version_id: str | None = None) -> ObjectInfo:
    return ObjectInfo(key=key, size_bytes=3, etag="abc", last_modified=WHEN, version_id=version_id)


class ScriptedDriver(TinyDriver):
    """Returns `result`, or raises it."""

    def __init__(self) -> None:
        super().__init__(TinySettings())
        self.deleted = DELETED
        self.heads = 0
        self.owner: Owner | None = OWNER

    features = Features(bucket_versioning=True)

    @hookimpl
    def status(self) -> Status:
        return Status(available=True, endpoint="http://localhost:9000", region="eu-west-9")

    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        self.heads += 1
        return BucketInfo(name=bucket, created_at=WHEN, owner=self.owner)

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        return BucketInfo(name=bucket, created_at=WHEN, owner=self.owner)

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if key == "denied":
            raise AccessDenied("no")
        return self.deleted

    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        done = [each for each in objects if each.key != "denied"]
        return DeleteResult(
            deleted=tuple(
                DeletedObject(each.key, None, True, f"marker-of-{each.key}")
                if each.key.startswith("versioned")
                else DeletedObject(each.key)
                for each in done
            ),
            failed=tuple(DeleteFailure(each.key, "access_denied", "no") for each in objects if each not in done),
        )

    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        return info(key, "v2")

    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        return info(key)

    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        return DONE

    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        return DONE

    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        return DONE
