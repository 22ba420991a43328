"""A small driver that keeps the whole contract. Each wrong driver is this one with one mistake."""

from __future__ import annotations

import base64

from bucketry import (
    DELETED,
    DONE,
    AttributesOptions,
    BatchDeleteOptions,
    Body,
    BucketAlreadyExists,
    BucketInfo,
    BucketNotEmpty,
    BucketReport,
    Checksum,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    InvalidKey,
    ListOptions,
    ObjectAttributes,
    ObjectInfo,
    ObjectPage,
    ObjectPart,
    ObjectToDelete,
    OpenedObject,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    Status,
    Usage,
    UsageReport,
    VersionListOptions,
    VersionPage,
)
from bucketry.checksums import checksum_of
from bucketry.conditions import check_copy_source, check_read
from bucketry.hookspecs import hookimpl
from bucketry.presigning import presigned_url
from bucketry.sigv4 import Credentials, Presigner

from tests.contract_self.honest_state import BucketState, HonestSettings, Stored
from tests.contract_self.honest_tagging import HonestTagging
from tests.contract_self.honest_uploads import HonestUploads


class HonestDriver(HonestUploads, HonestTagging):
    """Buckets and objects."""

    is_honest = True

    @hookimpl
    def status(self) -> Status:
        return Status(available=not self.failure, endpoint=self.endpoint, region="us-east-1", detail=self.failure)

    @hookimpl
    def close(self) -> Done:
        self.buckets.clear()
        return DONE

    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        with self.lock:
            return tuple(
                BucketInfo(name=name, created_at=self.buckets[name].created_at) for name in sorted(self.buckets)
            )

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        with self.lock:
            if bucket in self.buckets:
                raise BucketAlreadyExists
            self.buckets[bucket] = BucketState(self.now())
            return BucketInfo(name=bucket, created_at=self.buckets[bucket].created_at)

    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        return BucketInfo(name=bucket, created_at=self.bucket(bucket).created_at)

    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        with self.lock:
            if self.bucket(bucket).objects:
                raise BucketNotEmpty
            del self.buckets[bucket]
        return DONE

    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        with self.lock:
            return {name: self.usage(self.buckets[name]) for name in buckets if name in self.buckets}

    def usage(self, bucket: BucketState) -> Usage:
        sizes = [stored.info.size_bytes for stored in bucket.objects.values()]
        return Usage(object_count=len(sizes), size_bytes=sum(sizes), source="index", as_of=self.now())

    @hookimpl
    def usage_report(self) -> UsageReport:
        with self.lock:
            usages = {name: self.usage(self.buckets[name]) for name in sorted(self.buckets)}
        reports = [
            BucketReport(name=name, object_count=usage.object_count, size_bytes=usage.size_bytes)
            for name, usage in usages.items()
        ]
        return UsageReport(source="index", as_of=self.now(), buckets=tuple(reports))

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        with self.lock:
            after = max(self.decode(options.cursor), options.start_after.encode())
            entries = [entry for entry in self.entries(bucket, options) if entry.encode() > after]
            return self.page(bucket, entries, options)

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        return VersionPage.without_versioning(self.list_objects(bucket, options.of_objects()))

    def page(self, bucket: str, entries: list[str], options: ListOptions) -> ObjectPage:
        page, objects = entries[: options.limit], self.bucket(bucket).objects
        return ObjectPage(
            objects=tuple(self.listed(objects[key].info) for key in page if not self.is_rolled_up(key, options)),
            prefixes=tuple(entry for entry in page if self.is_rolled_up(entry, options)),
            cursor=self.encode(page[-1]) if len(page) < len(entries) else None,
        )

    def listed(self, info: ObjectInfo) -> ObjectInfo:
        return info

    def entries(self, bucket: str, options: ListOptions) -> list[str]:
        """All keys and common prefixes that the options ask for, in order."""
        found = {
            self.entry(key, options) for key in self.bucket(bucket).objects if self.has_prefix(key, options.prefix)
        }
        return sorted(found, key=str.encode)

    def has_prefix(self, key: str, prefix: str) -> bool:
        return key.startswith(prefix)

    def entry(self, key: str, options: ListOptions) -> str:
        end = key.find(options.delimiter, len(options.prefix)) if options.delimiter else -1
        return key if end < 0 else key[: end + len(options.delimiter)]

    def is_rolled_up(self, entry: str, options: ListOptions) -> bool:
        return bool(options.delimiter) and options.delimiter in entry[len(options.prefix) :]

    def encode(self, entry: str) -> str:
        return base64.urlsafe_b64encode(b"after:" + entry.encode()).decode()

    def decode(self, cursor: str | None) -> bytes:
        if cursor is None:
            return b""
        try:
            mark, after = base64.b64decode(cursor, altchars=b"-_", validate=True).split(b":", 1)
        except ValueError:
            raise InvalidArgument("that is no cursor of this store") from None
        if mark != b"after":
            raise InvalidArgument("that is no cursor of this store")
        return after

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        return self.with_expiration(bucket, self.info_if(self.stored(bucket, key), options))

    def info_if(self, stored: Stored, options: HeadOptions) -> ObjectInfo:
        check_read(stored.info, options)
        return stored.info if options.part_number is None else self.part_info(stored, options.part_number)

    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        stored = self.stored(bucket, key)
        numbered = enumerate(zip(stored.part_sizes, stored.part_checksums, strict=True), 1)
        parts = tuple(ObjectPart(part_number=n, size_bytes=size, checksum=made) for n, (size, made) in numbered)
        last = options.after + options.limit
        return ObjectAttributes(
            info=stored.info,
            parts_count=len(parts) or None,
            parts=parts[options.after : last],
            next_after=last if last < len(parts) else None,
        )

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        stored = self.stored(bucket, key)
        info = self.with_expiration(bucket, self.info_if(stored, options))
        wanted = info.part_range if options.range is None else options.range.resolve(info.size_bytes)
        start, stop = (wanted.start, wanted.stop) if wanted else (0, info.size_bytes)
        return OpenedObject(info, self.chunks(bucket, key, stored, start, stop), content_range=wanted)

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        self.bucket(bucket)
        self.stored_key(key)
        pieces = self.pull(bucket, key, body)
        with self.lock:
            self.check_write(bucket, key, options)
            return self.replace(bucket, key, pieces, options, tags=options.tags, checksum=self.body_checksum(body))

    def body_checksum(self, body: Body) -> Checksum | None:
        return body.checksum()

    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        with self.lock:
            self.bucket(bucket)
            source = self.stored(source_bucket, source_key)
            check_copy_source(source.info, options)
            self.check_write(bucket, key, options)
            tags = source.tags if options.tags is None else options.tags
            headers = options.headers or source.info
            etag = self.copy_etag(source)
            return self.replace(bucket, key, source.pieces, headers, etag, tags, self.copy_checksum(source, options))

    def copy_etag(self, source: Stored) -> str:
        return self.etag(source.pieces) if self.features.copy_own_etag else source.info.etag

    def copy_checksum(self, source: Stored, options: CopyOptions) -> Checksum | None:
        kept = source.info.checksum
        algorithm = options.checksum_algorithm or (None if kept is None else kept.algorithm)
        return None if algorithm is None else checksum_of(algorithm, source.pieces)

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        with self.lock:
            self.check_write(bucket, key, PutOptions(if_match=options.if_match))
            self.bucket(bucket).objects.pop(self.stored_key(key), None)
        return DELETED

    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        self.bucket(bucket)
        deleted, failed = [], []
        for key in (entry.key for entry in objects):
            try:
                self.delete_object(bucket, key, DeleteOptions())
                deleted.append(key)
            except InvalidKey as error:
                failed.append(DeleteFailure(key, error.code, str(error)))
        return DeleteResult.without_versions(deleted, tuple(failed))

    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        settings = HonestSettings()
        presigner = Presigner(
            Credentials(settings.access_key, settings.secret_key), endpoint=self.endpoint, region="us-east-1"
        )
        return presigned_url(presigner, bucket, key, options, now=self.now())
