"""What the REST API sends and takes as JSON, where it differs from the contract's own types.

Times are in UTC and whole seconds, sizes are bytes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from bucketry.paging import Page, Place

Count = Annotated[int, msgspec.Meta(ge=0)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class StoreAvailability(msgspec.Struct, frozen=True):
    """Whether one of the server's stores is available; ``detail`` says why it is not."""

    name: str
    available: bool
    detail: str = ""


class StorageStatus(msgspec.Struct, frozen=True):
    """Whether object storage is available.

    Attributes:
        available: Whether the server's backend answers. If there are several: whether any of them does.
        endpoint: URL of the S3 endpoint.
        region: Its region.
        detail: What is not available, why, and what to do. Empty if all is available.
        stores: If the server has several stores: each of them.
    """

    available: bool
    endpoint: str
    region: str
    detail: str = ""
    stores: tuple[StoreAvailability, ...] = ()


class Health(msgspec.Struct, frozen=True):
    """How the server is."""

    status: Literal["live", "ready"]


class BucketSummary(msgspec.Struct, frozen=True):
    """A bucket, and how much it holds."""

    name: str
    created_at: Time
    object_count: Count
    size_bytes: Count


class UsageFacts(msgspec.Struct, frozen=True):
    """Where a bucket's figures come from.

    Attributes:
        source: ``index`` or ``listing`` are exact; else the name of the backend's own statistics.
        as_of: When the figures were true.
        noncurrent_count: Number of versions that are not the latest, and of delete markers; ``None``: not known.
        noncurrent_bytes: Their sizes, added up; ``None``: not known.
    """

    source: str
    as_of: Time
    noncurrent_count: Count | None = None
    noncurrent_bytes: Count | None = None


class BucketDetail(BucketSummary, frozen=True):
    """A bucket, how much it holds, and where these figures come from.

    Attributes:
        usage: Where they come from.
        object_lock: Whether versions of its objects can be locked, if the server's backend says it with the bucket.
            Its settings always say it.
    """

    usage: UsageFacts
    object_lock: bool = False


class ListedObject(msgspec.Struct, frozen=True, gc=False):
    """An object in a listing, or one that a form stored.

    Attributes:
        key: Its key, byte for byte.
        size_bytes: Its size.
        content_type: Its media type.
        last_modified: When it was last written.
        etag: Validator of its content, without quotes, in a listing that was asked for etags; otherwise ``None``.
    """

    key: str
    size_bytes: Count
    content_type: str
    last_modified: Time
    etag: str | None = None


class ListedVersion(msgspec.Struct, frozen=True, gc=False):
    """A version of an object, or a delete marker.

    Attributes:
        key: The object's key.
        version_id: Id of the version; ``null`` for an object that was written without versioning.
        is_latest: Whether it is the version that reads without an id find.
        is_delete_marker: Whether it stands for a delete. A marker has no size and no etag.
        last_modified: When it was made.
        size_bytes: Its size.
        etag: Validator of its content, without quotes.
    """

    key: str
    version_id: str
    is_latest: bool
    is_delete_marker: bool
    last_modified: Time
    size_bytes: Count | None = None
    etag: str | None = None


class ListedObjects(Page, frozen=True, kw_only=True):
    """One page of a bucket's objects, in byte order of their keys."""

    objects: tuple[ListedObject, ...]

    def ends(self) -> tuple[Place, Place] | None:
        """Returns the first and the last key."""
        return (self.objects[0].key, self.objects[-1].key) if self.objects else None


class ListedVersions(Page, frozen=True, kw_only=True):
    """One page of versions: by key in byte order, the newest version of each key first."""

    versions: tuple[ListedVersion, ...]

    def ends(self) -> tuple[Place, Place] | None:
        """Returns key and version of the first and the last entry."""
        if not self.versions:
            return None
        first, last = self.versions[0], self.versions[-1]
        return (first.key, first.version_id), (last.key, last.version_id)

    def begins_before(self, last: Place) -> bool:
        """Compares keys; a key may have several versions, so the page before may end within it."""
        return bool(self.versions) and (
            self.versions[0].key < last[0] or any((each.key, each.version_id) == last for each in self.versions)
        )


class Tags(msgspec.Struct, frozen=True):
    """The tags of an object: each value by its key."""

    tags: dict[str, str]


class LegalHold(msgspec.Struct, frozen=True):
    """Whether a version has a legal hold: then nobody can delete it."""

    legal_hold: bool


class KeyFailure(msgspec.Struct, frozen=True):
    """A key that could not be deleted: the error's code and sentence."""

    key: str
    code: str
    message: str


class BatchDeleted(msgspec.Struct, frozen=True):
    """The result of a batch: every key is in one of the two."""

    deleted: tuple[str, ...]
    failed: tuple[KeyFailure, ...]


class SignedUrl(msgspec.Struct, frozen=True):
    """A presigned URL as the API sends it. It is a secret: its ``repr`` shows no query."""

    url: str
    expires_at: Time

    def __repr__(self) -> str:
        return f"SignedUrl(url={self.url.partition('?')[0]!r}, expires_at={self.expires_at!r})"


class Whoami(msgspec.Struct, frozen=True):
    """Who sends the requests.

    Attributes:
        id: The user's id, by which policies and ACLs name it.
        display_name: The user's name for people.
        kind: ``user`` is a person, ``service`` a program, ``anonymous`` anybody: the server asks nobody who they are.
        groups: Groups whose rights the user has, too.
        roles: The user's own roles.
        is_root: Whether the user has every right.
        credential: Id of the token that the request carries.
        expires_at: When the token ends; ``None``: never.
    """

    id: str
    display_name: str
    kind: Literal["user", "service", "anonymous"]
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    is_root: bool
    credential: str | None = None
    expires_at: Time | None = None


class Problem(msgspec.Struct, frozen=True):
    """Why the server refused a request (RFC 9457).

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
    stored: tuple[str, ...] | None = None
