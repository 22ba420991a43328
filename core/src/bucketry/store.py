"""The store: what everybody calls, whatever the driver.

It checks and normalises the arguments once, refuses what the driver did not declare, makes one call along the chain of
layers to the driver, and hands on the result.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

from bucketry import _normalisation as normalise
from bucketry import _plain_options as plain
from bucketry import _validation as check
from bucketry._chain import at_once_of, breakers_of, build_chain, peek_of
from bucketry._closed_store import refuse, refuse_methods, refusing_chain
from bucketry._declared import Declared
from bucketry._docstrings import add_errors_of_hooks
from bucketry._type_checks import check_type
from bucketry.acls import Acl
from bucketry.body import Body, BodySource
from bucketry.bucket_access import BucketAccess
from bucketry.bucket_settings import AnyBucketSettings, BucketSettings, LifecycleSettings, SettingsT, check_settings
from bucketry.clock import Clock
from bucketry.errors import InvalidArgument, InvalidDriver, NoSuchBucket, StoreClosed, TooLarge
from bucketry.features import Capabilities
from bucketry.headers import HEADER_FEATURES
from bucketry.hookspecs import DriverSpec
from bucketry.lifecycle._runner import runner_of
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
from bucketry.opened_object import OpenedObject
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
from bucketry.paging import check_page, iter_pages
from bucketry.s3 import MAX_PAGE
from bucketry.tagging import normalised_tags


class Store:
    """An object store over any driver. Threads can share it. Close it, or use it in a ``with`` statement.

    An iteration raises what its listing raises. Besides what it names itself, any method may raise:

    - ``InvalidBucketName``, ``InvalidKey`` or ``InvalidArgument`` for an argument that is not valid;
    - ``Unsupported`` for an operation that the driver does not have, or an option whose feature it does not declare;
    - ``AccessDenied``, ``Throttled``, ``Unavailable`` or ``BackendError`` for what the backend said, which is the
      error's ``__cause__``;
    - ``Unavailable`` for a listing whose pages do not move on, as where a cache repeats one;
    - ``StoreClosed`` after `close`.

    Attributes:
        async_calls: The operations that the driver has coroutines for, guarded, where no layer stands around them.
        capabilities: What the store can do.
        clock: The store's clock. It is the driver's too.
        peek_bucket_access: Returns what `get_bucket_access` would, without waiting; ``None``: the driver cannot say.
        answers_at_once: Says of a bucket and a key whether `get_object` and `head_object` find it in memory, so that an
            event loop may call them; false: they may wait.
        reads_origin: Whether a layer reads where calls come from. Servers set the origin then (`bucketry.origin`).
        breakers: The circuit breakers around the driver, and around each of those that it is made of.
        room_checks: What servers call before they read a body of known length, such as `Quota.require_room`.
    """

    def __init__(self, driver: DriverSpec, layers: Sequence[object] = (), *, clock: Clock | None = None) -> None:
        """Opens a store over a driver object; `open_store` makes one from a URL.

        Args:
            driver: The driver. The store closes it.
            layers: Hook wrappers around it; the last is outermost. They cannot be changed later. A layer that waits for
                anything (a clock, a network) has an attribute ``blocks`` that is true. One that reads the origin of
                calls has ``reads_origin``; one that changes and refuses nothing ``only_watches``. One that calls the
                driver itself has a method ``attach``, which is called with the driver now.
            clock: The clock; ``None``: the driver's, which shows the system's time until it is turned.

        Raises:
            InvalidDriver: The driver or a layer breaks the contract; the message says how.
        """
        self._chain, operations = build_chain(driver, layers)
        if clock is not None:
            driver.clock = clock
        self.clock = driver.clock
        self._lifecycle = runner_of(driver, self._chain, self.clock)
        self._features = driver.features.behind(layers)
        self._declared = Declared(self._features, driver.name, driver.lacks)
        self._driver_name = driver.name
        self._sdk = driver.sdk
        self.peek_bucket_access = peek_of(driver, layers, self._features, self.get_bucket_access)
        self.answers_at_once = at_once_of(driver, layers)
        self.reads_origin = any(getattr(layer, "reads_origin", False) for layer in layers)
        self.breakers = breakers_of(driver, layers)
        self.room_checks = tuple(check for layer in layers if (check := getattr(layer, "require_room", None)))
        self.async_calls: Mapping[str, Any] = {}
        if driver.async_driver is not None:
            from bucketry._async_chain import async_calls_of  # Few drivers have any.

            self.async_calls = async_calls_of(driver, layers)
        self._closed = False
        self._closing = threading.Lock()
        self.capabilities = Capabilities(
            driver=driver.name,
            contract_version=driver.contract_version,
            operations=operations,
            features=self._features,
            s3_endpoint=driver.s3_endpoint,
            lifecycle=driver.lifecycle,
        )

    def sdk(self) -> Any:
        """Returns the client of the driver's SDK, for what the contract does not have.

        Each driver documents the type. The client keeps the driver's endpoint, credentials and connections, and works
        until the store is closed. Its calls pass no layer, and its errors are the SDK's own.

        Raises:
            Unsupported: The driver has no SDK.
        """
        return self._sdk()

    def close(self) -> None:
        """Frees the driver's connections and memory. Closing again does nothing.

        From then on every other call raises `StoreClosed`. `capabilities` can still be read. An iteration that began
        before ends with `StoreClosed` at its next page. The content of an object that was opened before comes whole or
        ends in an error, as the driver decides; it is never cut short.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
        close = self._chain.close
        # The chain refuses too, for whoever kept one of the methods.
        self._chain, self._sdk = refusing_chain(), refuse
        refuse_methods(self)
        if self._lifecycle is not None:
            self._lifecycle.close()
        close()

    def __enter__(self) -> Self:
        if self._closed:
            raise StoreClosed("open another one for this with statement")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Store {self._driver_name}>"

    # The store as a whole

    def status(self) -> Status:
        """Says whether the backend responds and accepts the credentials. If it does not, that is not an error."""
        return self._chain.status()

    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Returns all buckets, in byte order of their names."""
        return self._chain.list_buckets()

    def bucket_usage(self, bucket: str) -> Usage:
        """Says how much a bucket holds, from which source, and when that was true.

        Raises:
            NoSuchBucket: It does not exist.
        """
        usage = self.bucket_usages([bucket]).get(bucket)
        if usage is None:
            raise NoSuchBucket(bucket=bucket)
        return usage

    def bucket_usages(self, buckets: Iterable[str]) -> dict[str, Usage]:
        """Says how much each of these buckets holds, in one call; a bucket that does not exist is left out."""
        names = normalise.names(buckets)
        return self._chain.bucket_usage(names) if names else {}

    def usage_report(self) -> UsageReport:
        """Says what the backend knows of its use beyond sizes: room on disk, owners, quotas, operations."""
        return self._chain.usage_report()

    # Buckets

    def create_bucket(self, bucket: str, options: CreateBucketOptions = plain.CREATE) -> BucketInfo:
        """Creates a bucket.

        Raises:
            InvalidBucketName: The name breaks S3's rules for new buckets.
        """
        check.check_new_bucket(bucket)
        self._declared.require(options, CreateBucketOptions)
        normalise.check_creation(options)
        return self._chain.create_bucket(bucket, options)

    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket."""
        check.check_bucket(bucket)
        return self._chain.head_bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """Deletes an empty bucket."""
        check.check_bucket(bucket)
        self._chain.delete_bucket(bucket)

    def get_bucket_settings(self, bucket: str, kind: type[SettingsT]) -> SettingsT:
        """Returns a bucket's settings of one kind, as `CorsSettings`; ``kind()`` where nothing is set.

        Raises:
            InvalidArgument: ``kind`` is not one of the kinds of settings.
            InvalidDriver: The driver returned settings of another kind.
        """
        check.check_bucket(bucket)
        self._declared.require_kind(kind)
        settings = self._chain.get_bucket_settings(bucket, cast("type[AnyBucketSettings]", kind))
        if not isinstance(settings, kind):
            came = type(settings).__name__
            raise InvalidDriver(f"the driver {self._driver_name!r} returned {came} where {kind.__name__} was asked for")
        return settings

    def put_bucket_settings(self, bucket: str, settings: BucketSettings) -> None:
        """Replaces a bucket's settings of one kind; `delete_bucket_settings` removes them.

        Raises:
            InvalidArgument: The settings are not valid, or nothing is set in them; the message says why.
        """
        check.check_bucket(bucket)
        settings = check_settings(settings)
        self._declared.require_kind(type(settings))
        self._chain.put_bucket_settings(bucket, cast("AnyBucketSettings", settings))
        if self._lifecycle is not None and isinstance(settings, LifecycleSettings):
            self._lifecycle.rules_changed()

    def delete_bucket_settings(self, bucket: str, kind: type[BucketSettings]) -> None:
        """Deletes a bucket's settings of one kind; if nothing is set, this is a no-op that succeeds.

        Raises:
            InvalidArgument: ``kind`` is not one of the kinds of settings.
        """
        check.check_bucket(bucket)
        self._declared.require_kind(kind)
        self._chain.delete_bucket_settings(bucket, cast("type[AnyBucketSettings]", kind))

    def get_bucket_access(self, bucket: str) -> BucketAccess:
        """Returns what is set on a bucket about who may use it: owner, policy, ACL, ownership, public access block."""
        check.check_bucket(bucket)
        return self._chain.get_bucket_access(bucket)

    # Listings

    def list_objects(self, bucket: str, options: ListOptions = plain.LIST) -> ObjectPage:
        """Lists one page of a bucket, in UTF-8 byte order; `iter_objects` gives all pages."""
        check.check_bucket(bucket)
        if options is not plain.LIST:
            self._declared.require_listing(options, ListOptions)
        page = self._chain.list_objects(bucket, options)
        check_page(page, options.cursor)
        return page

    def iter_objects(self, bucket: str, options: ListOptions = plain.LIST) -> Iterator[ObjectInfo]:
        """Yields all objects of a bucket that the options ask for, page after page.

        Common prefixes are left out; ``options.limit`` is the size of a page.
        """
        for page in self.iter_object_pages(bucket, options):
            yield from page.objects

    def iter_object_pages(self, bucket: str, options: ListOptions = plain.LIST) -> Iterator[ObjectPage]:
        """Yields all pages of a listing, with their common prefixes; ``options.limit`` is the size of a page."""
        return iter_pages(lambda asked: self.list_objects(bucket, asked), options)

    def list_object_versions(self, bucket: str, options: VersionListOptions = plain.LIST_VERSIONS) -> VersionPage:
        """Lists one page of the versions of a bucket's objects; `iter_object_versions` gives all."""
        check.check_bucket(bucket)
        self._declared.require_listing(options, VersionListOptions)
        page = self._chain.list_object_versions(bucket, options)
        check_page(page, options.cursor)
        return page

    def iter_object_versions(
        self, bucket: str, options: VersionListOptions = plain.LIST_VERSIONS
    ) -> Iterator[ObjectVersion | DeleteMarker]:
        """Yields all versions of a bucket's objects, and delete markers; common prefixes are left out."""
        for page in iter_pages(lambda asked: self.list_object_versions(bucket, asked), options):
            yield from page.versions

    # Objects

    def head_object(self, bucket: str, key: str, options: HeadOptions = plain.HEAD) -> ObjectInfo:
        """Returns an object without its content."""
        check.check_target(bucket, key)
        if options is not plain.HEAD:
            self._declared.require(options, HeadOptions)
            options = normalise.read_conditions(options)
        return self._chain.head_object(bucket, key, options)

    def get_object_attributes(
        self, bucket: str, key: str, options: AttributesOptions = plain.ATTRIBUTES
    ) -> ObjectAttributes:
        """Returns an object with one page of the parts that it was uploaded in."""
        check.check_target(bucket, key)
        if options is not plain.ATTRIBUTES:
            self._declared.require(options, AttributesOptions)
            normalise.check_attributes(options)
        return self._chain.get_object_attributes(bucket, key, options)

    def get_object(self, bucket: str, key: str, options: GetOptions = plain.GET) -> OpenedObject:
        """Opens an object, or a range or part of it, for reading; use it in a ``with`` statement."""
        check.check_target(bucket, key)
        if options is not plain.GET:
            self._declared.require(options, GetOptions)
            options = normalise.get(options)
        return self._chain.get_object(bucket, key, options)

    def put_object(self, bucket: str, key: str, body: Body | BodySource, options: PutOptions = plain.PUT) -> ObjectInfo:
        """Stores an object; a reader sees the old one or the new one, whole.

        Args:
            bucket: The bucket.
            key: The key, byte for byte.
            body: Bytes, a binary file, an iterable of pieces, or a `Body` where the length of these is known.
            options: Headers and tags of the object, and conditions.

        Raises:
            IncompleteBody: The body broke off; nothing was stored.
            BadDigest: The body has another digest than ``content_md5`` or ``checksum``; nothing was stored.
            InvalidChecksum: ``checksum`` is malformed, or its algorithm does not exist.
            InvalidArgument: ``body`` is a `Body` that somebody has read from.
        """
        check.check_target(bucket, key)
        content = Body(body) if type(body) is bytes else normalise.content(body)
        if options is not plain.PUT and not check.has_checked_type_alone(options):
            self._declared.require(options, PutOptions)
            options = normalise.put(options)
            normalise.require_digests(content, options)
        most = self._features.max_put_size
        content.limit = most
        if content.length is not None and content.length > most:
            raise TooLarge(f"one put takes at most {most} bytes", max_size_bytes=most, bucket=bucket, key=key)
        return self._chain.put_object(bucket, key, content, options)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions = plain.COPY
    ) -> ObjectInfo:
        """Copies an object within the backend: content, headers, metadata and tags, or those of ``options``."""
        check.check_target(source_bucket, source_key)
        check.check_target(bucket, key)
        self._declared.require(options, CopyOptions)
        if options.headers is not None:
            self._declared.require_fields(options.headers, HEADER_FEATURES)
        if options.tags is not None:  # Empty tags, too, are tags of the copy's own.
            self._declared.require_feature("copy_tagging", "the option tags")
        options = normalise.copy(options)
        if (source_bucket, source_key) == (bucket, key) and normalise.changes_nothing(options):
            raise InvalidArgument(
                "a copy of an object onto itself needs new headers", field="headers", bucket=bucket, key=key
            )
        return self._chain.copy_object(source_bucket, source_key, bucket, key, options)

    def delete_object(self, bucket: str, key: str, options: DeleteOptions = plain.DELETE) -> Deleted:
        """Deletes an object or one version of it; if there is no such thing, this is a no-op that succeeds."""
        check.check_target(bucket, key)
        if options is not plain.DELETE:
            self._declared.require(options, DeleteOptions)
            options = normalise.delete(options)
        return self._chain.delete_object(bucket, key, options)

    def delete_objects(
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
        check.check_bucket(bucket)
        wanted = normalise.batch(objects)
        self._declared.require(options, BatchDeleteOptions)
        if any(entry.version_id is not None for entry in wanted):
            self._declared.require_feature("bucket_versioning", "the version of an object")
        results = [
            self._chain.delete_objects(bucket, wanted[start : start + MAX_PAGE], options)
            for start in range(0, len(wanted), MAX_PAGE)
        ]
        return DeleteResult(
            tuple(entry for result in results for entry in result.deleted),
            tuple(failure for result in results for failure in result.failed),
        )

    def presign(self, bucket: str, key: str, options: PresignOptions = plain.PRESIGN) -> PresignedUrl:
        """Makes a URL that lets its holder download or upload this object for a while. It is a secret."""
        check.check_target(bucket, key)
        check.check_options(options, PresignOptions)
        normalise.presign(options)
        self._declared.require_declared(options)
        return self._chain.presign(bucket, key, options)

    # Tags of objects

    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions = plain.VERSION) -> Mapping[str, str]:
        """Returns an object's tags; empty where it has none. `head_object` says their number."""
        self._declared.require_version(bucket, key, options, VersionOptions)
        return self._chain.get_object_tagging(bucket, key, options)

    def put_object_tagging(
        self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions = plain.VERSION
    ) -> None:
        """Replaces an object's tags; its content and etag stay as they are.

        Raises:
            InvalidArgument: There are more than 10 tags, or one breaks S3's rules.
        """
        self._declared.require_version(bucket, key, options, VersionOptions)
        self._chain.put_object_tagging(bucket, key, normalised_tags(tags), options)

    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions = plain.VERSION) -> None:
        """Deletes all tags of an object; if it has none, this is a no-op that succeeds."""
        self._declared.require_version(bucket, key, options, VersionOptions)
        self._chain.delete_object_tagging(bucket, key, options)

    # Locks and access control lists of versions

    def put_object_retention(
        self, bucket: str, key: str, retention: Retention, options: RetentionOptions = plain.RETENTION
    ) -> None:
        """Replaces the retention of a version; `head_object` tells it, and ``Retention()`` removes it."""
        self._declared.require_version(bucket, key, options, RetentionOptions)
        check_type(retention, Retention, "a retention", field="retention")
        self._chain.put_object_retention(bucket, key, retention.checked(), options)

    def put_object_legal_hold(
        self,
        bucket: str,
        key: str,
        legal_hold: bool,
        options: VersionOptions = plain.VERSION,
    ) -> None:
        """Sets or removes the legal hold of a version; `head_object` tells it."""
        self._declared.require_version(bucket, key, options, VersionOptions)
        check_type(legal_hold, bool, "a legal hold", field="legal_hold")
        self._chain.put_object_legal_hold(bucket, key, legal_hold, options)

    def get_object_acl(self, bucket: str, key: str, options: VersionOptions = plain.VERSION) -> Acl:
        """Returns the access control list of a version."""
        self._declared.require_version(bucket, key, options, VersionOptions)
        return self._chain.get_object_acl(bucket, key, options)

    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions = plain.VERSION) -> None:
        """Replaces the access control list of a version."""
        self._declared.require_version(bucket, key, options, VersionOptions)
        check_type(acl, Acl, "an access control list", field="acl")
        self._chain.put_object_acl(bucket, key, acl.checked(), options)

    # Multipart uploads

    def list_multipart_uploads(self, bucket: str, options: UploadListOptions = plain.LIST_UPLOADS) -> UploadPage:
        """Lists one page of the multipart uploads in progress, by key and then by time."""
        check.check_bucket(bucket)
        self._declared.require_listing(options, UploadListOptions)
        page = self._chain.list_multipart_uploads(bucket, options)
        check_page(page, options.cursor)
        return page

    def iter_multipart_uploads(self, bucket: str, options: UploadListOptions = plain.LIST_UPLOADS) -> Iterator[Upload]:
        """Yields all multipart uploads in progress."""
        for page in iter_pages(lambda asked: self.list_multipart_uploads(bucket, asked), options):
            yield from page.uploads

    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions = plain.UPLOAD) -> Upload:
        """Begins a multipart upload; the key keeps its object until the upload is completed.

        Raises:
            InvalidChecksum: The checksum's algorithm does not exist, or has no checksum of that type.
        """
        check.check_target(bucket, key)
        self._declared.require(options, UploadOptions)
        return self._chain.create_multipart_upload(bucket, key, normalise.upload(options))

    def upload_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        body: Body | BodySource,
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
        check.check_upload(bucket, key, upload_id)
        check.check_part_number(part_number, self._features.max_parts)
        content = normalise.content(body)
        if options is not plain.PART:
            self._declared.require(options, PartOptions)
            options = normalise.digests(options)
            normalise.require_digests(content, options)
        most = self._features.max_part_size
        content.limit = most
        if content.length is not None and content.length > most:
            raise TooLarge(f"a part has at most {most} bytes", max_size_bytes=most, bucket=bucket, key=key)
        return self._chain.upload_part(bucket, key, upload_id, part_number, content, options)

    def upload_part_copy(
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
        check.check_upload(bucket, key, upload_id)
        check.check_part_number(part_number, self._features.max_parts)
        check.check_target(source_bucket, source_key)
        self._declared.require(options, PartCopyOptions)
        options = normalise.part_copy(options)
        wanted, most = options.range, self._features.max_part_size
        if wanted is not None and (wanted.last or 0) - (wanted.first or 0) >= most:
            raise TooLarge(f"a part has at most {most} bytes", max_size_bytes=most, bucket=bucket, key=key)
        return self._chain.upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, options)

    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions = plain.LIST_PARTS) -> PartPage:
        """Lists one page of an upload's parts, in ascending number; `iter_parts` gives all."""
        check.check_upload(bucket, key, upload_id)
        self._declared.require_listing(options, PageOptions)
        page = self._chain.list_parts(bucket, key, upload_id, options)
        check_page(page, options.cursor)
        return page

    def iter_parts(
        self, bucket: str, key: str, upload_id: str, options: PageOptions = plain.LIST_PARTS
    ) -> Iterator[Part]:
        """Yields all parts of an upload."""
        for page in iter_pages(lambda asked: self.list_parts(bucket, key, upload_id, asked), options):
            yield from page.parts

    def complete_multipart_upload(
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
        check.check_upload(bucket, key, upload_id)
        self._declared.require(options, CompleteOptions)
        listed = normalise.listed_parts(parts)
        for part in listed:
            if part.checksum is not None:
                self._declared.require_checksum(part.checksum, "the checksum of a part")
        return self._chain.complete_multipart_upload(bucket, key, upload_id, listed, normalise.completion(options))

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload and frees its parts."""
        check.check_upload(bucket, key, upload_id)
        self._chain.abort_multipart_upload(bucket, key, upload_id)


add_errors_of_hooks(Store)
