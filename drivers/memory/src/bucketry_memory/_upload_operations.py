"""The driver's multipart uploads."""

from __future__ import annotations

from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    Done,
    InvalidRange,
    NoSuchUpload,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PreconditionFailed,
    TooLarge,
    Upload,
    UploadOptions,
)
from bucketry.checksums import Checksum, checksum_of
from bucketry.hookspecs import hookimpl
from typing_extensions import override

from bucketry_memory._bucket import Bucket
from bucketry_memory._data import Content, joined, md5_hex, part_of, pull, whole
from bucketry_memory._state import MemoryState
from bucketry_memory._stored import Extras, StoredObject, headers_of
from bucketry_memory._upload_checksums import check_object
from bucketry_memory._uploads import StoredPart, ends_of, etag_of, part_info


class UploadOperations(MemoryState):
    """Multipart uploads."""

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        headers = headers_of(options)
        with self._lock:
            return self._bucket(bucket).uploads.begin(key, self._clock.now(), headers, options).info()

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part, once its body is complete and if the upload is still in progress."""
        upload = self._bucket(bucket).uploads.get(key, upload_id)  # Before anything is pulled, and again below.
        upload.checksums.check_sent(options.checksum_algorithm)
        body.track_md5()
        algorithm = upload.checksums.algorithm
        if algorithm is not None:
            body.track_checksum(algorithm)
        content, reserved = pull(body, self._room)
        try:
            checksum = None if algorithm is None else body.checksum()
            digests = body.md5_hex(), checksum
            return self._put_part(bucket, key, upload_id, part_number, content, digests, reserved)
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
        upload = self._bucket(bucket).uploads.get(key, upload_id)
        source = self._stored(source_bucket, source_key)
        start, stop = self._wanted(source, options)
        self._room.reserve(stop - start)
        try:
            content, algorithm = part_of(source.content, start, stop), upload.checksums.algorithm
            checksum = None if algorithm is None else checksum_of(algorithm, whole(content))
            digests = md5_hex(content), checksum
            return self._put_part(bucket, key, upload_id, part_number, content, digests, stop - start)
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
            if (made := self._made_before(target, key, upload_id, parts, options)) is not None:
                return made.info(key)
            upload = target.uploads.get(key, upload_id)
            chosen = upload.select(parts, self.features.min_part_size)
            content = joined(part.content for part in chosen)
            if len(content) > self.features.max_object_size:
                raise TooLarge(f"an object has at most {self.features.max_object_size} bytes")
            checksum = upload.checksums.of_object([(part.checksum, len(part.content)) for part in chosen], options)
            target.check_write(key, options)
            digests = tuple(part.checksum.digest for part in chosen if part.checksum is not None)
            extras = Extras(upload.tags, checksum, ends_of(chosen), digests, upload_id)
            now = self._clock.now()
            stored = StoredObject(content, etag_of(chosen), now, upload.headers, extras)
            # It takes over the upload's room, and so cannot fail for want of any.
            target.put(key, stored, reserved=upload.size_bytes, entries=upload.entries)
            target.uploads.forget(upload)
            self._completions.remember(bucket, key, upload_id, parts, now)
        return stored.info(key)

    def _made_before(
        self, bucket: Bucket, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> StoredObject | None:
        """Returns the object that this very call has made already, if it is still what the key holds.

        Raises:
            NoSuchUpload: A part is listed with another checksum than it had.
            BucketryError: The object is not what the caller says, as when it was made.
        """
        current = bucket.objects.get(key)
        if current is None or current.more.upload_id != upload_id:
            return None
        if not self._completions.holds(bucket.info.name, key, upload_id, parts, self._clock.now()):
            return None
        made, digests = current.more.checksum, current.more.part_digests
        if any(
            part.checksum is not None and (made is None or part.checksum != Checksum(made.algorithm, digest))
            for part, digest in zip(parts, digests or (b"",) * len(parts), strict=True)
        ):
            raise NoSuchUpload
        check_object(made, len(current.content), options)
        return current

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload."""
        with self._lock:
            uploads = self._bucket(bucket).uploads
            uploads.abort(uploads.get(key, upload_id))
        return DONE

    def _put_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        content: Content,
        digests: tuple[str, Checksum | None],
        reserved: int,
    ) -> Part:
        with self._lock:
            uploads = self._bucket(bucket).uploads
            upload = uploads.get(key, upload_id)
            etag, checksum = digests
            part = StoredPart(content, etag, self._clock.now(), checksum)
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
