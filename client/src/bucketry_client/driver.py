"""The drivers for ``http://`` and ``https://``: the REST API of a ``bucketry serve`` as a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

import httpx
from bucketry import (
    DONE,
    AccessDenied,
    AnyBucketSettings,
    BackendError,
    BatchDeleteOptions,
    Body,
    BucketInfo,
    BucketryError,
    Classified,
    ContentRange,
    CreateBucketOptions,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteMarker,
    DeleteOptions,
    DeleteResult,
    Done,
    Features,
    GetOptions,
    HeadOptions,
    ListOptions,
    NoSuchBucket,
    ObjectInfo,
    ObjectPage,
    ObjectToDelete,
    ObjectVersion,
    OpenedObject,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    Retention,
    RetentionOptions,
    Status,
    StoreStatus,
    Unavailable,
    Unsupported,
    Usage,
    UsageReport,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.features import MIB
from bucketry.headers import HEADER_OF, copy_headers
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.models import DEFAULT_CONTENT_TYPE
from typing_extensions import override

from bucketry_client.client import Client
from bucketry_client.errors import refuse
from bucketry_client.settings import HttpSettings, HttpsSettings
from bucketry_client.views import BucketSummary, ListedObject, ListedVersion

_HELD: Final = 8 * MIB
"""Longest body that is read before it is sent, in bytes. It can be sent again if its response is lost."""


class HttpDriver(DriverSpec):
    """Object storage behind the REST API. It connects when it is first used.

    What the API cannot carry is not declared. What the server's own store does not have, the server refuses: that is
    `Unsupported` too.
    """

    name = "http"
    contract_version = 3
    Settings: ClassVar[type[HttpSettings]] = HttpSettings
    # Parts, copies, ACLs, owners, checksums, encryption, storage classes, delimiters and conditions on times of a
    # delete are not in the API.
    features = Features(
        get_if_match=True,
        get_if_none_match=True,
        get_if_modified_since=True,
        get_if_unmodified_since=True,
        put_if_match=True,
        put_if_none_match=True,
        put_headers=True,
        put_metadata=True,
        put_tagging=True,
        delete_if_match=True,
        bucket_cors=True,
        bucket_versioning=True,
        bucket_object_lock=True,
        object_lock_later=True,
        bucket_lifecycle=True,
        bucket_policy=True,
        bucket_public_access=True,
        bucket_tagging=True,
        bucket_notification=True,
        bucket_logging=True,
        bucket_website=True,
        bucket_accelerate=True,
        bucket_request_payment=True,
        bucket_inventory=True,
        bucket_analytics=True,
        bucket_metrics=True,
        bucket_intelligent_tiering=True,
        list_start_after=True,
        list_versions_start_after=True,
        persistent=True,
    )

    def __init__(self, settings: HttpSettings) -> None:
        """Makes the driver; asks the server nothing.

        Raises:
            InvalidSettings: A setting cannot be used.
        """
        self._client = Client(
            settings.url, token=settings.token, connecting=settings.connecting(), trying=settings.trying()
        )

    @override
    def sdk(self) -> Client:
        """Returns the client, for what the contract does not have: `Client.whoami`, forms.

        Threads may share it. It closes with the store. Layers do not see its calls.
        """
        return self._client

    @override
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        """Takes what is left of httpx's errors; the client raises errors of the contract itself."""
        kind = Unavailable if isinstance(error, httpx.TransportError) else BackendError
        return Classified(kind, type(error).__name__)

    # The store as a whole

    @override
    @hookimpl
    def status(self) -> Status:
        """Asks the server, in one try; says what is wrong where that fails."""
        try:
            found = self._client.get_status(once=True)
        except BucketryError as error:
            return Status(available=False, endpoint=self._client.url, region="", detail=str(error))
        stores = tuple(
            StoreStatus(name=each.name, available=each.available, endpoint="", region="", detail=each.detail)
            for each in found.stores
        )
        return Status(
            available=found.available, endpoint=found.endpoint, region=found.region, detail=found.detail, stores=stores
        )

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists the buckets that the caller may see."""
        return tuple(map(_bucket_info, self._client.list_buckets()))

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Looks at each bucket."""
        return {name: usage for name in buckets if (usage := self._usage(name)) is not None}

    def _usage(self, bucket: str) -> Usage | None:
        try:
            found = self._client.get_bucket(bucket)
        except NoSuchBucket:
            return None
        facts = found.usage
        return Usage(
            object_count=found.object_count,
            size_bytes=found.size_bytes,
            source=facts.source,
            as_of=facts.as_of,
            noncurrent_count=facts.noncurrent_count,
            noncurrent_bytes=facts.noncurrent_bytes,
        )

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Returns the server's report."""
        return self._client.get_usage_report()

    @override
    @hookimpl
    def close(self) -> Done:
        """Closes all connections."""
        self._client.close()
        return DONE

    # Buckets

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket."""
        made = self._client.create_bucket(bucket, object_lock=options.object_lock)
        return _bucket_info(made, object_lock=options.object_lock)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Looks at a bucket."""
        found = self._client.get_bucket(bucket)
        return _bucket_info(found, object_lock=found.object_lock)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes an empty bucket."""
        self._client.delete_bucket(bucket)
        return DONE

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns the settings of a kind."""
        return self._client.get_bucket_settings(bucket, kind)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces the settings of a kind."""
        self._client.put_bucket_settings(bucket, settings)
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes the settings of a kind."""
        self._client.delete_bucket_settings(bucket, kind)
        return DONE

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page, with etags."""
        page = self._client.list_objects(
            bucket,
            prefix=options.prefix,
            limit=options.limit,
            cursor=options.cursor,
            etags=True,
            start_after=options.start_after,
        )
        return ObjectPage(objects=tuple(map(_object_info, page.objects)), cursor=page.cursor)

    @override
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists one page of versions."""
        page = self._client.list_versions(
            bucket,
            prefix=options.prefix,
            limit=options.limit,
            cursor=options.cursor,
            start_after=options.start_after,
            # The server refuses it alone, where it says nothing.
            start_after_version=options.start_after_version if options.start_after else "",
        )
        return VersionPage(versions=tuple(map(_version, page.versions)), cursor=page.cursor)

    # Objects

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Looks at an object."""
        return self._client.head_object(
            bucket,
            key,
            if_match=options.if_match,
            if_none_match=options.if_none_match,
            if_modified_since=options.if_modified_since,
            if_unmodified_since=options.if_unmodified_since,
            version_id=options.version_id,
        )

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object. What breaks off is asked for again, of the same version."""
        opened = self._client.get_object(
            bucket,
            key,
            range=options.range,
            if_match=options.if_match,
            if_none_match=options.if_none_match,
            if_modified_since=options.if_modified_since,
            if_unmodified_since=options.if_unmodified_since,
            version_id=options.version_id,
        )
        found = opened.content_range
        if options.range is not None and found is None:
            # Of an empty object, the last bytes are no bytes, which Content-Range cannot say.
            if opened.length:
                opened.close()
                refuse(self._client.url, "it has the whole object and not the range that was asked for")
            found = ContentRange(0, 0, 0)
        return OpenedObject(opened.info, opened, content_range=found, close=opened.close)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object. A small body can be sent again, a larger one is sent as it is read."""
        held = body.length is not None and body.length <= _HELD
        stored = self._client.put_object(
            bucket,
            key,
            body.read() if held else body,
            length=body.length,
            **{field: getattr(options, field) for field in HEADER_OF},
            metadata=options.metadata,
            tags=options.tags,
            if_match=options.if_match,
            if_none_match=options.if_none_match,
            retention=options.retention,
            legal_hold=options.legal_hold,
        )
        return copy_headers(
            options,
            ObjectInfo,
            key=key,
            size_bytes=stored.size_bytes,
            etag=stored.etag,
            last_modified=stored.last_modified,
            version_id=stored.version_id,
            tag_count=len(options.tags),
            retention=options.retention,
            legal_hold=options.legal_hold,
            expiration=stored.expiration,
        )

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version."""
        return self._client.delete_object(
            bucket,
            key,
            version_id=options.version_id,
            if_match=options.if_match,
            bypass_governance=options.bypass_governance,
        )

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes many at once in a bucket without versions. The API's batch says nothing of versions and markers."""
        if any(entry.version_id is not None for entry in objects) or self._has_versions(bucket):
            return _joined(self._delete_each(bucket, objects, options))
        result = self._client.delete_objects(bucket, [entry.key for entry in objects])
        failed = tuple(DeleteFailure(each.key, each.code, each.message) for each in result.failed)
        return DeleteResult.without_versions(result.deleted, failed)

    def _has_versions(self, bucket: str) -> bool:
        try:
            return self._client.get_bucket_settings(bucket, VersioningSettings).status is not None
        except Unsupported:
            return False
        except AccessDenied:
            return True  # It may have.

    def _delete_each(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> Iterator[DeletedObject | DeleteFailure]:
        for entry in objects:
            try:
                done = self._client.delete_object(
                    bucket, entry.key, version_id=entry.version_id, bypass_governance=options.bypass_governance
                )
            except (NoSuchBucket, Unavailable):
                raise
            except BucketryError as error:
                yield DeleteFailure(entry.key, error.code, error.sentence, entry.version_id)
            else:
                marker = done.version_id if done.delete_marker else None
                yield DeletedObject(entry.key, entry.version_id, done.delete_marker, marker)

    @override
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version."""
        self._client.put_retention(
            bucket,
            key,
            retention,
            version_id=options.version_id,
            bypass_governance=options.bypass_governance,
        )
        return DONE

    @override
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version."""
        self._client.put_legal_hold(bucket, key, legal_hold, version_id=options.version_id)
        return DONE

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags."""
        return MappingProxyType(self._client.get_tags(bucket, key, version_id=options.version_id))

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces an object's tags."""
        self._client.put_tags(bucket, key, tags, version_id=options.version_id)
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Deletes all tags of an object."""
        self._client.delete_tags(bucket, key, version_id=options.version_id)
        return DONE

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Has the server sign: it has the keys."""
        return self._client.presign(
            bucket, key, method=options.method, expires_in=options.expires_in, version_id=options.version_id
        )


class HttpsDriver(HttpDriver):
    """The same over TLS."""

    name = "https"
    Settings = HttpsSettings


def _joined(entries: Iterator[DeletedObject | DeleteFailure]) -> DeleteResult:
    found = list(entries)
    return DeleteResult(
        tuple(entry for entry in found if isinstance(entry, DeletedObject)),
        tuple(entry for entry in found if isinstance(entry, DeleteFailure)),
    )


def _bucket_info(bucket: BucketSummary, *, object_lock: bool = False) -> BucketInfo:
    return BucketInfo(name=bucket.name, created_at=bucket.created_at, object_lock=object_lock)


def _object_info(listed: ListedObject) -> ObjectInfo:
    return ObjectInfo(
        key=listed.key,
        size_bytes=listed.size_bytes,
        etag=listed.etag or "",
        last_modified=listed.last_modified,
        content_type=listed.content_type,
    )


def _version(listed: ListedVersion) -> ObjectVersion | DeleteMarker:
    if listed.is_delete_marker:
        return DeleteMarker(
            key=listed.key,
            version_id=listed.version_id,
            last_modified=listed.last_modified,
            is_latest=listed.is_latest,
        )
    info = ObjectInfo(
        key=listed.key,
        size_bytes=listed.size_bytes or 0,
        etag=listed.etag or "",
        last_modified=listed.last_modified,
        content_type=DEFAULT_CONTENT_TYPE,
        version_id=listed.version_id,
    )
    return ObjectVersion(info=info, is_latest=listed.is_latest)
