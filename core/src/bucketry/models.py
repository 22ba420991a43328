"""The results of the operations of the contract.

Times are aware datetimes in UTC, sizes are bytes, etags have no quotes, and mappings are immutable.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from bucketry.checksums import Checksum, ChecksumType
from bucketry.encryption import Encryption
from bucketry.object_lock import Retention
from bucketry.owners import Owner
from bucketry.paging import Page, Place
from bucketry.ranges import ContentRange
from bucketry.s3 import NULL_VERSION

NO_METADATA: Final[Mapping[str, str]] = MappingProxyType({})
"""The metadata of an object that has none; one shared, immutable mapping."""

DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"
"""Content type of an object whose writer gives none (RFC 2046, 4.5.1)."""


class Done(enum.Enum):
    """The result of an operation that has nothing to return."""

    DONE = "done"


DONE: Final = Done.DONE


class ObjectHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """Headers of an object: its writer sets them, and every reader gets them.

    Attributes:
        content_type: Media type; ``application/octet-stream`` if the writer gives none.
        cache_control: ``Cache-Control`` for readers over HTTP.
        content_disposition: ``Content-Disposition`` for readers over HTTP.
        content_encoding: ``Content-Encoding`` of the stored bytes.
        content_language: ``Content-Language`` of the content.
        expires: ``Expires`` for readers over HTTP: a date as RFC 9110, 5.6.7 prefers it, such as
            ``Sun, 06 Nov 1994 08:49:37 GMT``.
        metadata: The writer's own names (lower case) and values (US-ASCII); at most 2 KiB together, as in S3
            ("Working with object metadata", S3 user guide).
    """

    content_type: str = DEFAULT_CONTENT_TYPE
    cache_control: str | None = None
    content_disposition: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    expires: str | None = None
    metadata: Mapping[str, str] = NO_METADATA


class BucketInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket.

    Attributes:
        name: Its name.
        created_at: When it was created.
        owner: Who owns it; ``None``: the driver has no owners.
        region: Where it is; ``None``: the region of the store.
        object_lock: Whether its versions can be locked, if the backend says it with the bucket. `ObjectLockSettings`
            always say it.
    """

    name: str
    created_at: datetime
    owner: Owner | None = None
    region: str | None = None
    object_lock: bool = False


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How much a bucket holds.

    Attributes:
        object_count: Number of objects: of latest versions that are not delete markers.
        size_bytes: Their sizes, added up.
        source: Where the figures come from: ``index`` or ``listing`` (exact), or a backend's own statistics by name.
        as_of: When they were true; the time of the call for an exact source.
        noncurrent_count: Number of all other versions, delete markers included; ``None``: the driver does not know.
        noncurrent_bytes: Their sizes, added up; likewise.
    """

    object_count: int
    size_bytes: int
    source: str
    as_of: datetime
    noncurrent_count: int | None = None
    noncurrent_bytes: int | None = None


class Expiration(msgspec.Struct, frozen=True):
    """When a rule of the bucket's lifecycle will delete an object, and the id of the rule."""

    at: datetime
    rule_id: str


class ObjectInfo(ObjectHeaders, frozen=True, kw_only=True, gc=False):
    """An object without its content.

    The garbage collector does not track it (``gc=False``): no reference cycle can hold it, and listings make thousands.

    A listing promises only key, size, etag, time and content type; ``head_object`` returns all fields.

    Attributes:
        key: The byte-exact key.
        size_bytes: Size of the content.
        etag: Opaque validator of the content, without quotes. MD5 in hexadecimal for a single put in most backends.
        last_modified: When it was last written.
        tag_count: Number of its tags; 0 if the driver has no tags.
        checksum: Its checksum, if it has one; in the result of a read with ``part_number``, that of the part.
        part_range: In the result of a read with ``part_number``: which bytes of the object that part is.
        parts_count: Likewise: how many parts the object was uploaded in; ``None``: it was not uploaded in parts.
        version_id: Id of this version; ``null`` for one that was written while versioning was not on; ``None``: the
            bucket never had versions, or the backend does not name the version ``null``.
        owner: Who owns it; ``None``: whoever owns the bucket, or the driver has no owners.
        storage_class: Its storage class; ``None``: ``STANDARD``.
        website_redirect: Where a website of the bucket sends those who ask for it.
        encryption: How it is encrypted with keys that the client does not hold.
        customer_key_md5: MD5 of the customer's key that it is encrypted with, 16 bytes.
        retention: Until when the version is kept.
        legal_hold: Whether it has a legal hold; ``None``: nobody ever said.
        expiration: When the bucket's lifecycle will delete it.
    """

    key: str
    size_bytes: int
    etag: str
    last_modified: datetime
    tag_count: int = 0
    checksum: Checksum | None = None
    part_range: ContentRange | None = None
    parts_count: int | None = None
    version_id: str | None = None
    owner: Owner | None = None
    storage_class: str | None = None
    website_redirect: str | None = None
    encryption: Encryption | None = None
    customer_key_md5: bytes | None = None
    retention: Retention | None = None
    legal_hold: bool | None = None
    expiration: Expiration | None = None


class NotModifiedInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a cache needs to know about an object that was not modified (RFC 9110, 15.4.5).

    Each field is as in `ObjectInfo`. ``None``: the object has no such header, or the backend did not say.
    """

    etag: str | None = None
    last_modified: datetime | None = None
    cache_control: str | None = None
    expires: str | None = None

    @classmethod
    def of(cls, info: ObjectInfo) -> NotModifiedInfo:
        """Takes it from an object."""
        return cls(
            etag=info.etag,
            last_modified=info.last_modified,
            cache_control=info.cache_control,
            expires=info.expires,
        )


class ObjectPage(Page, frozen=True, kw_only=True):
    """One page of a listing.

    Attributes:
        objects: In ascending UTF-8 byte order of their keys.
        prefixes: With a delimiter: the common prefixes of the keys that are rolled up, in the same order.
    """

    objects: tuple[ObjectInfo, ...]
    prefixes: tuple[str, ...] = ()

    def ends(self) -> tuple[Place, Place] | None:
        """Returns the first and the last key or common prefix."""
        # Strings sort by code point, as their UTF-8 does by byte.
        firsts = [info.key for info in self.objects[:1]] + list(self.prefixes[:1])
        lasts = [info.key for info in self.objects[-1:]] + list(self.prefixes[-1:])
        return (min(firsts), max(lasts)) if firsts else None


class ObjectVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an object.

    Attributes:
        info: The object, as `ObjectPage` lists it, with its ``version_id``.
        is_latest: Whether it is the version that reads without an id give.
    """

    info: ObjectInfo
    is_latest: bool = True

    @property
    def key(self) -> str:
        """The key."""
        return self.info.key

    @property
    def version_id(self) -> str:
        """Id of the version; ``null`` for an object that was written without versioning."""
        return self.info.version_id or NULL_VERSION


class DeleteMarker(msgspec.Struct, frozen=True, kw_only=True):
    """A version that stands for a delete.

    Attributes:
        key: The key.
        version_id: Id of the marker.
        last_modified: When it was made.
        is_latest: Whether reads without an id find it, and fail.
        owner: Who owns it; ``None``: whoever owns the bucket, or the driver has no owners.
    """

    key: str
    version_id: str
    last_modified: datetime
    is_latest: bool = True
    owner: Owner | None = None


class VersionPage(Page, frozen=True, kw_only=True):
    """One page of the versions of objects.

    Attributes:
        versions: Versions and delete markers, by key in UTF-8 byte order, the newest version of each key first.
        prefixes: As in `ObjectPage`.
    """

    versions: tuple[ObjectVersion | DeleteMarker, ...]
    prefixes: tuple[str, ...] = ()

    @classmethod
    def without_versioning(cls, page: ObjectPage) -> VersionPage:
        """Makes the page from one of objects, each of which has the version ``null`` alone."""
        versions = tuple([ObjectVersion(info=info) for info in page.objects])
        return cls(versions=versions, prefixes=page.prefixes, cursor=page.cursor)

    def ends(self) -> tuple[Place, Place] | None:
        """Returns key and version of the first and the last entry; a common prefix has no version."""
        prefixes = [(prefix, "") for prefix in self.prefixes]
        firsts = [(version.key, version.version_id) for version in self.versions[:1]] + prefixes[:1]
        lasts = [(version.key, version.version_id) for version in self.versions[-1:]] + prefixes[-1:]
        return (min(firsts), max(lasts)) if firsts else None

    def begins_before(self, last: Place) -> bool:
        """Compares keys; a key may have several versions, so the page before may end within it."""
        ends = self.ends()
        if ends is None:
            return False
        first, repeated = ends[0], ((version.key, version.version_id) == last for version in self.versions)
        return first[0] < last[0] or first == last or any(repeated)


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What a delete did.

    Attributes:
        version_id: Id of the version that is gone, if the call named one; otherwise of the delete marker that was made;
            ``None``: as in `ObjectInfo`.
        delete_marker: Whether that version is a delete marker.
    """

    version_id: str | None = None
    delete_marker: bool = False


DELETED: Final = Deleted()
"""What a delete did in a bucket that never had versions."""


class ObjectToDelete(msgspec.Struct, frozen=True):
    """An object or a version of it that a batch deletes; ``version_id`` is as in `DeleteOptions`."""

    key: str
    version_id: str | None = None


class DeletedObject(msgspec.Struct, frozen=True):
    """An entry of a batch that was deleted, also where it did not exist.

    Attributes:
        key: Its key.
        version_id: The version that the call named.
        delete_marker: Whether a delete marker was made, or was the version that is gone.
        delete_marker_version_id: The id of that marker.
    """

    key: str
    version_id: str | None = None
    delete_marker: bool = False
    delete_marker_version_id: str | None = None


class DeleteFailure(msgspec.Struct, frozen=True):
    """An entry of a batch that was not deleted, with the error's ``code`` and sentence."""

    key: str
    code: str
    message: str
    version_id: str | None = None


class DeleteResult(msgspec.Struct, frozen=True):
    """The result of a batch delete: every entry of the call stands in one of the two fields."""

    deleted: tuple[DeletedObject, ...]
    failed: tuple[DeleteFailure, ...] = ()

    @property
    def deleted_keys(self) -> tuple[str, ...]:
        """The keys of the entries that were deleted, in their order."""
        return tuple(entry.key for entry in self.deleted)

    @classmethod
    def without_versions(cls, keys: Iterable[str], failed: tuple[DeleteFailure, ...] = ()) -> DeleteResult:
        """Makes the result from the keys that were deleted in a bucket that has no versions."""
        return cls(tuple(map(DeletedObject, keys)), failed)


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A multipart upload in progress.

    Attributes:
        key: The key of the object that it makes.
        upload_id: Its id.
        initiated_at: When it began.
        checksum_algorithm: Algorithm of the finished object's checksum; ``None``: the object will have none.
        checksum_type: What that checksum will cover.
        owner: Who will own the object; ``None``: whoever owns the bucket, or the driver has no owners.
        storage_class: The storage class that the object will have; ``None``: ``STANDARD``.
        encryption: How it will be encrypted with keys that the client does not hold; ``None``: not so, or the backend
            tells it of the object alone.
        customer_key_md5: MD5 of the customer's key that it will be encrypted with, 16 bytes, in the result of the call
            that brought the key.
        abort: When a rule of the bucket's lifecycle will abort the upload; ``None``: no rule will, or the driver does
            not say. Listings of uploads do not say it.
    """

    key: str
    upload_id: str
    initiated_at: datetime
    checksum_algorithm: str | None = None
    checksum_type: ChecksumType | None = None
    owner: Owner | None = None
    storage_class: str | None = None
    encryption: Encryption | None = None
    customer_key_md5: bytes | None = None
    abort: Expiration | None = None


class UploadPage(Page, frozen=True, kw_only=True):
    """One page of the uploads in progress, by key and then by time."""

    uploads: tuple[Upload, ...]

    def ends(self) -> tuple[Place, Place] | None:
        """Returns key and id of the first and the last upload."""
        if not self.uploads:
            return None
        first, last = self.uploads[0], self.uploads[-1]
        return (first.key, first.upload_id), (last.key, last.upload_id)

    def begins_before(self, last: Place) -> bool:
        """Compares keys; a key may have several uploads, so the page before may end within it."""
        key, upload_id = last
        first = self.uploads[0].key
        return first < key or (first == key and any(upload.upload_id == upload_id for upload in self.uploads))


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part that was uploaded.

    Attributes:
        part_number: Its number.
        etag: Its etag.
        size_bytes: Its size.
        last_modified: When it was stored.
        checksum: The checksum of its content, if the upload has an algorithm.
        source_version_id: The version that it was copied from, in the result of a copy.
        encryption: As in `Upload`.
        customer_key_md5: As in `Upload`.
    """

    part_number: int
    etag: str
    size_bytes: int
    last_modified: datetime
    checksum: Checksum | None = None
    source_version_id: str | None = None
    encryption: Encryption | None = None
    customer_key_md5: bytes | None = None


class PartPage(Page, frozen=True, kw_only=True):
    """One page of an upload's parts in ascending number; what it says of the future object is as in `Upload`."""

    parts: tuple[Part, ...]
    checksum_algorithm: str | None = None
    checksum_type: ChecksumType | None = None
    owner: Owner | None = None
    storage_class: str | None = None
    abort: Expiration | None = None

    def ends(self) -> tuple[Place, Place] | None:
        """Returns the first and the last part's number."""
        return (self.parts[0].part_number, self.parts[-1].part_number) if self.parts else None


class CompletedPart(msgspec.Struct, frozen=True):
    """A part of the object that a completion makes, and the checksum that the part must have."""

    part_number: int
    etag: str
    checksum: Checksum | None = None


class ObjectPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part that an object was uploaded in; ``checksum`` as in `Part`."""

    part_number: int
    size_bytes: int
    checksum: Checksum | None = None


class ObjectAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """An object, and one page of the parts that it was uploaded in.

    Attributes:
        info: The object.
        parts_count: In how many parts it was uploaded; ``None``: it was not uploaded in parts.
        parts: The parts of this page, in ascending number.
        next_after: ``after`` of the next page; ``None``: this page is the last.
    """

    info: ObjectInfo
    parts_count: int | None = None
    parts: tuple[ObjectPart, ...] = ()
    next_after: int | None = None


class PresignedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that lets its holder do one thing for a while. It is a secret: its ``repr`` shows no query.

    Attributes:
        url: The URL, signed for the host that it names.
        method: The HTTP method that it is good for.
        expires_at: When it stops working, as it was signed, to the second.
    """

    url: str
    method: Literal["GET", "PUT"]
    expires_at: datetime

    def __repr__(self) -> str:
        return (
            f"PresignedUrl(url={self.url.partition('?')[0]!r}, method={self.method!r}, expires_at={self.expires_at!r})"
        )


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on what a bucket or a user's buckets may hold; ``None``: there is no limit.

    Attributes:
        max_size_bytes: Most bytes.
        max_objects: Most objects.
    """

    max_size_bytes: int | None = None
    max_objects: int | None = None


class OperationUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one category, and the bytes that they moved.

    Attributes:
        category: The backend's name for them, such as ``put_obj``.
        operations: How many there were.
        successful: How many of them succeeded.
        bytes_sent: Bytes that the backend sent.
        bytes_received: Bytes that the backend received.
    """

    category: str
    operations: int
    successful: int
    bytes_sent: int
    bytes_received: int


class BucketReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend knows of a bucket. ``None`` or an empty text: it does not know.

    Attributes:
        name: The bucket.
        object_count: Number of objects: of latest versions that are not delete markers.
        size_bytes: Their sizes, added up.
        size_on_disk_bytes: Room that they take up on disk.
        owner: The user who owns it.
        shards: Number of shards of its index.
        placement: Where its objects are placed.
        quota: Limits on this bucket; ``None`` also if there are none.
        noncurrent_count: Number of all other versions, delete markers included.
        noncurrent_bytes: Their sizes, added up.
    """

    name: str
    object_count: int
    size_bytes: int
    size_on_disk_bytes: int | None = None
    owner: str = ""
    shards: int | None = None
    placement: str = ""
    quota: Quota | None = None
    noncurrent_count: int | None = None
    noncurrent_bytes: int | None = None


class UserReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend knows of a user. ``None``: it does not know.

    Attributes:
        user: The user's id.
        object_count: Number of objects in all buckets.
        size_bytes: Their sizes, added up.
        size_on_disk_bytes: Room that they take up on disk.
        max_buckets: Most buckets that the user may have; ``None`` also if there is no limit.
        quota: Limits on all buckets together; ``None`` also if there are none.
        operations: The requests, by category and in order of its name; they may be some minutes late.
    """

    user: str
    object_count: int
    size_bytes: int
    size_on_disk_bytes: int | None = None
    max_buckets: int | None = None
    quota: Quota | None = None
    operations: tuple[OperationUsage, ...] | None = None


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend knows of its use, beyond `Usage`.

    Attributes:
        source: Where the figures come from.
        as_of: When they were asked for.
        buckets: In byte order of their names.
        users: The users who own these buckets; empty if the backend has no users.
    """

    source: str
    as_of: datetime
    buckets: tuple[BucketReport, ...]
    users: tuple[UserReport, ...] = ()


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one of several stores responds; ``name`` is its name, and the others are as in `Status`."""

    name: str
    available: bool
    endpoint: str
    region: str
    detail: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the backend responds.

    Attributes:
        available: Whether it responded and accepted the credentials. Where the driver keeps buckets in several stores:
            whether any of these did.
        endpoint: URL of its S3 endpoint, as clients reach it. If it has none: what identifies the backend.
        region: Its region.
        detail: What is not available, why, and what to do. Empty if all is available.
        stores: Where the driver keeps buckets in several stores: each of them.
    """

    available: bool
    endpoint: str
    region: str
    detail: str = ""
    stores: tuple[StoreStatus, ...] = ()
