"""The options of each operation, as one frozen Struct. So hook signatures need no defaults.

``feature_of`` says which feature an option needs. `Store` refuses the option with ``Unsupported`` if the driver does
not declare that feature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Literal

import msgspec

from bucketry.acls import Acl
from bucketry.checksums import Checksum, ChecksumType
from bucketry.encryption import CustomerKey, Encryption
from bucketry.headers import HEADER_FEATURES
from bucketry.models import ObjectHeaders
from bucketry.object_lock import Retention
from bucketry.owners import Owner
from bucketry.presigning import DEFAULT_EXPIRES_IN
from bucketry.ranges import ByteRange
from bucketry.s3 import MAX_PAGE
from bucketry.tagging import NO_TAGS


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all options.

    Attributes:
        feature_of: The feature that each field needs; fields without one need none.
    """

    feature_of: ClassVar[Mapping[str, str]] = {}


_VERSION: Final[Mapping[str, str]] = {"version_id": "bucket_versioning"}
_CUSTOMER_KEY: Final[Mapping[str, str]] = {"customer_key": "encrypt_sse_c"}

_NEW_VERSION: Final[Mapping[str, str]] = {
    "retention": "bucket_object_lock",
    "legal_hold": "bucket_object_lock",
    "owner": "owners",
    "acl": "put_acl",
    "storage_class": "storage_class",
    "website_redirect": "website_redirect",
    **_CUSTOMER_KEY,
}
"""The features of what a new version can be given, whichever operation makes it. The feature that ``encryption`` needs
depends on its algorithm: `Encryption.feature`."""


class CreateBucketOptions(Options, frozen=True, kw_only=True):
    """What a new bucket is given.

    Attributes:
        object_lock: Whether its versions can be locked. Versioning is on then, from the start.
        owner: Who owns it; ``None``: the store's own user.
        region: Where it is; ``None``: the region of the store.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "object_lock": "bucket_object_lock",
        "owner": "owners",
        "region": "bucket_region",
    }

    object_lock: bool = False
    owner: Owner | None = None
    region: str | None = None


class VersionOptions(Options, frozen=True, kw_only=True):
    """Which version of an object an operation is about; ``version_id`` is as in `HeadOptions`."""

    feature_of: ClassVar[Mapping[str, str]] = _VERSION

    version_id: str | None = None


class RetentionOptions(VersionOptions, frozen=True, kw_only=True):
    """Which version gets a retention.

    Attributes:
        bypass_governance: Whether a retention in governance mode may be shortened or removed.
    """

    bypass_governance: bool = False


class HeadOptions(Options, frozen=True, kw_only=True):
    """Conditions of a read, evaluated in the order of RFC 9110, 13.2.2, and which part is read.

    Attributes:
        if_match: Only if the object has this etag (``*``: any).
        if_none_match: Only if it has another etag; otherwise `NotModified`.
        if_modified_since: Only if it changed after this time; otherwise `NotModified`. Ignored beside
            ``if_none_match``.
        if_unmodified_since: Only if it did not change after this time. Ignored beside ``if_match``.
        part_number: Only this part of an object that was uploaded in parts, 1 to 10,000. Any other object has one
            part, number 1. If the uploader left out numbers, it depends on the backend which part this is. Not allowed
            beside ``range``. ``None``: the whole object.
        version_id: Id of a version, as the backend made it, or ``null``. ``None``: the latest version.
        customer_key: The key that the object is encrypted with (SSE-C).
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        **_VERSION,
        **_CUSTOMER_KEY,
        "if_match": "get_if_match",
        "if_none_match": "get_if_none_match",
        "if_modified_since": "get_if_modified_since",
        "if_unmodified_since": "get_if_unmodified_since",
        "part_number": "get_part_number",
    }

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: datetime | None = None
    if_unmodified_since: datetime | None = None
    part_number: int | None = None
    version_id: str | None = None
    customer_key: CustomerKey | None = None


class GetOptions(HeadOptions, frozen=True, kw_only=True):
    """Conditions of a read, and the range to read (``None``: all)."""

    range: ByteRange | None = None


class WriteConditions(Options, frozen=True, kw_only=True):
    """Conditions on what the key holds before a write.

    Attributes:
        if_match: Only if the object there has this etag (``*``: any). If there is no object: `NoSuchKey`.
        if_none_match: ``*``, the only value: only if the key holds no object yet.
    """

    if_match: str | None = None
    if_none_match: Literal["*"] | None = None


class PutOptions(ObjectHeaders, Options, frozen=True, kw_only=True):
    """The new object's headers and tags, and the conditions of writing it.

    Attributes:
        if_match: As in `WriteConditions`.
        if_none_match: As in `WriteConditions`.
        content_md5: MD5 that the body must have, 16 bytes (RFC 1864); `Store` checks it as the body passes.
        tags: The object's tags, at most 10.
        checksum_algorithm: Algorithm of the checksum that the object gets; ``None``: that of ``checksum``, or none.
        checksum: The checksum that the body must have; `Store` checks it as the body passes.
        retention: Until when the version is kept; ``None``: as the bucket's default says.
        legal_hold: Whether the version has a legal hold.
        owner: Who owns the version; ``None``: whoever owns the bucket.
        acl: The version's access control list; ``None``: all rights for its owner.
        storage_class: One of `STORAGE_CLASSES`; ``None``: ``STANDARD``.
        website_redirect: Where a website of the bucket sends those who ask for the object: a path that begins with a
            slash, or an HTTP URL, of at most 2,048 bytes.
        encryption: How the version is encrypted; ``None``: as the bucket's default says. Not with ``customer_key``.
        customer_key: The key to encrypt it with (SSE-C).
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        **_NEW_VERSION,
        "if_match": "put_if_match",
        "if_none_match": "put_if_none_match",
        **HEADER_FEATURES,
        "tags": "put_tagging",
        "checksum_algorithm": "checksums",
        "checksum": "checksums",
    }

    if_match: str | None = None
    if_none_match: Literal["*"] | None = None
    content_md5: bytes | None = None
    tags: Mapping[str, str] = NO_TAGS
    checksum_algorithm: str | None = None
    checksum: Checksum | None = None
    retention: Retention | None = None
    legal_hold: bool | None = None
    owner: Owner | None = None
    acl: Acl | None = None
    storage_class: str | None = None
    website_redirect: str | None = None
    encryption: Encryption | None = None
    customer_key: CustomerKey | None = None


def _test_of_defaults(kind: type[Options], *but: str) -> Callable[[Any], bool]:
    """Returns a test whether options of a kind have their defaults in all fields but some."""
    defaults = {name: getattr(kind(), name) for name in kind.__struct_fields__ if name not in but}
    tests = (f"options.{name} is {None if value is None else name}" for name, value in defaults.items())
    # Written out as code, as attrs and namedtuple do: every put asks, and a comparison takes three times as long.
    code = f"lambda options: type(options) is kind and {' and '.join(tests)}"
    return eval(code, {**defaults, "kind": kind})  # type: ignore[no-any-return]  # noqa: S307 - of names of fields alone


has_type_alone: Final[Callable[[PutOptions], bool]] = _test_of_defaults(PutOptions, "content_type")
"""Says whether options of a put hold nothing but a content type, as most do. All other fields are at their defaults."""


class CopyOptions(WriteConditions, frozen=True, kw_only=True):
    """The conditions of a copy, and what the copy carries.

    Attributes:
        source_if_match: Only if the source has this etag (``*``: any).
        headers: All headers of the copy; ``None``: those of the source.
        tags: All tags of the copy; ``None``: those of the source. Independent of ``headers``.
        checksum_algorithm: Algorithm of the copy's checksum; ``None``: that of the source, if it has a checksum.
        source_version_id: Id of the source's version; ``None``: its latest one.
        source_customer_key: The key that the source is encrypted with (SSE-C).
        retention: As in `PutOptions`: the lock of the source is never copied.
        legal_hold: As in `PutOptions`.
        owner: As in `PutOptions`.
        acl: As in `PutOptions`: the list of the source is never copied.
        storage_class: As in `PutOptions`.
        website_redirect: As in `PutOptions`: that of the source is never copied.
        encryption: As in `PutOptions`: the encryption of the source is never copied.
        customer_key: As in `PutOptions`.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        **_NEW_VERSION,
        "source_version_id": "bucket_versioning",
        "source_customer_key": "encrypt_sse_c",
        "if_match": "copy_if_match",
        "if_none_match": "copy_if_none_match",
        "source_if_match": "copy_source_if_match",
        "tags": "copy_tagging",
        "checksum_algorithm": "checksums",
    }

    source_if_match: str | None = None
    headers: ObjectHeaders | None = None
    tags: Mapping[str, str] | None = None
    checksum_algorithm: str | None = None
    source_version_id: str | None = None
    source_customer_key: CustomerKey | None = None
    retention: Retention | None = None
    legal_hold: bool | None = None
    owner: Owner | None = None
    acl: Acl | None = None
    storage_class: str | None = None
    website_redirect: str | None = None
    encryption: Encryption | None = None
    customer_key: CustomerKey | None = None


class DeleteOptions(Options, frozen=True, kw_only=True):
    """What a delete is about, and its conditions.

    Attributes:
        if_match: Only if the object has this etag (``*``: any). If there is no object: `NoSuchKey`.
        if_last_modified: Only if the object was last written at this time, to the precision of the backend.
        version_id: As in `HeadOptions`: this version is gone for good. ``None``: in a bucket with versions, the delete
            makes a delete marker.
        bypass_governance: Whether a version may be deleted that is retained in governance mode.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        **_VERSION,
        "if_match": "delete_if_match",
        "if_last_modified": "delete_if_last_modified",
        "bypass_governance": "bucket_object_lock",
    }

    if_match: str | None = None
    if_last_modified: datetime | None = None
    version_id: str | None = None
    bypass_governance: bool = False


class BatchDeleteOptions(Options, frozen=True, kw_only=True):
    """What holds for all entries of a batch delete; ``bypass_governance`` is as in `DeleteOptions`."""

    feature_of: ClassVar[Mapping[str, str]] = {"bypass_governance": "bucket_object_lock"}

    bypass_governance: bool = False


class ListOptions(Options, frozen=True, kw_only=True):
    """Which objects to list.

    Attributes:
        prefix: Only keys that begin with it.
        delimiter: Keys that hold it after the prefix are rolled up into common prefixes, which end with it.
        start_after: Only keys after it in byte order; with ``cursor``, the later of the two counts.
        cursor: Where the page before ended.
        limit: Most objects and common prefixes on the page, 1 to 1,000.
        content_type: Whether content types are wanted. Without them, a driver whose backend lists none saves requests.
    """

    feature_of: ClassVar[Mapping[str, str]] = {"delimiter": "list_delimiter", "start_after": "list_start_after"}

    prefix: str = ""
    delimiter: str = ""
    start_after: str = ""
    cursor: str | None = None
    limit: int = MAX_PAGE
    content_type: bool = True


class PageOptions(Options, frozen=True, kw_only=True):
    """Which page of an upload's parts to list; ``limit`` is 1 to 1,000."""

    cursor: str | None = None
    limit: int = MAX_PAGE


class UploadListOptions(PageOptions, frozen=True, kw_only=True):
    """Which uploads in progress to list: those whose key begins with ``prefix``."""

    prefix: str = ""


class VersionListOptions(PageOptions, frozen=True, kw_only=True):
    """Which versions of objects to list.

    Attributes:
        prefix: As in `ListOptions`.
        delimiter: As in `ListOptions`.
        start_after: As in `ListOptions`: only versions of keys after it.
        start_after_version: With ``start_after``: also those versions of that very key that are older than this one.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "delimiter": "list_delimiter",
        "start_after": "list_versions_start_after",
        "start_after_version": "list_versions_start_after",
    }

    prefix: str = ""
    delimiter: str = ""
    start_after: str = ""
    start_after_version: str = ""

    def of_objects(self) -> ListOptions:
        """Returns the options of `list_objects` that list the same keys, without their content types."""
        return ListOptions(
            prefix=self.prefix,
            delimiter=self.delimiter,
            start_after=self.start_after,
            cursor=self.cursor,
            limit=self.limit,
            content_type=False,
        )


class AttributesOptions(Options, frozen=True, kw_only=True):
    """Which page of an object's parts to list: those above number ``after``; ``limit`` is 1 to 1,000.

    ``version_id`` and ``customer_key`` are as in `HeadOptions`.
    """

    feature_of: ClassVar[Mapping[str, str]] = {**_VERSION, **_CUSTOMER_KEY}

    after: int = 0
    limit: int = MAX_PAGE
    version_id: str | None = None
    customer_key: CustomerKey | None = None


class UploadOptions(ObjectHeaders, Options, frozen=True, kw_only=True):
    """The headers and tags that the finished object will have, and its checksum.

    Attributes:
        tags: As in `PutOptions`.
        checksum_algorithm: Algorithm of its checksum and of its parts' checksums; ``None``: it gets none.
        checksum_type: What its checksum covers; ``None``: the default of the algorithm.
        retention: As in `PutOptions`.
        legal_hold: As in `PutOptions`.
        owner: As in `PutOptions`.
        acl: As in `PutOptions`.
        storage_class: As in `PutOptions`.
        website_redirect: As in `PutOptions`.
        encryption: As in `PutOptions`.
        customer_key: As in `PutOptions`. Each part needs the same key.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        **_NEW_VERSION,
        "retention": "upload_object_lock",
        "legal_hold": "upload_object_lock",
        **HEADER_FEATURES,
        "tags": "upload_tagging",
        "checksum_algorithm": "upload_checksums",
        "checksum_type": "upload_checksums",
    }

    tags: Mapping[str, str] = NO_TAGS
    checksum_algorithm: str | None = None
    checksum_type: ChecksumType | None = None
    retention: Retention | None = None
    legal_hold: bool | None = None
    owner: Owner | None = None
    acl: Acl | None = None
    storage_class: str | None = None
    website_redirect: str | None = None
    encryption: Encryption | None = None
    customer_key: CustomerKey | None = None


class PartOptions(Options, frozen=True, kw_only=True):
    """What a part's body must be like.

    Attributes:
        content_md5: As in `PutOptions`.
        checksum_algorithm: Algorithm of the part's checksum. If the upload has an algorithm, it must be the same.
            ``None``: that of ``checksum``, or the upload's.
        checksum: As in `PutOptions`.
        customer_key: The key that the upload began with (SSE-C).
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "checksum_algorithm": "upload_checksums",
        "checksum": "upload_checksums",
        **_CUSTOMER_KEY,
    }

    content_md5: bytes | None = None
    checksum_algorithm: str | None = None
    checksum: Checksum | None = None
    customer_key: CustomerKey | None = None


class PartCopyOptions(Options, frozen=True, kw_only=True):
    """Which bytes of the source become the part, and the condition.

    Attributes:
        range: The bytes. The range names its first and its last byte, and lies within the source. ``None``: all bytes.
        source_if_match: Only if the source has this etag (``*``: any).
        source_version_id: As in `CopyOptions`.
        source_customer_key: As in `CopyOptions`.
        customer_key: The key that the upload began with (SSE-C).
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "source_if_match": "part_copy_source_if_match",
        "source_version_id": "bucket_versioning",
        "source_customer_key": "encrypt_sse_c",
        **_CUSTOMER_KEY,
    }

    range: ByteRange | None = None
    source_if_match: str | None = None
    source_version_id: str | None = None
    source_customer_key: CustomerKey | None = None
    customer_key: CustomerKey | None = None


class CompleteOptions(WriteConditions, frozen=True, kw_only=True):
    """The conditions of completing an upload, and what the object must be like.

    Attributes:
        checksum: The checksum that the object must have. A composite one may lack its number of parts.
        checksum_type: What its checksum must cover, as the upload began.
        size_bytes: The size that the object must have.
        customer_key: The key that the upload began with (SSE-C); S3 does not need it here.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "if_match": "complete_if_match",
        "if_none_match": "complete_if_none_match",
        "checksum": "upload_checksums",
        "checksum_type": "upload_checksums",
        "size_bytes": "upload_checksums",
        **_CUSTOMER_KEY,
    }

    checksum: Checksum | None = None
    checksum_type: ChecksumType | None = None
    size_bytes: int | None = None
    customer_key: CustomerKey | None = None


class PresignOptions(Options, frozen=True, kw_only=True):
    """What a presigned URL allows.

    Attributes:
        method: ``GET`` (download) or ``PUT`` (upload).
        expires_in: How long it works, 1 to 604,800 seconds (S3 API reference, "Authenticating requests: using query
            parameters").
        content_type: For ``PUT``: the ``Content-Type`` that the client must send. It is signed. ``None``: any.
        response_content_type: For ``GET``: the ``Content-Type`` of the response.
        response_content_disposition: For ``GET``: the ``Content-Disposition`` of the response.
        version_id: For ``GET``: as in `HeadOptions`.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        **_VERSION,
        "content_type": "presign_content_type",
        "response_content_type": "presign_response_headers",
        "response_content_disposition": "presign_response_headers",
    }

    method: Literal["GET", "PUT"] = "GET"
    expires_in: int = DEFAULT_EXPIRES_IN
    content_type: str | None = None
    response_content_type: str | None = None
    response_content_disposition: str | None = None
    version_id: str | None = None
