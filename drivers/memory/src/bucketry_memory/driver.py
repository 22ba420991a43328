"""The driver: every operation of the contract, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Final

from bucketry import (
    DONE,
    Acl,
    AnyBucketSettings,
    AttributesOptions,
    BatchDeleteOptions,
    Body,
    BucketAccess,
    BucketAlreadyExists,
    BucketInfo,
    Checksum,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    ListOptions,
    NoSuchBucket,
    ObjectAttributes,
    ObjectInfo,
    ObjectLockSettings,
    ObjectPage,
    ObjectToDelete,
    OpenedObject,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    QuotaExceeded,
    Retention,
    RetentionOptions,
    Status,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
    Usage,
    UsageReport,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.checksums import checksum_of
from bucketry.clock import Clock
from bucketry.encryption import opaque_etag, with_key
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.options import has_type_alone
from bucketry.owners import DEFAULT_OWNER
from bucketry.presigning import Presigners, presigned_url
from bucketry.tagging import NO_TAGS
from bucketry.version_facts import NO_FACTS, facts_of
from msgspec.structs import replace
from typing_extensions import override

from bucketry_memory.buckets import Buckets, report_of
from bucketry_memory.completions import Completions, object_of_parts
from bucketry_memory.content import Content, chunks, md5_hex, part_of, pull, whole
from bucketry_memory.encryption import KmsKeys, check_customer_key
from bucketry_memory.features import FEATURES
from bucketry_memory.objects import (
    Extras,
    StoredObject,
    StoredTimes,
    headers_of,
    headers_of_type,
    kept_extras,
    listed_infos,
)
from bucketry_memory.quota import Quota
from bucketry_memory.settings import MemorySettings

if TYPE_CHECKING:
    from bucketry_memory.bucket import Bucket

_COPY_TRIES: Final = 3
"""How often a copy reads its source without the lock before it reads it under the lock."""


class MemoryDriver(DriverSpec):
    """Keeps buckets and objects in this process's memory until the store is closed or the process ends.

    Threads may share it. It never blocks, except that it waits for the body that it reads. The lock is held for one
    look-up, one change or one page. Bodies are read and content is given out without the lock.
    """

    name = "memory"
    contract_version = 3
    Settings = MemorySettings
    features = FEATURES
    lifecycle = "core"

    def __init__(self, settings: MemorySettings) -> None:
        """Makes an empty store.

        Raises:
            InvalidSettings: The endpoint, the region or the access key is malformed.
        """
        self.features = replace(self.features, min_part_size=settings.min_part_size)
        self._region = settings.region
        self._presigners = Presigners(settings)
        self._kms = KmsKeys(filter(None, settings.kms_keys.split(",")))
        self._times = StoredTimes(Clock())
        self._buckets = Buckets()
        self._completions = Completions()
        self._lock = Lock()
        self._quota = Quota(self._lock, settings.max_bytes, settings.max_entries)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._presigners.endpoint}>"

    @property
    def clock(self) -> Clock:
        """The store's clock, which stored times follow."""
        return self._times.clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._times.clock = clock

    def _find(self, bucket: str, key: str, version_id: str | None) -> tuple[Bucket, StoredObject]:
        """Returns a bucket and a version in it, or its current object. Call it without the lock."""
        held = self._buckets[bucket]
        if version_id is None:
            try:
                return held, held.objects[key]
            except KeyError:
                pass
        with self._lock:
            held = self._buckets[bucket]
            return held, held.read(key, version_id)

    # The store

    @override
    @hookimpl
    def status(self) -> Status:
        """Returns the URL of the S3 endpoint that serves this store. Memory is always available."""
        return Status(available=True, endpoint=self._presigners.endpoint, region=self._region)

    @override
    @hookimpl
    def close(self) -> Done:
        """Frees everything."""
        with self._lock:
            self._buckets.clear()
            self._completions.clear()
            self._quota.clear()
        return DONE

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Returns the usage of each bucket. Memory has neither users nor quotas of users."""
        as_of = self.clock.now()
        with self._lock:
            usages = {name: bucket.usage(as_of) for name, bucket in self._buckets.items()}
        reports = tuple(report_of(name, usages[name]) for name in sorted(usages))
        return UsageReport(source="index", as_of=as_of, buckets=reports)

    # Buckets

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets."""
        with self._lock:
            return tuple(self._buckets[name].info for name in sorted(self._buckets))

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Returns the usage of each of these buckets, from figures that every write keeps up to date."""
        with self._lock:
            found = [bucket for name in buckets if (bucket := self._buckets.get(name)) is not None]
            as_of = self.clock.now()
            return {bucket.info.name: bucket.usage(as_of) for bucket in found}

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket."""
        with self._lock:
            if bucket in self._buckets:
                raise BucketAlreadyExists(bucket=bucket)
            from bucketry_memory.bucket import Bucket  # Only now: a server starts sooner without it.

            region = None if options.region == self._region else options.region
            created = Bucket(bucket, self._times.now(), self._quota, options.owner or DEFAULT_OWNER, region)
            if options.object_lock:
                try:
                    created.put_settings(VersioningSettings(status="Enabled"))
                    created.put_settings(ObjectLockSettings(enabled=True))
                except QuotaExceeded:
                    created.delete()
                    raise
            self._buckets[bucket] = created
            return created.info

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket."""
        return self._buckets[bucket].info

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes an empty bucket, and aborts its uploads."""
        with self._lock:
            self._buckets[bucket].delete()
            del self._buckets[bucket]
        return DONE

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind, as they were put."""
        return self._buckets[bucket].settings.get(kind)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces a bucket's settings of one kind."""
        with self._lock:
            self._buckets[bucket].put_settings(settings)
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind."""
        with self._lock:
            self._buckets[bucket].delete_settings(kind)
        return DONE

    @override
    @hookimpl
    def get_bucket_access(self, bucket: str) -> BucketAccess:
        """Returns what is set on a bucket about who may use it."""
        return self._buckets[bucket].access

    @override
    def peek_bucket_access(self, bucket: str) -> BucketAccess | None:
        held = self._buckets.get(bucket)
        return None if held is None else held.access

    # Objects

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page of objects."""
        with self._lock:
            listed = self._buckets[bucket]
            entries = listed.list_entries(options)
            found = [listed.objects[key] for key in entries.keys]
        objects = tuple(listed_infos(entries.keys, found))
        return ObjectPage(objects=objects, prefixes=tuple(entries.prefixes), cursor=entries.cursor)

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content."""
        held, stored = self._find(bucket, key, options.version_id)
        info = stored.info_if(key, options)
        return held.describe(info, stored) if held.adds_facts else info

    @override
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns an object with one page of its parts."""
        held, stored = self._find(bucket, key, options.version_id)
        found = stored.attributes(key, options)
        return replace(found, info=held.describe(found.info, stored))

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object. Its bytes stay the same, even if the key is written meanwhile."""
        held, stored = self._find(bucket, key, options.version_id)
        info = stored.info_if(key, options)
        if held.adds_facts:
            info = held.describe(info, stored)
        if options.range is not None:
            wanted = options.range.resolve(info.size_bytes)
        elif info.part_range is not None:
            wanted = info.part_range
        else:
            return OpenedObject(info, whole(stored.content))
        return OpenedObject(info, chunks(stored.content, wanted.start, wanted.stop), content_range=wanted)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object, once its body is complete."""
        plain = has_type_alone(options)  # Most are, and need not be asked for anything else.
        conditional = not plain and (options.if_match or options.if_none_match)
        target = self._buckets[bucket]
        if conditional:  # Here, so that no body is read in vain, and again in the step that writes.
            target.check_write(key, options)
        facts = NO_FACTS if plain else facts_of(options)
        if target.encrypts or not (plain or (facts is NO_FACTS and options.customer_key is None)):
            facts = target.checked_facts(facts, options, self._kms, self.clock.now())
        body.track_md5()
        content, reserved = pull(body, self._quota)
        try:
            etag = body.md5_hex()
            if facts is not NO_FACTS and facts.hides_md5:
                etag = opaque_etag(etag)
            headers = headers_of_type(options.content_type) if plain else headers_of(options)
            extras = None
            if facts is not NO_FACTS or not (plain or (not options.tags and options.checksum_algorithm is None)):
                extras = Extras(options.tags, body.checksum(), facts=facts)
            self._lock.acquire()  # A with statement takes twice as long.
            try:
                if target.is_deleted:
                    raise NoSuchBucket
                if conditional:
                    target.check_write(key, options)
                stored = target.put(key, StoredObject(content, etag, self._times.now(), headers, extras), reserved)
            finally:
                self._lock.release()
        except BaseException:
            self._quota.release(reserved)
            raise
        info = stored.info(key)
        if facts is not NO_FACTS:
            info = with_key(info, options.customer_key)
        return target.describe(info, stored) if target.adds_facts else info

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object, which shares its bytes with the original."""
        version_id = options.source_version_id
        held, source = self._find(source_bucket, source_key, version_id)
        for _ in range(_COPY_TRIES):
            self._buckets[bucket].check_copy(key, source, options)
            digests = source.digests_of_copy(options)  # This may read all bytes, which takes time.
            with self._lock:
                current = held.read(source_key, version_id)
                if current.content is source.content:
                    return self._put_copy(bucket, key, current, digests, options)
            source = current
        with self._lock:
            source = held.read(source_key, version_id)
            return self._put_copy(bucket, key, source, source.digests_of_copy(options), options)

    def _put_copy(
        self, bucket: str, key: str, source: StoredObject, digests: tuple[str, Checksum | None], options: CopyOptions
    ) -> ObjectInfo:
        target = self._buckets[bucket]
        target.check_copy(key, source, options)
        facts = target.checked_facts(facts_of(options), options, self._kms, self.clock.now())
        etag, checksum = digests
        if facts.hides_md5:
            etag = opaque_etag(etag)
        headers = source.headers if options.headers is None else headers_of(options.headers)
        tags = source.tags if options.tags is None else options.tags
        extras = kept_extras(Extras(tags, checksum, facts=facts))
        copy = target.put(key, StoredObject(source.content, etag, self._times.now(), headers, extras))
        return target.describe(with_key(copy.info(key), options.customer_key), copy)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version, or makes a delete marker."""
        with self._lock:
            return self._buckets[bucket].delete_object(key, options, self._times)

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes many objects or versions."""
        with self._lock:
            return self._buckets[bucket].delete_entries(objects, options, self._times)

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the S3 endpoint that serves this store."""
        held = self._buckets.get(bucket)
        # A URL can be made before the bucket is.
        region = self._region if held is None else held.info.region or self._region
        return presigned_url(self._presigners.of(region), bucket, key, options, now=self.clock.now())

    # Tags of objects: they change neither the etag nor the time of an object.

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags."""
        return self._find(bucket, key, options.version_id)[1].tags

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces an object's tags."""
        with self._lock:
            held = self._buckets[bucket]
            stored = held.read(key, options.version_id)
            held.replace(key, stored, stored.with_tags(tags))
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Deletes all tags of an object."""
        return self.put_object_tagging(bucket, key, NO_TAGS, options)

    # Versions and their locks

    @override
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists one page of versions and delete markers."""
        with self._lock:
            entries = self._buckets[bucket].list_versions(options)
        if entries is None:
            return VersionPage.without_versioning(self.list_objects(bucket, options.of_objects()))
        return entries.page()

    @override
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version."""
        with self._lock:
            self._buckets[bucket].put_retention(key, retention, options, self.clock.now())
        return DONE

    @override
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version."""
        with self._lock:
            self._buckets[bucket].put_legal_hold(key, legal_hold, options)
        return DONE

    @override
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version."""
        with self._lock:
            return self._buckets[bucket].acl(key, options)

    @override
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        """Replaces the access control list of a version."""
        with self._lock:
            self._buckets[bucket].put_acl(key, acl, options)
        return DONE

    # Multipart uploads

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of uploads in progress."""
        with self._lock:
            return self._buckets[bucket].uploads.list_page(options)

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        headers = headers_of(options)
        with self._lock:
            held = self._buckets[bucket]
            facts = held.checked_facts(facts_of(options), options, self._kms, self.clock.now())
            begun = held.uploads.begin(key, self._times.now(), headers, facts, options)
            info = replace(begun.info(), abort=held.abort_of(key, begun.initiated_at))
            return with_key(info, options.customer_key)

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part, once its body is complete and if the upload is still in progress."""
        upload = self._buckets[bucket].uploads.get(key, upload_id)  # Before the body is read, and again below.
        check_customer_key(upload.facts.key_digest, options.customer_key)
        upload.checksums.check_sent(options.checksum_algorithm)
        body.track_md5()
        algorithm = upload.checksums.algorithm
        if algorithm is not None:
            body.track_checksum(algorithm)
        content, reserved = pull(body, self._quota)
        try:
            checksum = None if algorithm is None else body.checksum()
            digests = body.md5_hex(), checksum
            part = self._put_part(bucket, key, upload_id, part_number, content, digests, reserved)
        except BaseException:
            self._quota.release(reserved)
            raise
        return with_key(part, options.customer_key)

    @override
    @hookimpl
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        """Stores a part that shares its bytes with an object."""
        upload = self._buckets[bucket].uploads.get(key, upload_id)
        check_customer_key(upload.facts.key_digest, options.customer_key)
        held, source = self._find(source_bucket, source_key, options.source_version_id)
        check_customer_key(source.facts.key_digest, options.source_customer_key)
        start, stop = source.range_of_copy(options, self.features.max_part_size)
        self._quota.reserve(stop - start)
        try:
            content, algorithm = part_of(source.content, start, stop), upload.checksums.algorithm
            checksum = None if algorithm is None else checksum_of(algorithm, whole(content))
            digests = md5_hex(content), checksum
            part = self._put_part(bucket, key, upload_id, part_number, content, digests, stop - start)
        except BaseException:
            self._quota.release(stop - start)
            raise
        part = with_key(part, options.customer_key)
        return part if held.history is None else replace(part, source_version_id=source.version_id)

    def _put_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        content: Content,
        digests: tuple[str, Checksum | None],
        reserved: int,
    ) -> Part:
        with self._lock:
            uploads = self._buckets[bucket].uploads
            upload = uploads.get(key, upload_id)
            etag, checksum = digests
            if upload.facts.hides_md5:
                etag = opaque_etag(etag)
            uploads.put_part(upload, part_number, upload.new_part(content, etag, self._times.now(), checksum), reserved)
            return upload.part_info(part_number)

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of parts."""
        with self._lock:
            held = self._buckets[bucket]
            upload = held.uploads.get(key, upload_id)
            return replace(upload.list_parts(options), abort=held.abort_of(key, upload.initiated_at))

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes an object of the parts, without copying their bytes."""
        with self._lock:
            target = self._buckets[bucket]
            if (made := self._completions.made(target, key, upload_id, parts, options, self._times.now())) is not None:
                return target.describe(with_key(made.info(key), options.customer_key), made)
            upload = target.uploads.get(key, upload_id)
            stored = object_of_parts(upload, parts, options, self.features, self._times.now())
            target.check_write(key, options)
            # It takes over the upload's share of the quota, so it always fits.
            stored = target.put(key, stored, reserved=upload.size_bytes, entries=upload.entries)
            target.uploads.forget(upload)
            self._completions.remember(bucket, key, parts, stored)
        return target.describe(with_key(stored.info(key), options.customer_key), stored)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Aborts an upload."""
        with self._lock:
            uploads = self._buckets[bucket].uploads
            uploads.abort(uploads.get(key, upload_id))
        return DONE
