"""The operations of `AsyncStore`.

Written by `make aio` from `bucketry.store`; do not edit. `make check` compares.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from bucketry import _plain_options as plain
from bucketry._docstrings import add_errors_of_hooks
from bucketry.acls import Acl
from bucketry.aio._bodies import AsyncBodySource
from bucketry.aio._calls import AsyncCalls
from bucketry.aio._listing import AsyncEntries, AsyncPages
from bucketry.aio._opened_object import AsyncOpenedObject
from bucketry.aio._opening import Opening
from bucketry.bucket_access import BucketAccess
from bucketry.bucket_settings import BucketSettings, SettingsT
from bucketry.models import (
    BucketInfo,
    CompletedPart,
    Deleted,
    DeleteMarker,
    DeleteResult,
    ObjectAttributes,
    ObjectInfo,
    ObjectPage,
    ObjectToDelete,
    ObjectVersion,
    Part,
    PartPage,
    PresignedUrl,
    Status,
    Upload,
    UploadPage,
    Usage,
    UsageReport,
    VersionPage,
)
from bucketry.object_lock import Retention
from bucketry.options import (
    AttributesOptions,
    BatchDeleteOptions,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    ListOptions,
    PageOptions,
    PartCopyOptions,
    PartOptions,
    PresignOptions,
    PutOptions,
    RetentionOptions,
    UploadListOptions,
    UploadOptions,
    VersionListOptions,
    VersionOptions,
)


class AsyncOperations(AsyncCalls):
    """The methods of a store, to be awaited. How their calls are made is the matter of `AsyncCalls`."""

    _handed_on = frozenset(
        {
            "abort_multipart_upload",
            "complete_multipart_upload",
            "copy_object",
            "create_bucket",
            "create_multipart_upload",
            "delete_bucket",
            "delete_bucket_settings",
            "delete_object",
            "delete_object_tagging",
            "get_bucket_access",
            "get_object",
            "get_object_acl",
            "get_object_attributes",
            "get_object_tagging",
            "head_bucket",
            "head_object",
            "list_buckets",
            "presign",
            "put_object",
            "put_object_acl",
            "put_object_legal_hold",
            "put_object_retention",
            "put_object_tagging",
            "status",
            "upload_part",
            "upload_part_copy",
            "usage_report",
        }
    )

    async def sdk(self) -> Any:
        """Returns the client of the driver's SDK, for what the contract does not have.

        Each driver documents the type. The client keeps the driver's endpoint, credentials and connections, and works
        until the store is closed. Its calls pass no layer, and its errors are the SDK's own.

        Raises:
            Unsupported: The driver has no SDK.
        """
        return await self._read(self._store.sdk)

    async def status(self) -> Status:
        """Says whether the backend responds and accepts the credentials. If it does not, that is not an error."""
        return await self._read(self._store.status)

    async def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Returns all buckets, in byte order of their names."""
        return await self._read(self._store.list_buckets)

    async def bucket_usage(self, bucket: str) -> Usage:
        """Says how much a bucket holds, from which source, and when that was true.

        Raises:
            NoSuchBucket: It does not exist.
        """
        return await self._read(self._store.bucket_usage, bucket)

    async def bucket_usages(self, buckets: Iterable[str]) -> dict[str, Usage]:
        """Says how much each of these buckets holds, in one call; a bucket that does not exist is left out."""
        return await self._read(self._store.bucket_usages, buckets)

    async def usage_report(self) -> UsageReport:
        """Says what the backend knows of its use beyond sizes: room on disk, owners, quotas, operations."""
        return await self._read(self._store.usage_report)

    async def create_bucket(self, bucket: str, options: CreateBucketOptions = plain.CREATE) -> BucketInfo:
        """Creates a bucket.

        Raises:
            InvalidBucketName: The name breaks S3's rules for new buckets.
        """
        return await self._write(self._store.create_bucket, bucket, options)

    async def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket."""
        return await self._read(self._store.head_bucket, bucket)

    async def delete_bucket(self, bucket: str) -> None:
        """Deletes an empty bucket."""
        await self._write(self._store.delete_bucket, bucket)

    async def get_bucket_settings(self, bucket: str, kind: type[SettingsT]) -> SettingsT:
        """Returns a bucket's settings of one kind, as `CorsSettings`; ``kind()`` where nothing is set.

        Raises:
            InvalidArgument: ``kind`` is not one of the kinds of settings.
            InvalidDriver: The driver returned settings of another kind.
        """
        return await self._read(self._store.get_bucket_settings, bucket, kind)

    async def put_bucket_settings(self, bucket: str, settings: BucketSettings) -> None:
        """Replaces a bucket's settings of one kind; `delete_bucket_settings` removes them.

        Raises:
            InvalidArgument: The settings are not valid, or nothing is set in them; the message says why.
        """
        await self._write(self._store.put_bucket_settings, bucket, settings)

    async def delete_bucket_settings(self, bucket: str, kind: type[BucketSettings]) -> None:
        """Deletes a bucket's settings of one kind; if nothing is set, this is a no-op that succeeds.

        Raises:
            InvalidArgument: ``kind`` is not one of the kinds of settings.
        """
        await self._write(self._store.delete_bucket_settings, bucket, kind)

    async def get_bucket_access(self, bucket: str) -> BucketAccess:
        """Returns what is set on a bucket about who may use it: owner, policy, ACL, ownership, public access block."""
        return await self._read(self._store.get_bucket_access, bucket)

    async def list_objects(self, bucket: str, options: ListOptions = plain.LIST) -> ObjectPage:
        """Lists one page of a bucket, in UTF-8 byte order; `iter_objects` gives all pages."""
        return await self._read(self._store.list_objects, bucket, options)

    def iter_objects(self, bucket: str, options: ListOptions = plain.LIST) -> AsyncIterator[ObjectInfo]:
        """Yields all objects of a bucket that the options ask for, page after page.

        Common prefixes are left out; ``options.limit`` is the size of a page.
        """
        return AsyncEntries(AsyncPages(partial(self.list_objects, bucket), options), lambda page: page.objects)

    def iter_object_pages(self, bucket: str, options: ListOptions = plain.LIST) -> AsyncIterator[ObjectPage]:
        """Yields all pages of a listing, with their common prefixes; ``options.limit`` is the size of a page."""
        return AsyncPages(partial(self.list_objects, bucket), options)

    async def list_object_versions(self, bucket: str, options: VersionListOptions = plain.LIST_VERSIONS) -> VersionPage:
        """Lists one page of the versions of a bucket's objects; `iter_object_versions` gives all."""
        return await self._read(self._store.list_object_versions, bucket, options)

    def iter_object_versions(
        self, bucket: str, options: VersionListOptions = plain.LIST_VERSIONS
    ) -> AsyncIterator[ObjectVersion | DeleteMarker]:
        """Yields all versions of a bucket's objects, and delete markers; common prefixes are left out."""
        return AsyncEntries(AsyncPages(partial(self.list_object_versions, bucket), options), lambda page: page.versions)

    async def head_object(self, bucket: str, key: str, options: HeadOptions = plain.HEAD) -> ObjectInfo:
        """Returns an object without its content."""
        return await self._read(self._store.head_object, bucket, key, options)

    async def get_object_attributes(
        self, bucket: str, key: str, options: AttributesOptions = plain.ATTRIBUTES
    ) -> ObjectAttributes:
        """Returns an object with one page of the parts that it was uploaded in."""
        return await self._read(self._store.get_object_attributes, bucket, key, options)

    def get_object(self, bucket: str, key: str, options: GetOptions = plain.GET) -> Opening[AsyncOpenedObject]:
        """Opens an object, or a range or part of it, for reading; use it in an ``async with`` statement."""
        return Opening(partial(self._open, self._store.get_object, bucket, key, options))

    async def put_object(
        self, bucket: str, key: str, body: AsyncBodySource, options: PutOptions = plain.PUT
    ) -> ObjectInfo:
        """Stores an object; a reader sees the old one or the new one, whole.

        Args:
            bucket: The bucket.
            key: The key, byte for byte.
            body: Bytes, a binary file, an iterable of pieces, or a `Body` where the length of these is known. The file
                and the iterable may be async; then an `AsyncBody` says the length.
            options: Headers and tags of the object, and conditions.

        Raises:
            IncompleteBody: The body broke off; nothing was stored.
            BadDigest: The body has another digest than ``content_md5`` or ``checksum``; nothing was stored.
            InvalidChecksum: ``checksum`` is malformed, or its algorithm does not exist.
            InvalidArgument: ``body`` is a `Body` that somebody has read from.
        """
        return await self._send(self._store.put_object, (bucket, key), body, options)

    async def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions = plain.COPY
    ) -> ObjectInfo:
        """Copies an object within the backend: content, headers, metadata and tags, or those of ``options``."""
        return await self._write(self._store.copy_object, source_bucket, source_key, bucket, key, options)

    async def delete_object(self, bucket: str, key: str, options: DeleteOptions = plain.DELETE) -> Deleted:
        """Deletes an object or one version of it; if there is no such thing, this is a no-op that succeeds."""
        return await self._write(self._store.delete_object, bucket, key, options)

    async def delete_objects(
        self, bucket: str, objects: Iterable[str | ObjectToDelete], options: BatchDeleteOptions = plain.BATCH_DELETE
    ) -> DeleteResult:
        """Deletes any number of objects, 1,000 in each call; one that fails does not stop the others.

        Args:
            bucket: The bucket.
            objects: Keys, or keys with the version to delete.
            options: What holds for all of them.

        Returns:
            Every entry once, as deleted (also where it did not exist) or failed, in the order given.

        Raises:
            InvalidKey: One of the keys is not valid; nothing was deleted.
        """
        return await self._write(self._store.delete_objects, bucket, objects, options)

    async def presign(self, bucket: str, key: str, options: PresignOptions = plain.PRESIGN) -> PresignedUrl:
        """Makes a URL that lets its holder download or upload this object for a while. It is a secret."""
        return await self._write(self._store.presign, bucket, key, options)

    async def get_object_tagging(
        self, bucket: str, key: str, options: VersionOptions = plain.VERSION
    ) -> Mapping[str, str]:
        """Returns an object's tags; empty where it has none. `head_object` says their number."""
        return await self._read(self._store.get_object_tagging, bucket, key, options)

    async def put_object_tagging(
        self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions = plain.VERSION
    ) -> None:
        """Replaces an object's tags; its content and etag stay as they are.

        Raises:
            InvalidArgument: There are more than 10 tags, or one breaks S3's rules.
        """
        await self._write(self._store.put_object_tagging, bucket, key, tags, options)

    async def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions = plain.VERSION) -> None:
        """Deletes all tags of an object; if it has none, this is a no-op that succeeds."""
        await self._write(self._store.delete_object_tagging, bucket, key, options)

    async def put_object_retention(
        self, bucket: str, key: str, retention: Retention, options: RetentionOptions = plain.RETENTION
    ) -> None:
        """Replaces the retention of a version; `head_object` tells it, and ``Retention()`` removes it."""
        await self._write(self._store.put_object_retention, bucket, key, retention, options)

    async def put_object_legal_hold(
        self, bucket: str, key: str, legal_hold: bool, options: VersionOptions = plain.VERSION
    ) -> None:
        """Sets or removes the legal hold of a version; `head_object` tells it."""
        await self._write(self._store.put_object_legal_hold, bucket, key, legal_hold, options)

    async def get_object_acl(self, bucket: str, key: str, options: VersionOptions = plain.VERSION) -> Acl:
        """Returns the access control list of a version."""
        return await self._read(self._store.get_object_acl, bucket, key, options)

    async def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions = plain.VERSION) -> None:
        """Replaces the access control list of a version."""
        await self._write(self._store.put_object_acl, bucket, key, acl, options)

    async def list_multipart_uploads(self, bucket: str, options: UploadListOptions = plain.LIST_UPLOADS) -> UploadPage:
        """Lists one page of the multipart uploads in progress, by key and then by time."""
        return await self._read(self._store.list_multipart_uploads, bucket, options)

    def iter_multipart_uploads(
        self, bucket: str, options: UploadListOptions = plain.LIST_UPLOADS
    ) -> AsyncIterator[Upload]:
        """Yields all multipart uploads in progress."""
        return AsyncEntries(
            AsyncPages(partial(self.list_multipart_uploads, bucket), options), lambda page: page.uploads
        )

    async def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions = plain.UPLOAD) -> Upload:
        """Begins a multipart upload; the key keeps its object until the upload is completed.

        Raises:
            InvalidChecksum: The checksum's algorithm does not exist, or has no checksum of that type.
        """
        return await self._begin(self._store.create_multipart_upload, bucket, key, options)

    async def upload_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        body: AsyncBodySource,
        options: PartOptions = plain.PART,
    ) -> Part:
        """Stores one part; a part that is sent again replaces the one before.

        Raises:
            InvalidArgument: The part number is not 1 to the driver's ``max_parts``, or ``body`` is a `Body` that
                somebody has read from.
            TooLarge: The part is larger than the driver's ``max_part_size``.
            IncompleteBody: The body broke off; nothing was stored.
            BadDigest: The body has another digest than ``content_md5`` or ``checksum``; nothing was stored.
        """
        return await self._send(self._store.upload_part, (bucket, key, upload_id, part_number), body, options)

    async def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions = plain.PART_COPY,
    ) -> Part:
        """Stores one part whose content is an object's, or a range of it; nothing passes through the caller.

        Raises:
            InvalidArgument: The part number is not 1 to the driver's ``max_parts``, or the range lacks an end.
        """
        return await self._write(
            self._store.upload_part_copy, bucket, key, upload_id, part_number, source_bucket, source_key, options
        )

    async def list_parts(
        self, bucket: str, key: str, upload_id: str, options: PageOptions = plain.LIST_PARTS
    ) -> PartPage:
        """Lists one page of an upload's parts, in ascending number; `iter_parts` gives all."""
        return await self._read(self._store.list_parts, bucket, key, upload_id, options)

    def iter_parts(
        self, bucket: str, key: str, upload_id: str, options: PageOptions = plain.LIST_PARTS
    ) -> AsyncIterator[Part]:
        """Yields all parts of an upload."""
        return AsyncEntries(
            AsyncPages(partial(self.list_parts, bucket, key, upload_id), options), lambda page: page.parts
        )

    async def complete_multipart_upload(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        parts: Sequence[CompletedPart | Part],
        options: CompleteOptions = plain.COMPLETE,
    ) -> ObjectInfo:
        """Makes the listed parts the object; parts that are not listed are discarded, where the driver can do that.

        Raises:
            InvalidPart: The part numbers are not ascending, or there is no part.
        """
        return await self._write(self._store.complete_multipart_upload, bucket, key, upload_id, parts, options)

    async def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload and frees its parts."""
        await self._write(self._store.abort_multipart_upload, bucket, key, upload_id)


add_errors_of_hooks(AsyncOperations)
