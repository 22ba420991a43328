"""A driver around another one, which keeps in the access store who may use what.

The other driver, and so its backend, never hears of it: no owner, no ACL, no policy. All else passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from typing_extensions import override

from bucketry._chain import build_chain
from bucketry._driver_checks import implemented_operations, overrides
from bucketry.access_store._bucket_of_documents import BucketOfDocuments
from bucketry.access_store._buckets import BucketDocuments, Read
from bucketry.access_store._documents import KINDS, BucketDocument, Given, upload_key
from bucketry.access_store._objects import ObjectDocuments
from bucketry.acls import Acl, canned_acl
from bucketry.body import Body
from bucketry.bucket_access import BucketAccess
from bucketry.bucket_settings import AnyBucketSettings
from bucketry.clock import Clock
from bucketry.errors import CustomerKeyNeeded, InvalidBucketName, InvalidDriver, NoSuchBucket
from bucketry.hookspecs import OPERATIONS, DriverSpec, hookimpl
from bucketry.models import (
    DONE,
    BucketInfo,
    CompletedPart,
    Deleted,
    DeleteResult,
    Done,
    ObjectAttributes,
    ObjectInfo,
    ObjectToDelete,
    Part,
    PartPage,
    Upload,
    UploadPage,
    Usage,
    UsageReport,
)
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
    PutOptions,
    UploadListOptions,
    UploadOptions,
    VersionOptions,
)
from bucketry.owners import DEFAULT_OWNER

_FEATURES: Final = {
    "owners": True,
    "put_acl": True,
    "bucket_policy": True,
    "bucket_acl": True,
    "bucket_ownership": True,
    "bucket_public_access": True,
    # The access store is asked, and may wait.
    "non_blocking": False,
}

_ALWAYS: Final = frozenset(
    {
        "get_bucket_access",
        "get_bucket_settings",
        "put_bucket_settings",
        "delete_bucket_settings",
        "get_object_acl",
        "put_object_acl",
    }
)
"""Operations that need nothing of the inner driver but `head_object` and `head_bucket`."""


_NEEDED: Final = ("head_bucket", "head_object", "list_objects")
"""Operations of the inner driver that these need."""

_NewObject: TypeAlias = PutOptions | CopyOptions | UploadOptions


class KeepsAccess(DriverSpec):
    """The base of the drivers that `around` makes: the operations that have to do with access."""

    def __init__(self, driver: DriverSpec, documents: BucketOfDocuments, hidden: str, fresh_seconds: float) -> None:
        """Takes the inner driver, where documents lie, and the bucket that nobody may see."""
        self._driver = driver
        # Its errors are the contract's.
        self._inner, _ = build_chain(driver, ())
        self._documents = documents
        self._hidden = hidden
        self._buckets = BucketDocuments(documents, fresh_seconds)
        self._objects = ObjectDocuments(documents)
        self.features = msgspec.structs.replace(driver.features, **_FEATURES)
        self.lacks = {name: why for name, why in driver.lacks.items() if name not in _ALWAYS | _FEATURES.keys()}
        self.lifecycle = driver.lifecycle
        self.breakers = driver.breakers

    @property
    def clock(self) -> Clock:
        """The clock, which both drivers have."""
        return self._driver.clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._driver.clock = clock

    @property
    def lifecycle_runner(self) -> Any:
        """What carries out lifecycle rules, if core does."""
        return self._driver.lifecycle_runner

    @lifecycle_runner.setter
    def lifecycle_runner(self, runner: Any) -> None:
        self._driver.lifecycle_runner = runner

    @override
    def sdk(self) -> object:
        """Returns the client of the inner driver's SDK."""
        return self._driver.sdk()

    @override
    def peek_bucket_access(self, bucket: str) -> BucketAccess | None:
        """Returns what is set on a bucket, if it was looked up a moment ago."""
        found = self._buckets.peek(bucket)
        return found.access if found is not None and found.exists and bucket != self._hidden else None

    @override
    def check_new_key(self, bucket: str, key: str) -> None:
        """Refuses a key that the inner driver's backend cannot hold."""
        self._driver.check_new_key(bucket, key)

    @override
    @hookimpl
    def close(self) -> Done:
        """Closes the inner driver and the access store."""
        try:
            return self._inner.close()
        finally:
            self._documents.close()

    # Buckets

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets with their owners."""
        listed = self._inner.list_buckets()
        documents = self._buckets.all()
        nothing = BucketDocument(id="")
        return tuple(
            msgspec.structs.replace(info, owner=documents.get(info.name, nothing).owner)
            for info in listed
            if info.name != self._hidden
        )

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket, then notes whose it is. Until then it is nobody's."""
        if bucket == self._hidden:
            raise InvalidBucketName(f"the name {bucket!r} is reserved", bucket=bucket)
        read = self._buckets.get(bucket)
        if read.document is not None and not self._exists(bucket):
            # Of a bucket that was deleted behind our back: nothing of it may hold for the new one.
            self._buckets.change(bucket, lambda _: BucketDocument())
        info = self._inner.create_bucket(bucket, msgspec.structs.replace(options, owner=None))
        document = BucketDocument(owner=options.owner or DEFAULT_OWNER)
        self._buckets.replace(bucket, document)
        return msgspec.structs.replace(info, owner=document.owner)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket with its owner."""
        self._check(bucket)
        return msgspec.structs.replace(self._inner.head_bucket(bucket), owner=self._buckets.get(bucket).access.owner)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes a bucket, then what was set on it."""
        self._check(bucket)
        self._inner.delete_bucket(bucket)
        document = self._buckets.get(bucket).document
        if document is not None:
            self._buckets.remove(bucket)
            if document.foreign_objects:
                self._objects.remove_all(document.id)
        return DONE

    @override
    @hookimpl
    def get_bucket_access(self, bucket: str) -> BucketAccess:
        """Returns what is set on a bucket: asked of the access store if it was not asked a moment ago."""
        return self._read(bucket).access

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns settings: those about access from the access store, all others from the backend."""
        if kind not in KINDS:
            self._check(bucket)
            return self._inner.get_bucket_settings(bucket, kind)
        document = self._read(bucket).document
        return kind() if document is None else document.settings(kind)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Puts settings: those about access into the access store, all others into the backend."""
        self._check(bucket)
        if type(settings) not in KINDS:
            return self._inner.put_bucket_settings(bucket, settings)
        self._inner.head_bucket(bucket)
        self._buckets.change(bucket, lambda document: document.with_settings(settings))
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes settings, likewise."""
        self._check(bucket)
        if kind not in KINDS:
            return self._inner.delete_bucket_settings(bucket, kind)
        self._inner.head_bucket(bucket)
        if self._buckets.get(bucket).document is not None:
            self._buckets.change(bucket, lambda document: document.with_settings(kind()))
        return DONE

    # Usage

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Says what buckets hold."""
        return self._inner.bucket_usage(tuple(name for name in buckets if name != self._hidden))

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Says what the backend knows, without the bucket of documents."""
        report = self._inner.usage_report()
        seen = tuple(bucket for bucket in report.buckets if bucket.name != self._hidden)
        return msgspec.structs.replace(report, buckets=seen)

    # Objects

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object with its owner."""
        self._check(bucket)
        return self._with_owner(bucket, self._inner.head_object(bucket, key, options))

    @override
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns an object with its owner and its parts."""
        self._check(bucket)
        found = self._inner.get_object_attributes(bucket, key, options)
        return msgspec.structs.replace(found, info=self._with_owner(bucket, found.info))

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object."""
        self._check(bucket)
        opened = self._inner.get_object(bucket, key, options)
        try:
            opened.info = self._with_owner(bucket, opened.info)
        except BaseException:
            opened.close()
            raise
        return opened

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object, then notes whose it is, if it is not the bucket's owner's alone."""
        document, given = self._begin(bucket, options)
        info = self._inner.put_object(bucket, key, body, _without_access(options))
        return self._written(document, given, info)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object, likewise."""
        self._check(source_bucket)
        document, given = self._begin(bucket, options)
        info = self._inner.copy_object(source_bucket, source_key, bucket, key, _without_access(options))
        return self._written(document, given, info)

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
        """Stores a part whose content is an object's."""
        self._check(bucket)
        self._check(source_bucket)
        return self._inner.upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, options)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object, and what was set on it."""
        self._check(bucket)
        deleted = self._inner.delete_object(bucket, key, options)
        document = self._foreign(bucket)
        if document is not None and (options.version_id is not None or not deleted.delete_marker):
            self._objects.deleted(document.id, [(key, options.version_id)])
        return deleted

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes several objects, likewise."""
        self._check(bucket)
        result = self._inner.delete_objects(bucket, objects, options)
        document = self._foreign(bucket)
        if document is not None:
            gone = [each for each in result.deleted if each.version_id is not None or not each.delete_marker]
            self._objects.deleted(document.id, [(each.key, each.version_id) for each in gone])
        return result

    @override
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the ACL of a version. This asks the backend whether there is one."""
        read = self._read(bucket)
        info = self._info(bucket, key, options)
        given = Given()
        if read.document is not None and read.document.foreign_objects:
            given = self._objects.of(read.document.id, info)
        return given.acl or canned_acl("private", given.owner or read.access.owner)

    @override
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        """Replaces the ACL of a version."""
        read = self._read(bucket)
        info = self._info(bucket, key, options)
        given = Given.of(acl.owner, acl, read.access.owner)
        document = read.document
        if given is not None:
            document = self._mark(bucket)
            self._objects.put(document.id, info, given)
        elif document is not None and document.foreign_objects:
            self._objects.deleted(document.id, [(key, info.version_id)])
        return DONE

    # Uploads

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload, and notes what its object will be given."""
        document, given = self._begin(bucket, options)
        upload = self._inner.create_multipart_upload(bucket, key, _without_access(options))
        if document is None or given is None:
            return upload
        try:
            self._objects.put_upload(document.id, key, upload.upload_id, given)
        except BaseException:
            # Its object would belong to somebody else.
            self._inner.abort_multipart_upload(bucket, key, upload.upload_id)
            raise
        return msgspec.structs.replace(upload, owner=given.owner)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Completes an upload, and notes whose the object is."""
        self._check(bucket)
        document = self._foreign(bucket)
        given = None if document is None else self._objects.of_upload(document.id, key, upload_id)
        info = self._inner.complete_multipart_upload(bucket, key, upload_id, parts, options)
        if document is None:
            return info
        if given is None:
            self._objects.written_over(document.id, info, upload_id)
            return info
        self._objects.put(document.id, info, given, upload_id)
        self._objects.ended(document.id, key, upload_id)
        return msgspec.structs.replace(info, owner=given.owner)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload."""
        self._check(bucket)
        self._inner.abort_multipart_upload(bucket, key, upload_id)
        if (document := self._foreign(bucket)) is not None:
            self._objects.ended(document.id, key, upload_id)
        return DONE

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists uploads, with who will own their objects."""
        self._check(bucket)
        page = self._inner.list_multipart_uploads(bucket, options)
        document = self._foreign(bucket)
        if document is None or not page.uploads:
            return page
        noted = self._objects.uploads_with_documents(document.id)
        listed = (
            self._upload(document.id, each) if upload_key(document.id, each.key, each.upload_id) in noted else each
            for each in page.uploads
        )
        return msgspec.structs.replace(page, uploads=tuple(listed))

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists parts of an upload, with who will own its object."""
        self._check(bucket)
        page = self._inner.list_parts(bucket, key, upload_id, options)
        document = self._foreign(bucket)
        given = None if document is None else self._objects.of_upload(document.id, key, upload_id)
        return page if given is None else msgspec.structs.replace(page, owner=given.owner)

    # What these share

    def _check(self, bucket: str) -> None:
        """Hides the bucket of documents, whichever store it is in."""
        if bucket == self._hidden:
            raise NoSuchBucket(bucket=bucket)

    def _exists(self, bucket: str) -> bool:
        try:
            self._inner.head_bucket(bucket)
        except NoSuchBucket:
            return False
        return True

    def _read(self, bucket: str) -> Read:
        """Returns the document of a bucket that exists."""
        self._check(bucket)
        read, is_old = self._buckets.peek(bucket), True
        if read is None:
            read, is_old = self._buckets.get(bucket), False
        if not read.exists:
            self._inner.head_bucket(bucket)
            if is_old:
                # Another process may have made the bucket since this one looked for it.
                read = self._buckets.again(bucket)
            self._buckets.confirm(bucket)
        return read

    def _foreign(self, bucket: str) -> BucketDocument | None:
        """Returns the document of a bucket that may hold objects that are not like all others."""
        document = self._buckets.get(bucket).document
        return document if document is not None and document.foreign_objects else None

    def _mark(self, bucket: str) -> BucketDocument:
        """Notes, before an object that is not like all others is stored, that there may be one."""
        read = self._buckets.get(bucket)
        if read.document is not None and read.document.foreign_objects:
            return read.document
        return self._buckets.change(bucket, lambda found: msgspec.structs.replace(found, foreign_objects=True))

    def _begin(self, bucket: str, options: _NewObject) -> tuple[BucketDocument | None, Given | None]:
        """Returns the document of a bucket with special objects, and what a new object is given.

        If it is given something, the bucket's document says so from now on, before the object is there.
        """
        self._check(bucket)
        read = self._buckets.get(bucket)
        given = Given.of(options.owner, options.acl, read.access.owner)
        if given is not None:
            self._inner.head_bucket(bucket)
            return self._mark(bucket), given
        return (read.document if read.access.foreign_objects else None), None

    def _written(self, document: BucketDocument | None, given: Given | None, info: ObjectInfo) -> ObjectInfo:
        if document is None:
            return info
        if given is None:
            self._objects.written_over(document.id, info)
            return info
        self._objects.put(document.id, info, given)
        return msgspec.structs.replace(info, owner=given.owner)

    def _with_owner(self, bucket: str, info: ObjectInfo) -> ObjectInfo:
        document = self._foreign(bucket)
        owner = None if document is None else self._objects.of(document.id, info).owner
        return info if owner is None else msgspec.structs.replace(info, owner=owner)

    def _upload(self, bucket_id: str, upload: Upload) -> Upload:
        given = self._objects.of_upload(bucket_id, upload.key, upload.upload_id)
        return upload if given is None else msgspec.structs.replace(upload, owner=given.owner)

    def _info(self, bucket: str, key: str, options: VersionOptions) -> ObjectInfo:
        """Returns a version; under a customer's key, as listings tell it."""
        try:
            return self._inner.head_object(bucket, key, HeadOptions(version_id=options.version_id))
        except CustomerKeyNeeded:
            page = self._inner.list_objects(bucket, ListOptions(prefix=key, limit=1, content_type=False))
            for info in page.objects:
                if info.key == key and options.version_id in (None, info.version_id):
                    return info
            raise


_OptionsT = TypeVar("_OptionsT", PutOptions, CopyOptions, UploadOptions)


def _without_access(options: _OptionsT) -> _OptionsT:
    """Returns options without what the backend must not hear of."""
    if options.owner is None and options.acl is None:
        return options
    return msgspec.structs.replace(options, owner=None, acl=None)


@cache
def _kind_around(kind: Any) -> type[KeepsAccess]:
    """Makes the class around a class of drivers. It has the operations that this one has, and those about access."""
    implemented = implemented_operations(kind)
    if lacking := [name for name in _NEEDED if name not in implemented]:
        raise InvalidDriver(f"the driver {kind.name!r} cannot keep access without {', '.join(lacking)}")
    members: dict[str, Any] = {
        name: getattr(kind, name) for name in ("name", "contract_version", "Settings", "s3_endpoint", "lifecycle")
    }
    for name in OPERATIONS:
        if overrides(KeepsAccess, name):
            if name not in implemented | _ALWAYS:
                members[name] = getattr(DriverSpec, name)
        elif name in implemented:
            members[name] = _passed_on(name)
    return type(f"{kind.__name__}KeepingAccess", (KeepsAccess,), members)


def _passed_on(name: str) -> Callable[..., Any]:
    """Makes an operation that calls the inner driver's, unless it is about the hidden bucket."""
    about_bucket = OPERATIONS[name].parameters[:1] == ("bucket",)

    @wraps(getattr(DriverSpec, name))
    def pass_on(self: KeepsAccess, *values: Any) -> Any:
        if about_bucket:
            self._check(values[0])
        return getattr(self._inner, name)(*values)

    return hookimpl(pass_on)


def around(driver: DriverSpec, documents: BucketOfDocuments, hidden: str, fresh_seconds: float) -> DriverSpec:
    """Makes the driver around another one.

    Args:
        driver: The inner driver, which the new one closes.
        documents: Where documents lie. They are closed with it.
        hidden: The bucket that nobody may see.
        fresh_seconds: For how long a document that was read counts.

    Raises:
        InvalidDriver: The inner driver lacks an operation that is needed.
    """
    kind: Any = type(driver)  # mypy doubts that a class can be hashed.
    made = _kind_around(kind)
    return made(driver, documents, hidden, fresh_seconds)
