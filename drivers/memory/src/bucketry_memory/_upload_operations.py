"""The driver's multipart uploads."""

from __future__ import annotations

from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    Done,
    ObjectInfo,
    PageOptions,
    Part,
    PartPage,
    TooLarge,
    Upload,
    UploadOptions,
)
from bucketry.hookspecs import hookimpl
from typing_extensions import override

from bucketry_memory._data import joined, pull
from bucketry_memory._state import MemoryState
from bucketry_memory._stored import StoredObject, headers_of
from bucketry_memory._uploads import StoredPart, etag_of, part_info


class UploadOperations(MemoryState):
    """Multipart uploads."""

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        headers = headers_of(options)
        with self._lock:
            return self._bucket(bucket).uploads.begin(key, self._clock.now(), headers).info()

    @override
    @hookimpl
    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Body) -> Part:
        """Stores a part, once its body is complete and if the upload is still in progress."""
        self._bucket(bucket).uploads.get(key, upload_id)  # Before anything is pulled, and again below.
        body.track_md5()
        content, reserved = pull(body, self._room)
        try:
            etag = body.md5_hex()
            with self._lock:
                uploads = self._bucket(bucket).uploads
                upload = uploads.get(key, upload_id)
                part = StoredPart(content, etag, self._clock.now())
                uploads.put_part(upload, part_number, part, reserved)
        except BaseException:
            self._room.release(reserved)
            raise
        return part_info(part_number, part)

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
            stored = StoredObject(content, etag_of(chosen), self._clock.now(), upload.headers)
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
