"""The router: all of its operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from bucketry import (
    DONE,
    Acl,
    AnyBucketSettings,
    BatchDeleteOptions,
    Body,
    BucketAccess,
    BucketInfo,
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
    InvalidBucketName,
    InvalidSettings,
    ListOptions,
    NoSuchBucket,
    ObjectAttributes,
    ObjectInfo,
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
    Retention,
    RetentionOptions,
    Status,
    Unavailable,
    Unsupported,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
    Usage,
    UsageReport,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.clock import Clock
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.options import AttributesOptions
from bucketry.paging import iter_pages
from bucketry.presigning import presigned_url
from bucketry.sigv4 import Credentials, Presigner
from typing_extensions import override

from bucketry_router.capabilities import common_features, lacking, lifecycle_of
from bucketry_router.placements import Placements
from bucketry_router.reports import merged_report, status_of
from bucketry_router.routes import Routes
from bucketry_router.settings import RouterSettings
from bucketry_router.stores import Layers, Stores, open_stores
from bucketry_router.transfers import Place, copy_across, copy_part_across

_NO_STORE: Final = "no store of the router takes a bucket of this name"


class RouterDriver(DriverSpec):
    """Several stores as one: each bucket lies in one of them, as the patterns of its name say.

    It declares what all stores have. Copies between two stores pass through. A store that is down makes its own buckets
    unavailable, and no others. Threads may share it.
    """

    name = "router"
    contract_version = 3
    Settings = RouterSettings

    def __init__(
        self,
        settings: RouterSettings,
        *,
        drivers: Mapping[str, DriverSpec] = MappingProxyType({}),
        layers: Layers = lambda _: (),
    ) -> None:
        """Opens the stores; asks their backends nothing.

        Args:
            settings: The stores.
            drivers: Drivers in place of those that the URLs name, by the names of their stores. The router closes them.
            layers: Returns the layers around a store, by its name.

        Raises:
            InvalidSettings: The settings of a store cannot be used, or the file of placements cannot.
            InvalidDriver: A driver or a layer breaks the contract.
        """
        self._settings = settings
        self._presigner = _presigner(settings)
        self._stores = Stores(open_stores(settings, drivers, layers))
        self._routes = Routes(settings.stores)
        held = self._stores.by_name
        self._placements = None if settings.placements is None else Placements(settings.placements, tuple(held))
        signs = self._presigner is not None
        self.features = common_features(tuple(held.values()), presigns=signs)
        self.lacks = lacking(held, presigns=signs)
        self.breakers = tuple(breaker for store in held.values() for breaker in store.breakers)
        self.lifecycle = lifecycle_of(tuple(held.values())) or "backend"
        self.clock = Clock()  # The stores get it too.

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self._stores.by_name)}>"

    @property
    def clock(self) -> Clock:
        """The clock of all stores."""
        return self._clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._clock = clock
        for store in self._stores.by_name.values():
            store.driver.clock = clock

    def store_of(self, bucket: str) -> str | None:
        """Returns the name of the store that a bucket lies in; ``None``: no store takes a bucket of this name."""
        placement = None if self._placements is None else self._placements.of(bucket)
        return self._routes.store_of(bucket) if placement is None else placement.store

    def sdk_of(self, store: str) -> object:
        """Returns the client of a store's SDK, as `Store.sdk` does for a store of one backend.

        Args:
            store: Name of the store.

        Raises:
            InvalidSettings: There is no store of this name.
            Unsupported: Its driver has no SDK.
        """
        found = self._stores.by_name.get(store)
        if found is None:
            raise InvalidSettings(f"no store is named {store!r} (stores: {', '.join(self._stores.by_name)})")
        return found.driver.sdk()

    @override
    def sdk(self) -> Callable[[str], object]:
        """Returns a function that returns the SDK's client of a store, by its name; see `sdk_of`."""
        return self.sdk_of

    @override
    def check_new_key(self, bucket: str, key: str) -> None:
        """Refuses a key that the backend of the bucket's store cannot hold."""
        self._place(bucket).store.driver.check_new_key(bucket, key)

    # Where a bucket lies

    def _place(self, bucket: str, key: str = "") -> Place:
        name = self.store_of(bucket)
        if name is None:
            raise NoSuchBucket(_NO_STORE, bucket=bucket)
        return Place(self._stores.by_name[name], name, bucket, key)

    def _at(self, bucket: str) -> DriverSpec:
        """Returns the operations of the store that a bucket lies in, for a call that writes nothing."""
        return self._place(bucket).store.calls

    def _to(self, bucket: str) -> DriverSpec:
        """Returns them for a call that writes.

        Raises:
            Unavailable: The bucket is being moved.
        """
        self._require_writable(bucket)
        return self._at(bucket)

    def _to_facts(self, bucket: str) -> DriverSpec:
        """Returns them for a call that changes facts of a bucket or an object, and no content.

        Raises:
            Unavailable: The bucket is being copied, or moved.
        """
        placement = None if self._placements is None else self._placements.of(bucket)
        if placement is not None and placement.state != "settled":
            raise Unavailable(
                "the bucket is being copied to another store: settings, tags, ACLs and locks cannot change until then",
                bucket=bucket,
            )
        return self._at(bucket)

    def _require_writable(self, bucket: str) -> None:
        placement = None if self._placements is None else self._placements.of(bucket)
        if placement is not None and placement.state == "read-only":
            raise Unavailable("the bucket is being moved to another store: it is read-only for a moment", bucket=bucket)

    def _pulled(self, bucket: str, body: Body) -> Body:
        """Has a body break off if its bucket is being moved before it has come whole: the put would be lost."""
        if self._placements is not None:

            def checked(pieces: Iterator[bytes]) -> Iterator[bytes]:
                for piece in pieces:
                    self._require_writable(bucket)
                    yield piece
                self._require_writable(bucket)

            body.wrap(checked)
        return body

    # The store as a whole

    @override
    @hookimpl
    def status(self) -> Status:
        """Asks all stores, side by side; ``stores`` has what each says."""
        answers = self._stores.ask(lambda _, calls: calls.status())
        return status_of(tuple(self._stores.by_name), answers, self._settings)

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists the buckets of all stores, side by side.

        A store that is down is left out, and the log says so. A bucket is listed where its name leads to alone.

        Raises:
            Unavailable: All stores are down.
        """
        answers = self._stores.ask(lambda _, calls: calls.list_buckets())
        self._stores.note_listing(answers)
        found = [info for name, infos in answers.results.items() for info in infos if self.store_of(info.name) == name]
        return tuple(sorted(found, key=lambda info: info.name))

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Asks the stores of these buckets, side by side.

        Raises:
            Unavailable: One of them is down: its buckets cannot be left out, since they exist.
        """
        groups: dict[str, list[str]] = {}
        for bucket in buckets:
            if (name := self.store_of(bucket)) is not None:
                groups.setdefault(name, []).append(bucket)
        answers = self._stores.ask(lambda name, calls: calls.bucket_usage(tuple(groups[name])), groups)
        for error in answers.down.values():
            raise error
        found = {bucket: usage for usages in answers.results.values() for bucket, usage in usages.items()}
        return {bucket: found[bucket] for bucket in buckets if bucket in found}

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Joins the reports of all stores. A store that is down is left out, as in `list_buckets`."""
        answers = self._stores.ask(lambda _, calls: calls.usage_report())
        self._stores.note_listing(answers)
        return merged_report(answers.results, self.store_of)

    @override
    @hookimpl
    def close(self) -> Done:
        """Closes all stores."""
        self._stores.close()
        return DONE

    # Buckets

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket in the store that its name leads to.

        Raises:
            InvalidBucketName: No store takes a bucket of this name.
        """
        if self.store_of(bucket) is None:
            raise InvalidBucketName(_NO_STORE, bucket=bucket)
        return self._to(bucket).create_bucket(bucket, options)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket."""
        return self._at(bucket).head_bucket(bucket)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes a bucket that holds no object."""
        return self._to_facts(bucket).delete_bucket(bucket)

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page of a bucket's objects. The cursor is the store's."""
        return self._at(bucket).list_objects(bucket, options)

    @override
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists one page of the versions of a bucket's objects."""
        return self._at(bucket).list_object_versions(bucket, options)

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of the uploads in progress."""
        return self._at(bucket).list_multipart_uploads(bucket, options)

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind."""
        return self._at(bucket).get_bucket_settings(bucket, kind)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces a bucket's settings of one kind."""
        return self._to_facts(bucket).put_bucket_settings(bucket, settings)

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind."""
        return self._to_facts(bucket).delete_bucket_settings(bucket, kind)

    @override
    @hookimpl
    def get_bucket_access(self, bucket: str) -> BucketAccess:
        """Returns what is set on a bucket about who may use it."""
        return self._at(bucket).get_bucket_access(bucket)

    # Objects

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content."""
        return self._at(bucket).head_object(bucket, key, options)

    @override
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns an object with one page of its parts."""
        return self._at(bucket).get_object_attributes(bucket, key, options)

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object for reading."""
        return self._at(bucket).get_object(bucket, key, options)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object."""
        return self._to(bucket).put_object(bucket, key, self._pulled(bucket, body), options)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object within its store, or reads it from one store and writes it to another."""
        source, target = self._place(source_bucket, source_key), self._place(bucket, key)
        self._require_writable(bucket)
        if source.name == target.name:
            return target.store.calls.copy_object(source_bucket, source_key, bucket, key, options)
        return copy_across(source, target, options)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version, or makes a delete marker."""
        return self._to(bucket).delete_object(bucket, key, options)

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes many objects or versions."""
        return self._to(bucket).delete_objects(bucket, objects, options)

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the endpoint that serves the router; if there is none, the bucket's store signs one."""
        if self._presigner is None:
            return self._at(bucket).presign(bucket, key, options)
        return presigned_url(self._presigner, bucket, key, options, now=self._clock.now())

    # Tags, locks and access control lists

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags."""
        return self._at(bucket).get_object_tagging(bucket, key, options)

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces an object's tags."""
        return self._to_facts(bucket).put_object_tagging(bucket, key, tags, options)

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Deletes all tags of an object."""
        return self._to_facts(bucket).delete_object_tagging(bucket, key, options)

    @override
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version."""
        return self._to_facts(bucket).put_object_retention(bucket, key, retention, options)

    @override
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version."""
        return self._to_facts(bucket).put_object_legal_hold(bucket, key, legal_hold, options)

    @override
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version."""
        return self._at(bucket).get_object_acl(bucket, key, options)

    @override
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        """Replaces the access control list of a version."""
        return self._to_facts(bucket).put_object_acl(bucket, key, acl, options)

    # Multipart uploads

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        return self._to(bucket).create_multipart_upload(bucket, key, options)

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores one part."""
        pulled = self._pulled(bucket, body)
        return self._to(bucket).upload_part(bucket, key, upload_id, part_number, pulled, options)

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
        """Stores one part whose content is an object's: within its store, or from one store to another."""
        source, target = self._place(source_bucket, source_key), self._place(bucket, key)
        self._require_writable(bucket)
        if source.name == target.name:
            return target.store.calls.upload_part_copy(
                bucket, key, upload_id, part_number, source_bucket, source_key, options
            )
        return copy_part_across(source, target, upload_id, part_number, options)

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of an upload's parts."""
        return self._at(bucket).list_parts(bucket, key, upload_id, options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the listed parts the object. All stored parts must be listed, if one of the stores needs that."""
        target = self._place(bucket, key)
        self._require_writable(bucket)
        if target.store.features.complete_subset and not self.features.complete_subset:
            _require_all_parts(target.store.calls, bucket, key, upload_id, parts)
        return target.store.calls.complete_multipart_upload(bucket, key, upload_id, parts, options)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload."""
        return self._to(bucket).abort_multipart_upload(bucket, key, upload_id)


def _require_all_parts(
    calls: DriverSpec, bucket: str, key: str, upload_id: str, listed: tuple[CompletedPart, ...]
) -> None:
    """Refuses to leave a stored part out: what a router does must not depend on the store that a bucket lies in.

    Raises:
        Unsupported: Parts are stored that are not listed, and those that are listed are stored.
    """
    pages = iter_pages(partial(calls.list_parts, bucket, key, upload_id), PageOptions())
    stored = {part.part_number: part.etag for page in pages for part in page.parts}
    if len(stored) > len(listed) and all(stored.get(part.part_number) == part.etag for part in listed):
        raise Unsupported(
            f"another store of the router completes an upload with all of its parts only: {len(stored)} are stored, "
            f"{len(listed)} listed",
            feature="complete_subset",
        )


def _presigner(settings: RouterSettings) -> Presigner | None:
    """Returns what signs URLs for the router's own endpoint, if it has one."""
    endpoint = settings.public_endpoint or settings.endpoint
    if not endpoint:
        return None
    try:
        return Presigner(
            Credentials(settings.access_key, settings.secret_key), endpoint=endpoint, region=settings.region
        )
    except ValueError as error:
        raise InvalidSettings(str(error)) from None
