"""The honest driver's multipart uploads."""

from __future__ import annotations

import hashlib
import secrets

from bucketry import (
    DONE,
    BadDigest,
    Body,
    Checksum,
    CompletedPart,
    CompleteOptions,
    Done,
    InvalidArgument,
    InvalidChecksum,
    InvalidPart,
    InvalidRange,
    NoSuchUpload,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PartTooSmall,
    TooLarge,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
)
from bucketry.checksums import COMPOSITE, checksum_of, checksum_of_parts
from bucketry.conditions import check_copy_source
from bucketry.hookspecs import hookimpl

from tests.contract_self.honest_state import HonestState, Stored, UploadState


class HonestUploads(HonestState):
    """Uploads in a dict of each bucket, by id."""

    def upload(self, bucket: str, key: str, upload_id: str) -> UploadState:
        found = self.bucket(bucket).uploads.get(upload_id)
        if found is None or found.begun.key != key:
            raise NoSuchUpload
        return found

    def new_upload_id(self, key: str) -> str:
        return secrets.token_hex(8)

    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        with self.lock:
            begun = Upload(
                key=self.stored_key(key),
                upload_id=self.new_upload_id(key),
                initiated_at=self.now(),
                checksum_algorithm=options.checksum_algorithm,
                checksum_type=options.checksum_type,
            )
            self.bucket(bucket).uploads[begun.upload_id] = UploadState(begun, options, options.tags)
            return begun

    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        self.check_sent(self.upload(bucket, key, upload_id), options)
        return self.put_part(bucket, key, upload_id, part_number, self.pull(bucket, key, body))

    def check_sent(self, upload: UploadState, options: PartOptions) -> None:
        """Checks the algorithm that a part comes with."""
        wanted, sent = upload.options.checksum_algorithm, options.checksum_algorithm
        if wanted not in {None, sent} and (sent is not None or upload.options.checksum_type == COMPOSITE):
            raise InvalidChecksum

    def put_part(self, bucket: str, key: str, upload_id: str, part_number: int, pieces: tuple[bytes, ...]) -> Part:
        part = Part(
            part_number=part_number,
            etag=self.etag(pieces),
            size_bytes=sum(map(len, pieces)),
            last_modified=self.now(),
            checksum=self.part_checksum(self.upload(bucket, key, upload_id), pieces),
        )
        with self.lock:
            self.upload(bucket, key, upload_id).parts[part_number] = (part, pieces)
        return part

    def part_checksum(self, upload: UploadState, pieces: tuple[bytes, ...]) -> Checksum | None:
        algorithm = upload.options.checksum_algorithm
        return None if algorithm is None else checksum_of(algorithm, pieces)

    @hookimpl
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        self.upload(bucket, key, upload_id)
        pieces = self.copied(source_bucket, source_key, options)
        return self.put_part(bucket, key, upload_id, part_number, pieces)

    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        """The content of a part that is copied."""
        source = self.stored(bucket, key)
        check_copy_source(source.info, options)
        content = b"".join(source.pieces)
        if options.range is not None:
            first, last = options.range.first or 0, options.range.last or 0
            if last >= len(content):
                raise InvalidRange
            content = content[first : last + 1]
        if len(content) > self.features.max_part_size:
            raise TooLarge
        return (content,)

    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        with self.lock:
            upload = self.upload(bucket, key, upload_id)
            parts = upload.parts
            numbers = [number for number in sorted(parts) if number > int(options.cursor or 0)]
        page = numbers[: options.limit]
        return PartPage(
            parts=tuple(parts[number][0] for number in page),
            cursor=str(page[-1]) if len(page) < len(numbers) else None,
            checksum_algorithm=upload.options.checksum_algorithm,
            checksum_type=upload.options.checksum_type,
        )

    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        with self.lock:
            if (made := self.made_before(bucket, key, upload_id, parts)) is not None:
                self.check_made(made.info.checksum, made.info.size_bytes, options)
                return made.info
            upload = self.upload(bucket, key, upload_id)
            pieces = self.joined(upload, parts)
            listed = [upload.parts[part.part_number][0] for part in parts]
            checksum = self.object_checksum(upload, listed, options)
            self.check_write(bucket, key, options)
            del self.bucket(bucket).uploads[upload_id]
            self.bucket(bucket).completed[upload_id] = parts
            info = self.replace(bucket, key, pieces, upload.headers, self.etag_of(listed), upload.tags, checksum)
            sizes, checksums = tuple(p.size_bytes for p in listed), tuple(p.checksum for p in listed)
            self.bucket(bucket).objects[info.key] = Stored(info, pieces, upload.tags, sizes, checksums, upload_id)
            return info

    def etag_of(self, listed: list[Part]) -> str:
        digest = hashlib.md5("".join(part.etag for part in listed).encode(), usedforsecurity=False)
        return f"{digest.hexdigest()}-{len(listed)}"

    def made_before(self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...]) -> Stored | None:
        """The object that an upload has made already."""
        current = self.bucket(bucket).objects.get(key) if self.features.complete_again else None
        if current is None or not current.upload_id or current.upload_id != upload_id:
            return None
        return current if self.bucket(bucket).completed[upload_id] == parts else None

    def object_checksum(self, upload: UploadState, parts: list[Part], options: CompleteOptions) -> Checksum | None:
        """The checksum of an object that is made of these parts."""
        algorithm, kind, made = upload.options.checksum_algorithm, upload.options.checksum_type, None
        if algorithm is not None and kind is not None:
            digests = [(part.checksum.digest, part.size_bytes) for part in parts if part.checksum is not None]
            made = checksum_of_parts(algorithm, kind, digests)
        self.check_made(made, sum(part.size_bytes for part in parts), options)
        return made

    def check_made(self, made: Checksum | None, size: int, options: CompleteOptions) -> None:
        """Compares an object with what the caller says of it."""
        given = options.checksum
        if options.checksum_type not in {None, made and made.type}:
            raise InvalidChecksum
        if given is not None and (made is None or given.algorithm != made.algorithm):
            raise InvalidChecksum
        if options.size_bytes not in {None, size}:
            raise InvalidArgument(field="size_bytes")
        if given and made and (given.digest != made.digest or given.parts_count not in {0, made.parts_count}):
            raise BadDigest

    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        """The content of the listed parts."""
        chosen: list[bytes] = []
        for wanted in listed:
            part, pieces = upload.parts.get(wanted.part_number, (None, ()))
            if part is None or part.etag != wanted.etag:
                raise InvalidPart
            self.check_listed(upload, wanted, part)
            if wanted is not listed[-1] and part.size_bytes < self.features.min_part_size:
                raise PartTooSmall
            chosen += pieces
        return tuple(chosen)

    def check_listed(self, upload: UploadState, wanted: CompletedPart, part: Part) -> None:
        """Checks the checksum that a part is listed with."""
        if wanted.checksum is None:
            if upload.options.checksum_type == COMPOSITE:
                raise InvalidChecksum
        elif part.checksum is None:
            raise InvalidPart
        elif wanted.checksum.algorithm != part.checksum.algorithm:
            raise BadDigest
        elif wanted.checksum != part.checksum:
            raise InvalidPart

    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        with self.lock:
            self.upload(bucket, key, upload_id)
            del self.bucket(bucket).uploads[upload_id]
        return DONE

    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        with self.lock:
            uploads = [upload.begun for upload in self.bucket(bucket).uploads.values()]
        found = sorted(
            (upload for upload in uploads if self.is_listed(upload, options)), key=lambda upload: upload.key.encode()
        )
        start = int(options.cursor or 0)
        page = tuple(found[start : start + options.limit])
        return UploadPage(uploads=page, cursor=str(start + len(page)) if start + len(page) < len(found) else None)

    def is_listed(self, upload: Upload, options: UploadListOptions) -> bool:
        return upload.key.startswith(options.prefix)
