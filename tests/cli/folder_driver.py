"""A driver that keeps objects in a folder: one command finds what another stored. It can break on request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from bucketry import (
    DELETED,
    DONE,
    BackendError,
    BatchDeleteOptions,
    Body,
    BucketAlreadyExists,
    BucketInfo,
    BucketNotEmpty,
    Classified,
    CreateBucketOptions,
    Deleted,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    Done,
    DriverSettings,
    Features,
    GetOptions,
    HeadOptions,
    ListOptions,
    NoSuchBucket,
    NoSuchKey,
    ObjectInfo,
    ObjectPage,
    ObjectToDelete,
    OpenedObject,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    Secret,
    Unavailable,
    Usage,
)
from bucketry.hookspecs import DriverSpec, hookimpl

CHUNK = 64 * 1024


class FolderSettings(DriverSettings, frozen=True, kw_only=True):
    """Where the folder is, and what is to go wrong."""

    scheme: ClassVar[str] = "folder"

    location: str
    label: str = "default"
    secret_key: Secret | None = None
    breaks: bool = False
    pause: float = 0.0


class FolderDriver(DriverSpec):
    """Buckets are folders; an object is a file whose name is the key in hexadecimal, with its content type above it."""

    name = "folder"
    contract_version = 3
    Settings = FolderSettings
    features = Features(list_delimiter=True, presign_content_type=True, persistent=True)

    def __init__(self, settings: FolderSettings) -> None:
        self.settings = settings
        self.root = Path(settings.location)

    def _bucket(self, bucket: str) -> Path:
        path = self.root / bucket
        if not path.is_dir():
            raise NoSuchBucket
        return path

    def _object(self, bucket: str, key: str) -> Path:
        return self._bucket(bucket) / key.encode().hex()

    def _info(self, path: Path) -> ObjectInfo:
        try:
            kind, _, content = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            raise NoSuchKey from None
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        key = bytes.fromhex(path.name).decode()
        return ObjectInfo(
            key=key, size_bytes=len(content), etag="x", last_modified=modified, content_type=kind.decode()
        )

    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        return tuple(self.head_bucket(path.name) for path in sorted(self.root.iterdir()))

    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        return BucketInfo(name=self._bucket(bucket).name, created_at=datetime(2024, 1, 15, 10, 30, tzinfo=UTC))

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        if (self.root / bucket).exists():
            raise BucketAlreadyExists
        (self.root / bucket).mkdir()
        return self.head_bucket(bucket)

    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        if any(self._bucket(bucket).iterdir()):
            raise BucketNotEmpty
        self._bucket(bucket).rmdir()
        return DONE

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        keys = sorted(bytes.fromhex(path.name).decode() for path in self._bucket(bucket).iterdir())
        keys = [key for key in keys if key.startswith(options.prefix) and key > (options.cursor or "")]
        if options.delimiter:
            return self._rolled_up(bucket, keys, options)
        shown = keys[: options.limit]
        objects = tuple(self._info(self._object(bucket, key)) for key in shown)
        return ObjectPage(objects=objects, cursor=shown[-1] if len(keys) > len(shown) else None)

    def _rolled_up(self, bucket: str, keys: list[str], options: ListOptions) -> ObjectPage:
        start = len(options.prefix)
        prefixes = {key[: key.index(options.delimiter, start) + 1] for key in keys if options.delimiter in key[start:]}
        plain = [key for key in keys if options.delimiter not in key[start:]]
        objects = tuple(self._info(self._object(bucket, key)) for key in plain)
        return ObjectPage(objects=objects, prefixes=tuple(sorted(prefixes)))

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        return self._info(self._object(bucket, key))

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        path = self._object(bucket, key)
        return OpenedObject(self._info(path), self._chunks(path.read_bytes().partition(b"\n")[2]))

    def _chunks(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), CHUNK):
            if start and self.settings.breaks:
                raise ConnectionResetError("the connection broke")
            time.sleep(self.settings.pause)
            yield content[start : start + CHUNK]

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        pieces = []
        while piece := body.read(CHUNK):
            time.sleep(self.settings.pause)
            pieces.append(piece)
        path = self._object(bucket, key)
        path.write_bytes(options.content_type.encode() + b"\n" + b"".join(pieces))
        return self._info(path)

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        self._object(bucket, key).unlink(missing_ok=True)
        return DELETED

    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        keys = [entry.key for entry in objects]
        locked = tuple(key for key in keys if key.endswith(".locked"))
        free = tuple(key for key in keys if key not in locked)
        for key in free:
            self._object(bucket, key).unlink(missing_ok=True)
        failed = tuple(DeleteFailure(key, "access_denied", "Access is denied") for key in locked)
        return DeleteResult.without_versions(free, failed)

    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        url = f"http://{self.settings.label}/{bucket}/{key}?method={options.method}&type={options.content_type}"
        expires_at = datetime(2024, 1, 15, 10, 30, tzinfo=UTC) + timedelta(seconds=options.expires_in)
        return PresignedUrl(url=url, method=options.method, expires_at=expires_at)

    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        usages = {}
        for bucket in buckets:
            if (self.root / bucket).is_dir():
                sizes = [self._info(path).size_bytes for path in self._bucket(bucket).iterdir()]
                as_of = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
                usages[bucket] = Usage(object_count=len(sizes), size_bytes=sum(sizes), source="listing", as_of=as_of)
        return usages

    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        if isinstance(error, ConnectionResetError):
            return Classified(Unavailable, "the connection broke")
        return Classified(BackendError, type(error).__name__)


class PlainSettings(FolderSettings, frozen=True, kw_only=True):
    """The same, under another name."""

    scheme: ClassVar[str] = "plain"


class PlainDriver(FolderDriver):
    """A driver that cannot delete in batches, nor presign."""

    name = "plain"
    Settings = PlainSettings
    features = Features()
    delete_objects = DriverSpec.delete_objects
    presign = DriverSpec.presign
