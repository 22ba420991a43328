"""Drivers that do not free space."""

from __future__ import annotations

from bucketry import (
    BatchDeleteOptions,
    Body,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    Deleted,
    DeleteOptions,
    DeleteResult,
    Done,
    ObjectInfo,
    ObjectToDelete,
    PutOptions,
    QuotaExceeded,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.freed_space import FreedSpaceTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver


class LosesRoom(HonestDriver):
    """Base of drivers that count room as taken that is not."""

    lost = 0

    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        pieces = super().pull(bucket, key, body)
        if self.room is not None and self.lost + sum(map(len, pieces)) > self.room:
            raise QuotaExceeded
        return pieces


@fails(FreedSpaceTests, FreedSpaceTests.test_a_put_that_fails_gives_its_room_back)
@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class LosesTheRoomOfWhatFails(LosesRoom):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        try:
            return super().pull(bucket, key, body)
        except Exception:
            self.lost += body.bytes_read
            raise


@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class LosesTheRoomOfWhatIsOverwritten(LosesRoom):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        before = self.bucket(bucket).objects.get(key)
        info = super().put_object(bucket, key, body, options)
        self.lost += before.info.size_bytes if before else 0
        return info


@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class LosesTheRoomOfWhatIsDeleted(LosesRoom):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        before = self.bucket(bucket).objects.get(key)
        done = super().delete_object(bucket, key, options)
        self.lost += before.info.size_bytes if before else 0
        return done

    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        for entry in objects:
            HonestDriver.delete_object(self, bucket, entry.key, DeleteOptions())
        return DeleteResult.without_versions(entry.key for entry in objects)


@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class LosesTheRoomOfBatches(LosesRoom):
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        held = self.bucket(bucket).objects
        self.lost += sum(held[entry.key].info.size_bytes for entry in objects if entry.key in held)
        return super().delete_objects(bucket, objects, options)


@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class CountsCopiesTwice(LosesRoom):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        info = super().copy_object(source_bucket, source_key, bucket, key, options)
        self.lost += info.size_bytes
        return info


@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class LosesTheRoomOfAbortedUploads(LosesRoom):
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        parts = self.upload(bucket, key, upload_id).parts.values()
        self.lost += sum(part.size_bytes for part, _ in parts)
        return super().abort_multipart_upload(bucket, key, upload_id)


@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class LosesTheRoomOfCompletedUploads(LosesRoom):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        info = super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        self.lost += info.size_bytes
        return info


@fails(FreedSpaceTests, FreedSpaceTests.test_what_is_gone_gives_its_room_back)
class LosesTheRoomOfUploadsInDeletedBuckets(LosesRoom):
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        uploads = self.bucket(bucket).uploads.values()
        sizes = [part.size_bytes for upload in uploads for part, _ in upload.parts.values()]
        done = super().delete_bucket(bucket)
        self.lost += sum(sizes)
        return done
