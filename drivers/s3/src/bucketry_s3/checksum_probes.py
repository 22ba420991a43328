"""Probes of checksums: that the server compares them, and keeps them of objects and of uploads in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from bucketry import (
    CHECKSUM_ALGORITHMS,
    BadDigest,
    BucketryError,
    Checksum,
    CompletedPart,
    InvalidArgument,
    InvalidChecksum,
    InvalidPart,
    ObjectHeaders,
    PartCopyOptions,
    PartOptions,
    UploadListOptions,
)
from bucketry.checksums import COMPOSITE, checksum_of, checksum_of_parts

from bucketry_s3.ground import Ground

_CONTENT = b"content"


def keeps_checksum(algorithm: str, ground: Ground) -> bool:
    """Whether the server keeps an object's checksum, also of a copy."""
    key = ground.put(f"checksum-{algorithm}", checksum_algorithm=algorithm)
    ground.copy(key, f"checksum-copy-{algorithm}", checksum_algorithm=algorithm)
    found = [ground.head(one).checksum for one in (key, f"{ground.prefix}checksum-copy-{algorithm}")]
    return all(one is not None and one.algorithm == algorithm for one in found)


def keeps_checksums_of_uploads(algorithms: Sequence[str], ground: Ground) -> bool:
    """Whether uploads, their parts and their completions take these checksums of every type, compare and keep them."""
    kinds = [(name, kind) for name in algorithms for kind in CHECKSUM_ALGORITHMS[name].types]
    return _Upload(ground, None, None).keeps_none(algorithms[0]) and all(
        _Upload(ground, name, kind).is_kept(_another(name, algorithms)) for name, kind in kinds
    )


def _another(algorithm: str, algorithms: Sequence[str]) -> str | None:
    return next((name for name in algorithms if name != algorithm), None)


def _fails(kind: type[BucketryError], call: Callable[[], object]) -> bool:
    try:
        call()
    except kind:
        return True
    return False


class _Upload:
    """An upload of one part."""

    def __init__(self, ground: Ground, algorithm: str | None, kind: Any) -> None:
        self.ground = ground
        self.algorithm, self.kind = algorithm, kind
        asked = {"checksum_algorithm": algorithm, "checksum_type": kind}
        self.key, self.upload_id, _ = ground.upload(f"checksums-{algorithm}-{kind}", **asked)

    def send(self, **options: Any) -> CompletedPart:
        """Sends the part; returns it as a completion lists it."""
        store, place = self.ground.store, (self.ground.bucket, self.key, self.upload_id, 1)
        part = store.upload_part(*place, _CONTENT, PartOptions(**options))
        return CompletedPart(1, part.etag, part.checksum)

    def complete(self, part: CompletedPart, **options: Any) -> Any:
        """Completes the upload."""
        return self.ground.complete(self.key, self.upload_id, [part], **options)

    def is_kept(self, other: str | None) -> bool:
        """Whether all is as the upload began, and nothing else is taken.

        Args:
            other: Another algorithm that the server has.
        """
        algorithm = self.algorithm or ""
        own = checksum_of(algorithm, [_CONTENT])
        made = checksum_of_parts(algorithm, self.kind, [(own.digest, len(_CONTENT))])
        wrong = Checksum(algorithm, bytes(len(own.digest)))
        if other is not None and not _fails(
            InvalidChecksum, partial(self.send, checksum=checksum_of(other, [_CONTENT]))
        ):
            return False
        if self.kind == COMPOSITE and not _fails(InvalidChecksum, self.send):
            return False
        part = self.send(checksum=own)
        if part.checksum != own or not self._is_listed(own) or not self._copies(own):
            return False
        part = self.send(checksum=own)
        refused = (
            _fails(InvalidPart, partial(self.complete, CompletedPart(1, part.etag, wrong)))
            and _fails(
                BadDigest, partial(self.complete, part, checksum=msgspec.structs.replace(made, digest=wrong.digest))
            )
            and _fails(InvalidArgument, partial(self.complete, part, size_bytes=1))
        )
        if not refused or self.ground.exists(self.key):
            return False
        info = self.complete(part, checksum=made, checksum_type=self.kind, size_bytes=len(_CONTENT))
        return info.checksum == made and self._is_of_part(own) and self._is_of_copies(own)

    def _is_of_part(self, checksum: Checksum) -> bool:
        """Whether a part that is read alone, if that is possible, has its own checksum."""
        try:
            return bool(self.ground.head(self.key, part_number=1).checksum == checksum)
        except BucketryError:
            return True

    def _is_of_copies(self, checksum: Checksum) -> bool:
        """Whether a copy, which is no upload, has a checksum of its content, also onto itself."""
        copied = self.ground.copy(self.key, "checksums-copied")
        itself = self.ground.copy(self.key, self.key[len(self.ground.prefix) :], headers=ObjectHeaders())
        return bool(copied.checksum == itself.checksum == checksum)

    def _is_listed(self, checksum: Checksum) -> bool:
        store, bucket = self.ground.store, self.ground.bucket
        page = store.list_parts(bucket, self.key, self.upload_id)
        uploads = store.list_multipart_uploads(bucket, UploadListOptions(prefix=self.key)).uploads
        kinds = [(upload.checksum_algorithm, upload.checksum_type) for upload in uploads]
        is_told = {(page.checksum_algorithm, page.checksum_type), *kinds} == {(self.algorithm, self.kind)}
        return is_told and [part.checksum for part in page.parts] == [checksum]

    def _copies(self, checksum: Checksum) -> bool:
        store, place = self.ground.store, (self.ground.bucket, self.key, self.upload_id, 1)
        source = self.ground.put("checksums-source", _CONTENT)
        return store.upload_part_copy(*place, self.ground.bucket, source, PartCopyOptions()).checksum == checksum

    def keeps_none(self, algorithm: str) -> bool:
        """Whether an upload without checksums keeps none of its parts, and is refused one of the whole.

        S3 gives each object a checksum of its own (S3 user guide, "Checking object integrity in Amazon S3").
        """
        own = checksum_of(algorithm, [_CONTENT])
        part = self.send(checksum=own)
        refused = _fails(InvalidPart, partial(self.complete, CompletedPart(1, part.etag, own))) and _fails(
            InvalidChecksum, partial(self.complete, part, checksum=own)
        )
        return (
            refused
            and part.checksum is None
            and self.complete(part).checksum in {None, checksum_of("CRC64NVME", [_CONTENT])}
        )
