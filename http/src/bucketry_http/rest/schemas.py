"""The JSON of requests and responses, field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from bucketry import (
    BucketInfo,
    BucketReport,
    DeleteMarker,
    ObjectInfo,
    ObjectVersion,
    PresignedUrl,
    Retention,
    Status,
    Usage,
    UsageReport,
    UserReport,
)
from bucketry.object_lock import RetentionMode
from bucketry.presigning import DEFAULT_EXPIRES_IN
from bucketry.s3 import BUCKET_NAME, MAX_EXPIRES_IN, MAX_KEY_BYTES, MAX_PAGE
from msgspec import Meta

from bucketry_http.shared.errors import RequestError

PROBLEM_TYPE: Final = "application/problem+json"
"""The media type of a problem (RFC 9457, 3)."""

BucketName = Annotated[
    str,
    Meta(
        description="DNS-compatible, 3 to 63 characters.",
        examples=["my-assets"],
        extra_json_schema={"extra": {"pattern": f"^{BUCKET_NAME}$"}},
    ),
]
Key = Annotated[
    str,
    Meta(
        description="Byte for byte, 1 to 1,024 bytes of UTF-8.",
        examples=["images/photo.jpg"],
        # The store checks this: its error says more, and it counts bytes.
        extra_json_schema={"extra": {"min_length": 1, "max_length": MAX_KEY_BYTES}},
    ),
]
Lifetime = Annotated[int, Meta(ge=1, le=MAX_EXPIRES_IN)]
Count = Annotated[int, Meta(ge=0)]
Time = Annotated[datetime, Meta(description="UTC, in whole seconds.", examples=["2024-01-15T10:30:00Z"])]


def whole_seconds(moment: datetime) -> datetime:
    """Returns a time as the API writes it: UTC, in whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)


class StoreView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether one of several stores is available.

    Attributes:
        name: Its name in the server's settings.
        available: Whether its backend answers and accepts the credentials.
        detail: If it is not available: why, and what to do.
    """

    name: str
    available: bool
    detail: str = ""


class StatusView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether object storage is available.

    Attributes:
        available: Whether the backend answers and accepts the credentials. If there are several stores: whether any
            of them does.
        endpoint: URL of the S3 endpoint.
        region: Its region.
        detail: What is not available, why, and what to do. It is there only if something is not available.
        stores: If there are several stores: each of them.
    """

    available: bool
    endpoint: str
    region: str
    detail: str = ""
    stores: tuple[StoreView, ...] = ()

    @classmethod
    def of(cls, status: Status) -> StatusView:
        """Returns the view of a store's status."""
        # Where these stores are is the server's affair.
        stores = tuple(StoreView(each.name, each.available, each.detail) for each in status.stores)
        return cls(status.available, status.endpoint, status.region, status.detail, stores)


class UsageReportView(msgspec.Struct, frozen=True):
    """What the backend knows about its use.

    Attributes:
        source: Where the figures come from.
        as_of: When they were asked for.
        buckets: In byte order of their names. `null` stands for a figure that the backend does not know or does not
            limit.
        users: The users whose buckets these are.
    """

    source: str
    as_of: Time
    buckets: tuple[BucketReport, ...]
    users: tuple[UserReport, ...]

    @classmethod
    def of(cls, report: UsageReport) -> UsageReportView:
        """Returns the view of a store's report."""
        return cls(report.source, whole_seconds(report.as_of), report.buckets, report.users)


class Live(msgspec.Struct, frozen=True):
    """The process answers.

    Attributes:
        status: Says so.
    """

    status: Literal["live"] = "live"


class Ready(msgspec.Struct, frozen=True):
    """The store answers.

    Attributes:
        status: Says so.
    """

    status: Literal["ready"] = "ready"


class BucketView(msgspec.Struct, frozen=True):
    """A bucket in the listing.

    Attributes:
        name: Its name.
        created_at: When it was created.
        object_count: How many objects it holds.
        size_bytes: Their sizes, added up.
    """

    name: BucketName
    created_at: Time
    object_count: Count
    size_bytes: Count

    @classmethod
    def of(cls, bucket: BucketInfo, object_count: int, size_bytes: int) -> BucketView:
        """Returns the view of a bucket, with what it holds."""
        return cls(bucket.name, whole_seconds(bucket.created_at), object_count, size_bytes)


class UsageView(msgspec.Struct, frozen=True):
    """Where a bucket's figures come from.

    Attributes:
        source: ``index`` or ``listing`` are exact; else the name of the backend's own statistics.
        as_of: When the figures were true.
        noncurrent_count: Number of versions that are not the latest, and of delete markers; `null`: not known.
        noncurrent_bytes: Their sizes, added up; `null`: not known.
    """

    source: str
    as_of: Time
    noncurrent_count: Count | None = None
    noncurrent_bytes: Count | None = None


class BucketDetail(BucketView, frozen=True, omit_defaults=True):
    """A bucket, and where its figures come from.

    Attributes:
        usage: Where they come from.
        object_lock: `true`: versions of its objects can be locked. It is there only then, and not with every backend;
            the settings `object_lock` say it with each.
    """

    usage: UsageView
    object_lock: bool = False

    @classmethod
    def of_usage(cls, bucket: BucketInfo, usage: Usage) -> BucketDetail:
        """Returns the view of a bucket, with its usage."""
        return cls(
            bucket.name,
            whole_seconds(bucket.created_at),
            usage.object_count,
            usage.size_bytes,
            UsageView(usage.source, whole_seconds(usage.as_of), usage.noncurrent_count, usage.noncurrent_bytes),
            bucket.object_lock,
        )


class CreateBucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bucket to create.

    Attributes:
        name: Its name.
        object_lock: Whether versions of its objects can be locked. Then versioning is on, and stays on.
    """

    name: BucketName
    # Without a default in the document: clients that are generated from it would have to send it.
    object_lock: bool | None = None


class ObjectView(msgspec.Struct, frozen=True, omit_defaults=True):
    """An object in the listing.

    Attributes:
        key: The object's key.
        size_bytes: Its size.
        content_type: Its media type.
        last_modified: When it was last written.
        etag: Validator of its content. It is there only if `etags=true` asks for it.
    """

    key: Key
    size_bytes: Count
    content_type: str
    last_modified: Time
    etag: str | None = None

    @classmethod
    def of(cls, info: ObjectInfo) -> ObjectView:
        """Returns the view of an object."""
        return cls(info.key, info.size_bytes, info.content_type, whole_seconds(info.last_modified))

    @classmethod
    def with_etag(cls, info: ObjectInfo) -> ObjectView:
        """Returns the view of an object, with its etag."""
        return cls(info.key, info.size_bytes, info.content_type, whole_seconds(info.last_modified), info.etag)


class VersionView(msgspec.Struct, frozen=True):
    """A version of an object, or a delete marker.

    Attributes:
        key: The object's key.
        version_id: Id of the version; `null` as a text for an object that was written without versioning.
        is_latest: Whether it is the version that reads without an id find.
        is_delete_marker: Whether it stands for a delete. A marker has no size and no etag.
        last_modified: When it was made.
        size_bytes: Its size.
        etag: Validator of its content.
    """

    key: Key
    version_id: str
    is_latest: bool
    is_delete_marker: bool
    last_modified: Time
    size_bytes: Count | None = None
    etag: str | None = None

    @classmethod
    def of(cls, version: ObjectVersion) -> VersionView:
        """Returns the view of a version."""
        info = version.info
        moment = whole_seconds(info.last_modified)
        return cls(info.key, version.version_id, version.is_latest, False, moment, info.size_bytes, info.etag)

    @classmethod
    def of_marker(cls, marker: DeleteMarker) -> VersionView:
        """Returns the view of a delete marker."""
        return cls(marker.key, marker.version_id, marker.is_latest, True, whole_seconds(marker.last_modified))


class RetentionView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until when a version is kept.

    Attributes:
        mode: ``GOVERNANCE`` can be ended early by those who may bypass it, ``COMPLIANCE`` by nobody.
        until: When it ends, with a time zone.
    """

    mode: RetentionMode | None
    until: datetime | None

    @classmethod
    def of(cls, retention: Retention | None) -> RetentionView:
        """Returns the view of a retention."""
        if retention is None or retention.until is None:
            return cls(None, None)
        return cls(retention.mode, retention.until.astimezone(UTC))


class LegalHoldView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a version has a legal hold: then nobody can delete it.

    Attributes:
        legal_hold: Whether it has.
    """

    legal_hold: bool


class TagsView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tags of an object.

    Attributes:
        tags: At most 10, each value by its key.
    """

    tags: Annotated[dict[str, str], Meta(examples=[{"project": "one", "draft": ""}])]


class DeleteObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The object to delete, or one version of it.

    Attributes:
        key: Its key.
        version_id: Id of the version to delete. Without it, what reads find is deleted.
    """

    key: Key
    version_id: str | None = None


class DeleteObjects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The objects to delete.

    Attributes:
        keys: Their keys, 1 to 1,000.
    """

    keys: Annotated[list[Key], Meta(min_length=1, max_length=MAX_PAGE)]


class DeleteFailureView(msgspec.Struct, frozen=True):
    """A key that could not be deleted, and why.

    Attributes:
        key: The key.
        code: Stable name of the failure, for programs.
        message: What happened, for people.
    """

    key: Key
    code: str
    message: str


class DeletedView(msgspec.Struct, frozen=True):
    """The result of a batch: every key is in one of the two lists.

    Attributes:
        deleted: Keys that hold no object now.
        failed: Keys that could not be deleted.
    """

    deleted: list[Key]
    failed: list[DeleteFailureView]


class Presign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a URL is for.

    Attributes:
        key: The object's key. The object need not exist yet.
        expires_in: Seconds that the URL works, 1 to 604,800 (a week).
        method: ``GET`` to download, ``PUT`` to upload.
        version_id: Id of the version to download.
    """

    key: Key
    expires_in: Lifetime = DEFAULT_EXPIRES_IN
    method: Literal["GET", "PUT"] = "GET"
    version_id: str | None = None


class PresignedView(msgspec.Struct, frozen=True):
    """A URL that lets its holder download or upload one object until it expires. It is a secret.

    Attributes:
        url: The URL.
        expires_at: When it expires.
    """

    url: str
    expires_at: Time

    @classmethod
    def of(cls, presigned: PresignedUrl) -> PresignedView:
        """Returns the view of a URL."""
        return cls(presigned.url, whole_seconds(presigned.expires_at))


class WhoamiView(msgspec.Struct, frozen=True):
    """Who sends a request.

    Attributes:
        id: The user's id, by which policies and ACLs name it.
        display_name: The user's name for people.
        kind: ``user`` is a person, ``service`` a program, ``anonymous`` anybody: this server asks nobody who they are.
        groups: Groups whose rights the user has, too.
        roles: The user's own roles.
        is_root: Whether the user has every right.
        credential: Id of the token that the request carries.
        expires_at: When the token ends; `null`: never.
    """

    id: str
    display_name: str
    kind: Literal["user", "service", "anonymous"]
    groups: list[str]
    roles: list[str]
    is_root: bool
    credential: str | None = None
    expires_at: Time | None = None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong (RFC 9457).

    Attributes:
        title: The status in words.
        status: The HTTP status.
        code: Stable name of the failure, for programs.
        detail: What happened, for people.
        retryable: Whether the same request may succeed later with nothing changed.
        bucket: The bucket that the request was about.
        key: The key that the request was about.
        stored: Keys of the form's files that were stored before the one that failed.
    """

    title: str
    status: int
    code: str
    detail: str
    retryable: bool
    bucket: str | None = None
    key: str | None = None
    stored: list[str] | None = None

    @classmethod
    def of(cls, error: RequestError) -> Problem:
        """Returns the view of an error in a request."""
        status = error.status
        return cls(status.phrase, status, error.code, f"{error.sentence}: {error.detail}", error.retryable)
