"""Drivers with mistakes in buckets, usage, URLs and errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec
from bucketry import (
    BucketInfo,
    Classified,
    CreateBucketOptions,
    Done,
    PresignedUrl,
    PresignOptions,
    Status,
    Unavailable,
    Usage,
    UsageReport,
    UserReport,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.buckets import BucketTests
from bucketry_contract.suite.errors import ErrorTests
from bucketry_contract.suite.presigned_urls import PresignedUrlTests
from bucketry_contract.suite.presigning import PresignTests
from bucketry_contract.suite.usage import UsageTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import SECRET, BucketState, SdkError


@fails(BucketTests, BucketTests.test_creating_a_bucket_that_exists_fails_and_keeps_its_objects)
class CreatesAgain(HonestDriver):
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        return self.head_bucket(bucket) if bucket in self.buckets else super().create_bucket(bucket, options)


@fails(BucketTests, BucketTests.test_a_bucket_that_holds_an_object_is_not_deleted)
class DeletesFullBuckets(HonestDriver):
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        self.bucket(bucket).objects.clear()
        return super().delete_bucket(bucket)


@fails(BucketTests, BucketTests.test_uploads_in_progress_do_not_hold_up_deleting_a_bucket)
class UploadsOutliveTheirBucket(HonestDriver):
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        self.orphans = getattr(self, "orphans", {}) | {bucket: self.bucket(bucket).uploads}
        return super().delete_bucket(bucket)

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        info = super().create_bucket(bucket, options)
        self.buckets[bucket].uploads = getattr(self, "orphans", {}).pop(bucket, {})
        return info


@fails(BucketTests, BucketTests.test_buckets_are_listed_in_byte_order)
class ListsBucketsInOrderOfCreation(HonestDriver):
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        return tuple(sorted(super().list_buckets(), key=lambda info: info.created_at))


@fails(BucketTests, BucketTests.test_a_bucket_is_listed_from_its_creation_to_its_deletion)
class ListsBucketsLate(HonestDriver):
    before: tuple[BucketInfo, ...] = ()

    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        shown, self.before = self.before, super().list_buckets()
        return shown


@fails(UsageTests, UsageTests.test_parts_in_flight_do_not_count)
class CountsPartsInFlight(HonestDriver):
    def usage(self, bucket: BucketState) -> Usage:
        usage = super().usage(bucket)
        parts = sum(part.size_bytes for upload in bucket.uploads.values() for part, _ in upload.parts.values())
        return msgspec.structs.replace(usage, size_bytes=usage.size_bytes + parts)


@fails(UsageTests, UsageTests.test_usage_follows_puts_overwrites_and_deletes)
class UsageIsOld(HonestDriver):
    """Answers with the figures of the last time, and says that they are of now."""

    last: Usage | None = None

    def usage(self, bucket: BucketState) -> Usage:
        shown, self.last = self.last, super().usage(bucket)
        return msgspec.structs.replace(shown or self.last, as_of=datetime.now(UTC))


@fails(UsageTests, UsageTests.test_usage_follows_puts_overwrites_and_deletes)
class CountsOverwrittenVersions(HonestDriver):
    most = 0

    def usage(self, bucket: BucketState) -> Usage:
        usage = super().usage(bucket)
        self.most = max(self.most, usage.size_bytes) if usage.object_count else 0
        return msgspec.structs.replace(usage, size_bytes=self.most)


@fails(UsageTests, UsageTests.test_usage_of_many_buckets_leaves_out_those_that_do_not_exist)
class UsageOfAMissingBucketIsZero(HonestDriver):
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        return {name: self.usage(self.buckets.get(name, BucketState(self.now()))) for name in buckets}


@fails(PresignTests, PresignTests.test_a_url_expires_when_it_says)
class ExpiresEarlierThanItSays(HonestDriver):
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        presigned = super().presign(bucket, key, options)
        return msgspec.structs.replace(presigned, expires_at=presigned.expires_at + timedelta(minutes=1))


@fails(PresignedUrlTests, PresignedUrlTests.test_a_url_that_has_expired_is_good_for_nothing)
class SignsForLonger(HonestDriver):
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        presigned = super().presign(bucket, key, msgspec.structs.replace(options, expires_in=options.expires_in + 60))
        return msgspec.structs.replace(presigned, expires_at=presigned.expires_at - timedelta(minutes=1))


@fails(PresignedUrlTests, PresignedUrlTests.test_a_url_is_good_for_its_method_only)
@fails(PresignedUrlTests, PresignedUrlTests.test_urls_upload_and_download)
class SignsForTheOtherMethod(HonestDriver):
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        signed = super().presign(
            bucket, key, msgspec.structs.replace(options, method="PUT" if options.method == "GET" else "GET")
        )
        return msgspec.structs.replace(signed, method=options.method)


@fails(PresignedUrlTests, PresignedUrlTests.test_a_download_has_the_headers_that_were_signed)
class ForgetsTheHeadersOfDownloads(HonestDriver):
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        without = {"response_content_type": None, "response_content_disposition": None}
        return super().presign(bucket, key, msgspec.structs.replace(options, **without))


@fails(PresignedUrlTests, PresignedUrlTests.test_urls_upload_and_download)
@fails(PresignTests, PresignTests.test_a_url_names_the_very_key)
class PresignsEncodedKeys(HonestDriver):
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        return super().presign(bucket, quote(key), options)


@fails(PresignTests, PresignTests.test_a_url_is_for_the_stores_endpoint)
class PresignsForAnotherHost(HonestDriver):
    @hookimpl
    def status(self) -> Status:
        return msgspec.structs.replace(super().status(), endpoint="https://public.example.com")


@fails(PresignedUrlTests, PresignedUrlTests.test_an_upload_is_of_the_type_that_was_signed)
@fails(PresignTests, PresignTests.test_the_content_type_of_an_upload_is_signed)
class SignsNoContentType(HonestDriver):
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        return super().presign(bucket, key, msgspec.structs.replace(options, content_type=None))


@fails(ErrorTests, ErrorTests.test_a_backend_that_does_not_answer_is_unavailable)
class StatusFails(HonestDriver):
    @hookimpl
    def status(self) -> Status:
        if self.failure:
            raise SdkError(self.failure)
        return super().status()


@fails(ErrorTests, ErrorTests.test_credentials_that_are_refused_are_access_denied)
class ShowsTheSecret(HonestDriver):
    """In its status: core takes secrets out of the messages of errors itself."""

    @hookimpl
    def status(self) -> Status:
        status = super().status()
        return msgspec.structs.replace(status, detail=f"{status.detail} (the secret key is {SECRET})")


@fails(ErrorTests, ErrorTests.test_credentials_that_are_refused_are_access_denied)
class EverythingIsUnavailable(HonestDriver):
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        return Classified(Unavailable)


@fails(ErrorTests, ErrorTests.test_a_bucket_that_does_not_exist_is_named)
class MakesBucketsAsItGoes(HonestDriver):
    def bucket(self, name: str) -> BucketState:
        if not self.failure and name not in self.buckets:
            self.buckets[name] = BucketState(self.now())
        return super().bucket(name)


@fails(UsageTests, UsageTests.test_a_report_tells_of_all_buckets_in_byte_order)
class ReportsBucketsInOrderOfCreation(HonestDriver):
    @hookimpl
    def usage_report(self) -> UsageReport:
        report = super().usage_report()
        order = list(self.buckets)
        return msgspec.structs.replace(
            report, buckets=tuple(sorted(report.buckets, key=lambda told: order.index(told.name)))
        )


@fails(UsageTests, UsageTests.test_a_report_makes_no_figure_up)
class ReportsNoRoomOnDisk(HonestDriver):
    @hookimpl
    def usage_report(self) -> UsageReport:
        report = super().usage_report()
        told = tuple(msgspec.structs.replace(bucket, size_on_disk_bytes=0) for bucket in report.buckets)
        return msgspec.structs.replace(report, buckets=told)


@fails(UsageTests, UsageTests.test_a_report_holds_no_secret)
class ReportsKeys(HonestDriver):
    @hookimpl
    def usage_report(self) -> UsageReport:
        user = UserReport(user=f"main {SECRET}", object_count=0, size_bytes=0)
        return msgspec.structs.replace(super().usage_report(), users=(user,))
