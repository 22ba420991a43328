"""The driver's operations on the store and on buckets."""

from __future__ import annotations

from datetime import UTC, datetime

from bucketry import (
    DONE,
    BucketAlreadyExists,
    BucketInfo,
    BucketReport,
    CorsRule,
    Done,
    ListOptions,
    ObjectPage,
    Status,
    UploadListOptions,
    UploadPage,
    Usage,
    UsageReport,
)
from bucketry.hookspecs import hookimpl
from typing_extensions import override

from bucketry_memory._bucket import Bucket
from bucketry_memory._listing import list_entries
from bucketry_memory._state import MemoryState


class BucketOperations(MemoryState):
    """Operations on the store and on buckets."""

    @override
    @hookimpl
    def status(self) -> Status:
        """Says where the S3 endpoint is expected; memory is always available."""
        return Status(available=True, endpoint=self._endpoint, region=self._region)

    @override
    @hookimpl
    def close(self) -> Done:
        """Frees everything that is held."""
        with self._lock:
            self._buckets.clear()
            self._completions.clear()
            self._room.clear()
        return DONE

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets."""
        with self._lock:
            return tuple(self._buckets[name].info for name in sorted(self._buckets))

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Says what each bucket holds, from figures that every write keeps up to date."""
        with self._lock:
            found = [bucket for name in buckets if (bucket := self._buckets.get(name)) is not None]
            as_of = datetime.now(UTC)
            return {
                bucket.info.name: Usage(
                    object_count=len(bucket.objects), size_bytes=bucket.size_bytes, source="index", as_of=as_of
                )
                for bucket in found
            }

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Says what each bucket holds; memory knows neither users nor quotas."""
        with self._lock:
            reports = [
                BucketReport(name=name, object_count=len(bucket.objects), size_bytes=bucket.size_bytes)
                for name, bucket in self._buckets.items()
            ]
        reports.sort(key=lambda report: report.name)
        return UsageReport(source="index", as_of=datetime.now(UTC), buckets=tuple(reports))

    @override
    @hookimpl
    def create_bucket(self, bucket: str) -> BucketInfo:
        """Creates a bucket."""
        with self._lock:
            if bucket in self._buckets:
                raise BucketAlreadyExists(bucket=bucket)
            created = self._buckets[bucket] = Bucket(bucket, self._clock.now(), self._room)
            return created.info

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket."""
        return self._bucket(bucket).info

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes an empty bucket, and ends its uploads."""
        with self._lock:
            self._bucket(bucket).delete()
            del self._buckets[bucket]
        return DONE

    @override
    @hookimpl
    def get_bucket_cors(self, bucket: str) -> tuple[CorsRule, ...]:
        """Returns a bucket's CORS rules, as they were given."""
        return self._bucket(bucket).cors

    @override
    @hookimpl
    def put_bucket_cors(self, bucket: str, rules: tuple[CorsRule, ...]) -> Done:
        """Replaces a bucket's CORS rules."""
        with self._lock:
            self._bucket(bucket).cors = rules
        return DONE

    @override
    @hookimpl
    def delete_bucket_cors(self, bucket: str) -> Done:
        """Takes all CORS rules from a bucket."""
        with self._lock:
            self._bucket(bucket).cors = ()
        return DONE

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page of objects."""
        with self._lock:
            listed = self._bucket(bucket)
            entries = list_entries(listed.keys, options)
            found = [(key, listed.objects[key]) for key in entries.keys]
        return ObjectPage(
            objects=tuple([stored.info(key) for key, stored in found]),
            prefixes=tuple(entries.prefixes),
            cursor=entries.cursor,
        )

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of uploads in progress."""
        with self._lock:
            return self._bucket(bucket).uploads.list_page(options)
