"""A driver of three operations, for tests of what core does around a driver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bucketry import (
    BackendError,
    Body,
    Classified,
    DriverSettings,
    Features,
    GetOptions,
    HeadOptions,
    NoSuchKey,
    ObjectInfo,
    OpenedObject,
    PutOptions,
    Secret,
    Unavailable,
)
from bucketry.hookspecs import DriverSpec, hookimpl


class TinySettings(DriverSettings, frozen=True, kw_only=True):
    scheme = "tiny"

    location: str = "nowhere"
    size: int = 1
    verbose: bool = False
    secret_key: Secret | None = None


class SdkError(Exception):
    """What a backend's SDK might raise."""


class TinyDriver(DriverSpec):
    """Keeps objects in a dict, and fails where a key says so."""

    name = "tiny"
    contract_version = 3
    Settings = TinySettings
    features = Features(put_metadata=True, max_put_size=1000)

    def __init__(self, settings: TinySettings) -> None:
        self.settings = settings
        self.objects: dict[tuple[str, str], tuple[ObjectInfo, bytes]] = {}
        self.closed_streams = 0

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        content = body.read()
        info = ObjectInfo(
            key=key,
            size_bytes=len(content),
            etag=str(len(content)),
            last_modified=datetime.now(UTC),
            content_type=options.content_type,
            metadata=options.metadata,
        )
        self.objects[bucket, key] = info, content
        return info

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        info, content = self.objects[bucket, key]
        return OpenedObject(info, self._chunks(key, content), close=self._count_close)

    def _chunks(self, key: str, content: bytes) -> Iterator[bytes]:
        yield content[:1]
        if key == "breaks":
            raise SdkError("connection reset")
        if key != "short":
            yield content[1:]
        if key == "long":
            yield b"more"

    def _count_close(self) -> None:
        self.closed_streams += 1

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        return self.objects[bucket, key][0]

    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        if isinstance(error, KeyError):
            return Classified(NoSuchKey)
        if isinstance(error, SdkError):
            return Classified(Unavailable, "the connection broke")
        return Classified(BackendError, type(error).__name__)
