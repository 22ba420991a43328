"""The data of the honest driver, and the methods that wrong drivers override."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from bucketry import (
    CHECKSUM_ALGORITHMS,
    FEATURE_NAMES,
    AccessDenied,
    AnyBucketSettings,
    BackendError,
    Body,
    Checksum,
    Classified,
    CompletedPart,
    DriverSettings,
    Features,
    InvalidKey,
    NoSuchBucket,
    NoSuchKey,
    ObjectHeaders,
    ObjectInfo,
    Part,
    PutOptions,
    QuotaExceeded,
    Secret,
    Unavailable,
    Upload,
    UploadOptions,
)
from bucketry.conditions import check_write
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.options import WriteConditions
from bucketry.tagging import NO_TAGS

SECRET: Final = "a-secret-that-nobody-may-see"

LEFT_TO_MEMORY: Final = frozenset(
    {
        "bucket_versioning",
        "bucket_object_lock",
        "upload_object_lock",
        "object_lock_later",
        "bucket_encryption",
        "bucket_region",
        "owners",
        "put_acl",
        "storage_class",
        "website_redirect",
        "encrypt_sse_s3",
        "encrypt_sse_kms",
        "encrypt_sse_c",
        "delete_if_last_modified",
    }
)
"""Features that the honest driver does not have. Drivers that are wrong about them are memory drivers."""

ALL_FEATURES: Final = Features(
    **dict.fromkeys(set(FEATURE_NAMES) - LEFT_TO_MEMORY, True),
    checksum_algorithms=tuple(CHECKSUM_ALGORITHMS),
    min_part_size=1000,
    max_part_size=64 * 1024,
    max_put_size=100 * 1024**2,
)

ERRORS: Final = {"ConnectionReset": Unavailable, "ConnectTimeout": Unavailable, "SignatureDoesNotMatch": AccessDenied}


class SdkError(Exception):
    """What the SDK of a backend might raise."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code} (signed with {SECRET})")
        self.code = code


class HonestSettings(DriverSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    scheme = "honest"

    access_key: str = "access"
    secret_key: Secret = Secret(SECRET)


class Stored(msgspec.Struct, frozen=True):
    info: ObjectInfo
    pieces: tuple[bytes, ...]
    tags: Mapping[str, str] = NO_TAGS
    part_sizes: tuple[int, ...] = ()
    part_checksums: tuple[Checksum | None, ...] = ()
    upload_id: str = ""


class UploadState:
    def __init__(self, begun: Upload, headers: ObjectHeaders, tags: Mapping[str, str] = NO_TAGS) -> None:
        self.begun = begun
        self.headers = headers
        self.tags = tags
        self.options = headers if isinstance(headers, UploadOptions) else UploadOptions()
        self.parts: dict[int, tuple[Part, tuple[bytes, ...]]] = {}


class BucketState:
    def __init__(self, created_at: datetime) -> None:
        self.created_at = created_at
        self.objects: dict[str, Stored] = {}
        self.uploads: dict[str, UploadState] = {}
        self.completed: dict[str, tuple[CompletedPart, ...]] = {}
        self.settings: dict[type[AnyBucketSettings], AnyBucketSettings] = {}


class HonestState(DriverSpec):
    """Dicts below one lock."""

    name = "honest"
    contract_version = 3
    Settings = HonestSettings
    features = ALL_FEATURES

    def __init__(
        self, failure: str = "", breaks: bool = False, room: int | None = None, endpoint: str = "http://honest.test"
    ) -> None:
        self.failure = failure
        self.breaks = breaks
        self.room = room
        self.endpoint = endpoint
        self.buckets: dict[str, BucketState] = {}
        self.lock = threading.RLock()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def written_at(self, bucket: str, key: str) -> datetime:
        """When what the key is to hold was written."""
        return self.now()

    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        if isinstance(error, SdkError):
            return Classified(ERRORS[error.code], f"the backend said {error.code}")
        return Classified(BackendError, type(error).__name__)

    def bucket(self, name: str) -> BucketState:
        if self.failure:
            raise SdkError(self.failure)
        if name not in self.buckets:
            raise NoSuchBucket
        return self.buckets[name]

    def stored(self, bucket: str, key: str) -> Stored:
        try:
            return self.bucket(bucket).objects[self.stored_key(key)]
        except KeyError:
            raise NoSuchKey from None

    def stored_key(self, key: str) -> str:
        if "\0" in key:
            raise InvalidKey("this backend holds no NUL")
        return key

    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        """Takes the body in, as it comes."""
        pieces: list[bytes] = []
        for piece in body:
            pieces.append(piece)
            if self.room is not None and sum(map(len, pieces)) > self.room:
                raise QuotaExceeded
        return tuple(pieces)

    def check_write(self, bucket: str, key: str, conditions: WriteConditions | PutOptions) -> None:
        current = self.bucket(bucket).objects.get(self.stored_key(key))
        check_write(None if current is None else current.info, conditions)

    def replace(
        self,
        bucket: str,
        key: str,
        pieces: tuple[bytes, ...],
        headers: ObjectHeaders,
        etag: str | None = None,
        tags: Mapping[str, str] = NO_TAGS,
        checksum: Checksum | None = None,
    ) -> ObjectInfo:
        """Has the key hold this content."""
        info = ObjectInfo(
            key=self.stored_key(key),
            size_bytes=sum(map(len, pieces)),
            etag=etag or self.etag(pieces),
            last_modified=self.written_at(bucket, key),
            tag_count=len(tags),
            checksum=checksum,
            **self.kept_headers(headers),
        )
        self.bucket(bucket).objects[info.key] = Stored(info, pieces, tags)
        return info

    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return {name: getattr(headers, name) for name in ObjectHeaders.__struct_fields__}

    def etag(self, pieces: Sequence[bytes]) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        for piece in pieces:
            digest.update(piece)
        return digest.hexdigest()

    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        """Gives out a range of a content."""
        offset = 0
        for piece in stored.pieces:
            if self.breaks and offset >= stored.info.size_bytes // 2:
                raise SdkError("ConnectionReset")
            part = piece[max(0, start - offset) : max(0, stop - offset)]
            for begin in range(0, len(part), 1024**2):
                if self.breaks and begin:
                    raise SdkError("ConnectionReset")
                yield part[begin : begin + 1024**2]
            offset += len(piece)
