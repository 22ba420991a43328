"""The driver's multipart uploads."""

from __future__ import annotations

from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    Done,
    InvalidRange,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartPage,
    PreconditionFailed,
    TooLarge,
    Upload,
    UploadOptions,
)
from bucketry.hookspecs import hookimpl
from typing_extensions import override

from bucketry_memory._data import Content, joined, md5_hex, part_of, pull
from bucketry_memory._state import MemoryState
from bucketry_memory._stored import StoredObject, extras_of, headers_of
from bucketry_memory._uploads import StoredPart, ends_of, etag_of, part_info


class UploadOperations(MemoryState):
    """Multipart uploads."""

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        headers = headers_of(options)
        with self._lock:
            return self._bucket(bucket).uploads.begin(key, self._clock.now(), headers, options.tags).info()

    @override
    @hookimpl
    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Body) -> Part:
        """Stores a part, once its body is complete and if the upload is still in progress."""
        self._bucket(bucket).uploads.get(key, upload_id)  # Before anything is pulled, and again below.
        body.track_md5()
        content, reserved = pull(body, self._room)
        try:
            return self._put_part(bucket, key, upload_id, part_number, content, body.md5_hex(), reserved)
        except BaseException:
            self._room.release(reserved)
            raise

    @override
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
        """Stores a part that shares its bytes with an object."""
        self._bucket(bucket).uploads.get(key, upload_id)
        source = self._stored(source_bucket, source_key)
        start, stop = self._wanted(source, options)
        self._room.reserve(stop - start)
        try:
            content = part_of(source.content, start, stop)
            return self._put_part(bucket, key, upload_id, part_number, content, md5_hex(content), stop - start)
        except BaseException:
            self._room.release(stop - start)
            raise

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of parts."""
        with self._lock:
            return self._bucket(bucket).uploads.get(key, upload_id).list_parts(options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object, without copying them."""
        with self._lock:
            target = self._bucket(bucket)
            upload = target.uploads.get(key, upload_id)
            chosen = upload.select(parts, self.features.min_part_size)
            content = joined(part.content for part in chosen)
            if len(content) > self.features.max_object_size:
                raise TooLarge(f"an object has at most {self.features.max_object_size} bytes")
            target.check_write(key, options)
            extras = extras_of(upload.headers, upload.tags, ends_of(chosen))
            stored = StoredObject(content, etag_of(chosen), self._clock.now(), upload.headers, extras)
            # It takes over the upload's room, and so cannot fail for want of any.
            target.put(key, stored, reserved=upload.size_bytes, entries=upload.entries)
            target.uploads.forget(upload)
        return stored.info(key)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload."""
        with self._lock:
            uploads = self._bucket(bucket).uploads
            uploads.abort(uploads.get(key, upload_id))
        return DONE

    def _put_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, content: Content, etag: str, reserved: int
    ) -> Part:
        with self._lock:
            uploads = self._bucket(bucket).uploads
            upload = uploads.get(key, upload_id)
            part = StoredPart(content, etag, self._clock.now())
            uploads.put_part(upload, part_number, part, reserved)
        return part_info(part_number, part)

    def _wanted(self, source: StoredObject, options: PartCopyOptions) -> tuple[int, int]:
        """Says which bytes of an object are to be copied: from which, until which."""
        if options.source_if_match not in {None, "*", source.etag}:
            raise PreconditionFailed("the source has another etag than source_if_match says")
        size = len(source.content)
        start, stop = 0, size
        if options.range is not None:
            start, stop = options.range.first or 0, (options.range.last or 0) + 1
        if stop > size:
            raise InvalidRange(f"the source has {size} bytes")
        if stop - start > self.features.max_part_size:
            raise TooLarge(f"a part has at most {self.features.max_part_size} bytes")
        return start, stop
