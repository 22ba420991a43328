"""The honest driver's multipart uploads."""

from __future__ import annotations

import secrets

from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    Done,
    InvalidPart,
    InvalidRange,
    NoSuchUpload,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartPage,
    PartTooSmall,
    TooLarge,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
)
from bucketry.conditions import check_write
from bucketry.hookspecs import hookimpl
from bucketry.options import WriteConditions

from tests.contract_self.honest_state import HonestState, UploadState


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
            begun = Upload(key=self.stored_key(key), upload_id=self.new_upload_id(key), initiated_at=self.now())
            self.bucket(bucket).uploads[begun.upload_id] = UploadState(begun, options, options.tags)
            return begun

    @hookimpl
    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Body) -> Part:
        self.upload(bucket, key, upload_id)
        return self.put_part(bucket, key, upload_id, part_number, self.pull(bucket, key, body))

    def put_part(self, bucket: str, key: str, upload_id: str, part_number: int, pieces: tuple[bytes, ...]) -> Part:
        size = sum(map(len, pieces))
        part = Part(part_number=part_number, etag=self.etag(pieces), size_bytes=size, last_modified=self.now())
        with self.lock:
            self.upload(bucket, key, upload_id).parts[part_number] = (part, pieces)
        return part

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
        check_write(source.info, WriteConditions(if_match=options.source_if_match))
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
            parts = self.upload(bucket, key, upload_id).parts
            numbers = [number for number in sorted(parts) if number > int(options.cursor or 0)]
        page = numbers[: options.limit]
        return PartPage(
            parts=tuple(parts[number][0] for number in page),
            cursor=str(page[-1]) if len(page) < len(numbers) else None,
        )

    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        with self.lock:
            upload = self.upload(bucket, key, upload_id)
            pieces = self.joined(upload, parts)
            self.check_write(bucket, key, options)
            del self.bucket(bucket).uploads[upload_id]
            sizes = tuple(upload.parts[part.part_number][0].size_bytes for part in parts)
            return self.replace(bucket, key, pieces, upload.headers, tags=upload.tags, part_sizes=sizes)

    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        """The content of the listed parts."""
        chosen: list[bytes] = []
        for wanted in listed:
            part, pieces = upload.parts.get(wanted.part_number, (None, ()))
            if part is None or part.etag != wanted.etag:
                raise InvalidPart
            if wanted is not listed[-1] and part.size_bytes < self.features.min_part_size:
                raise PartTooSmall
            chosen += pieces
        return tuple(chosen)

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
