"""Where probes work, with what they do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from bucketry import (
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    GetOptions,
    HeadOptions,
    NoSuchKey,
    PreconditionFailed,
    PutOptions,
    Store,
    UploadOptions,
)
from bucketry_s3client import S3Client


class Ground(NamedTuple):
    """Where probes work.

    Attributes:
        store: A store on the server that refuses nothing beforehand.
        client: Its client.
        bucket: A bucket.
        prefix: What every key of the probes begins with.
    """

    store: Store
    client: S3Client
    bucket: str
    prefix: str

    def key(self, name: str) -> str:
        """Returns the key of this name."""
        return f"{self.prefix}{name}"

    def put(self, name: str, content: bytes = b"one", **options: Any) -> str:
        """Stores an object; returns its key."""
        key = f"{self.prefix}{name}"
        self.store.put_object(self.bucket, key, content, PutOptions(**options))
        return key

    def read(self, key: str, **options: Any) -> bytes:
        """Returns the content of an object."""
        with self.store.get_object(self.bucket, key, GetOptions(**options)) as opened:
            return b"".join(opened)

    def head(self, key: str, **options: Any) -> Any:
        """Returns an object without its content."""
        return self.store.head_object(self.bucket, key, HeadOptions(**options))

    def exists(self, key: str) -> bool:
        """Whether there is an object."""
        try:
            self.head(key)
        except NoSuchKey:
            return False
        return True

    def upload(self, name: str, *contents: bytes, **options: Any) -> tuple[str, str, list[CompletedPart]]:
        """Begins an upload and stores its parts; returns key, id and parts."""
        key = f"{self.prefix}{name}"
        begun = self.store.create_multipart_upload(self.bucket, key, UploadOptions(**options))
        parts = [
            self.store.upload_part(self.bucket, key, begun.upload_id, number, content)
            for number, content in enumerate(contents, 1)
        ]
        return key, begun.upload_id, [CompletedPart(part.part_number, part.etag) for part in parts]

    def complete(self, key: str, upload_id: str, parts: list[CompletedPart], **options: Any) -> Any:
        """Completes an upload."""
        return self.store.complete_multipart_upload(self.bucket, key, upload_id, parts, CompleteOptions(**options))

    def copy(self, source: str, name: str, **options: Any) -> Any:
        """Copies an object."""
        return self.store.copy_object(self.bucket, source, self.bucket, f"{self.prefix}{name}", CopyOptions(**options))


Probe = Callable[[Ground], bool]


def refused(call: Callable[[], object]) -> bool:
    """Whether a call fails because a condition does not hold."""
    try:
        call()
    except PreconditionFailed:
        return True
    return False
