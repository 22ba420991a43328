"""Checksums of uploads and their parts: what is sent of them, which an upload has, and why one was refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec
from bucketry import (
    BadDigest,
    Checksum,
    CompletedPart,
    CompleteOptions,
    InvalidArgument,
    InvalidChecksum,
    InvalidPart,
    NoSuchUpload,
    ObjectInfo,
    Part,
    PartPage,
    UploadOptions,
)
from bucketry.checksums import COMPOSITE
from bucketry_s3client import CHECKSUM_ALGORITHM, CHECKSUM_TYPE, S3ResponseError, checksum_headers

from bucketry_s3.recent_uploads import RecentUploads

_OBJECT_SIZE: Final = "x-amz-mp-object-size"
_CODES: Final = frozenset({"InvalidRequest", "InvalidArgument"})
"""S3's code for a checksum that is missing or of another kind, and for another size (S3 API reference, UploadPart and
CompleteMultipartUpload); and MinIO's."""


class Kind(NamedTuple):
    """What the checksums of an upload are; both ``None``: it has none."""

    algorithm: str | None = None
    type: str | None = None


def begin_headers(options: UploadOptions) -> dict[str, str]:
    """Returns the headers that begin an upload with checksums."""
    sent = {CHECKSUM_ALGORITHM: options.checksum_algorithm, CHECKSUM_TYPE: options.checksum_type}
    return {name: value for name, value in sent.items() if value is not None}


def complete_headers(options: CompleteOptions) -> dict[str, str]:
    """Returns the headers that say what the object of an upload must be like."""
    sent = checksum_headers(options.checksum)
    if options.checksum_type is not None:
        sent[CHECKSUM_TYPE] = options.checksum_type
    if options.size_bytes is not None:
        sent[_OBJECT_SIZE] = str(options.size_bytes)
    return sent


class UploadKinds:
    """Knows the checksums of uploads: as this store began them, or as the list of their parts says.

    Threads may share it.
    """

    def __init__(self, look: Callable[[str, str, str], PartPage], *, are_kept: bool) -> None:
        """Asks nothing yet.

        Args:
            look: Lists a page of parts; gets bucket, key and upload id.
            are_kept: Whether the server keeps checksums of uploads. Otherwise no upload has any, and nothing is asked.
        """
        self._look = look
        self._are_kept = are_kept
        self._kinds: RecentUploads[Kind] = RecentUploads()

    def begun(self, upload_id: str, kind: Kind) -> None:
        """Remembers how an upload began."""
        if self._are_kept:
            self._kinds.remember(upload_id, kind)

    def of(self, bucket: str, key: str, upload_id: str) -> Kind:
        """Returns the kind of an upload: one request where it is not known."""
        kind = self._kinds.get(upload_id)
        if kind is None:
            page = self._look(bucket, key, upload_id)
            kind = Kind(page.checksum_algorithm, page.checksum_type)
            self.begun(upload_id, kind)
        return kind

    def told(self, part: Part, place: tuple[str, str, str]) -> Part:
        """Returns a part with its checksum if its upload has any: servers also say one that they do not keep."""
        if part.checksum is None:
            return part
        if self._are_kept and self.of(*place).algorithm == part.checksum.algorithm:
            return part
        return msgspec.structs.replace(part, checksum=None)

    def explain_part(self, place: tuple[str, str, str], sent: Checksum | None, error: S3ResponseError) -> None:
        """Returns if a part was refused for another reason than its checksum.

        Raises:
            InvalidChecksum: It is of another algorithm than the upload's, or missing.
        """
        if not self._are_kept or error.code not in _CODES:
            return
        kind = self.of(*place)
        is_missing = sent is None and kind.type == COMPOSITE
        is_another = sent is not None and kind.algorithm not in {None, sent.algorithm}
        if is_missing or is_another:
            raise InvalidChecksum(
                f"the upload began with checksums of {kind.algorithm}, which its parts need"
            ) from error

    def ended(self, upload_id: str) -> None:
        """Forgets an upload."""
        self._kinds.forget(upload_id)

    def check_completion(
        self, place: tuple[str, str, str], parts: Sequence[CompletedPart], options: CompleteOptions
    ) -> None:
        """Refuses what is said of checksums, where it is not what the upload began with. Some servers ignore it.

        Raises:
            InvalidPart: A part is listed with a checksum, and the upload keeps none.
            BadDigest: A part is listed with a checksum of another algorithm.
            InvalidChecksum: As in `explain_completion`.
        """
        listed = [part for part in parts if part.checksum is not None]
        if options.checksum is None and options.checksum_type is None and not listed:
            return
        try:
            kind = self.of(*place)
        except NoSuchUpload:  # It may be completed again: the server compares what is said with the object.
            return
        for part in listed:
            if kind.algorithm is None:
                raise InvalidPart("the upload keeps no checksums", part_number=part.part_number, fault="checksum")
            if part.checksum is not None and part.checksum.algorithm != kind.algorithm:
                raise BadDigest("a part is listed with a checksum of another algorithm", digest="checksum")
        _check_kind(kind, parts, options)

    def explain_completion(
        self,
        place: tuple[str, str, str],
        parts: Sequence[CompletedPart],
        options: CompleteOptions,
        made: Callable[[], ObjectInfo],
        error: S3ResponseError,
    ) -> None:
        """Returns if a completion was refused for another reason than checksums and size.

        Args:
            place: Bucket, key and upload id.
            parts: What was listed.
            options: What was asked for.
            made: Returns the object, if the upload was completed before.
            error: The refusal.

        Raises:
            BadDigest: The object would have another checksum.
            InvalidChecksum: What is said of checksums is not what the upload began with.
            InvalidArgument: The object would have another size.
        """
        if not self._are_kept:
            return
        if error.code == "BadDigest":
            raise BadDigest("the object would have another checksum", digest="checksum") from error
        if error.code not in _CODES:
            return
        kind, size = self._state(place, parts, made)
        if options.size_bytes not in {None, size}:
            raise InvalidArgument(f"the object would have {size} bytes", field="size_bytes") from error
        _check_kind(kind, parts, options, error)

    def _state(
        self, place: tuple[str, str, str], parts: Sequence[CompletedPart], made: Callable[[], ObjectInfo]
    ) -> tuple[Kind, int | None]:
        """Returns the kind of an upload, and the size of its object; ``None``: it has more parts than a page."""
        try:
            page = self._look(*place)
        except NoSuchUpload:
            info = made()
            checksum = info.checksum
            return (Kind() if checksum is None else Kind(checksum.algorithm, checksum.type)), info.size_bytes
        listed = {part.part_number for part in parts}
        size = sum(part.size_bytes for part in page.parts if part.part_number in listed)
        return Kind(page.checksum_algorithm, page.checksum_type), None if page.cursor else size


def _check_kind(
    kind: Kind, parts: Sequence[CompletedPart], options: CompleteOptions, error: S3ResponseError | None = None
) -> None:
    is_another = options.checksum is not None and options.checksum.algorithm != kind.algorithm
    is_missing = kind.type == COMPOSITE and any(part.checksum is None for part in parts)
    if is_another or is_missing or options.checksum_type not in {None, kind.type}:
        raise InvalidChecksum(f"the upload began with {kind.type or 'no'} checksums") from error
