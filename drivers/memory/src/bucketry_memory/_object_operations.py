"""The driver's operations on objects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bucketry import (
    DONE,
    AttributesOptions,
    Body,
    Checksum,
    CopyOptions,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    NoSuchBucket,
    ObjectAttributes,
    ObjectHeaders,
    ObjectInfo,
    OpenedObject,
    PreconditionFailed,
    PresignedUrl,
    PresignOptions,
    PutOptions,
)
from bucketry.checksums import checksum_of
from bucketry.conditions import check_read
from bucketry.hookspecs import hookimpl
from bucketry.options import WriteConditions
from typing_extensions import override

from bucketry_memory._bucket import Bucket
from bucketry_memory._data import chunks, md5_hex, pull, whole
from bucketry_memory._state import MemoryState
from bucketry_memory._stored import Extras, StoredObject, headers_of, kept_extras

_TRIES = 3


class ObjectOperations(MemoryState):
    """Operations on objects."""

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content."""
        return _info_if(self._stored(bucket, key), key, options)

    @override
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns an object with one page of its parts."""
        return self._stored(bucket, key).attributes(key, options)

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object: its bytes stay what they are, whatever is written to the key meanwhile."""
        stored = self._stored(bucket, key)
        info = _info_if(stored, key, options)
        if options.range is not None:
            wanted = options.range.resolve(info.size_bytes)
        elif info.part_range is not None:
            wanted = info.part_range
        else:
            return OpenedObject(info, whole(stored.content))
        return OpenedObject(info, chunks(stored.content, wanted.start, wanted.stop), content_range=wanted)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object, once its body is complete."""
        conditional = options.if_match or options.if_none_match
        target = self._bucket(bucket)
        if conditional:  # Here so that nothing is pulled in vain, and again in the step that writes.
            target.check_write(key, options)
        body.track_md5()
        content, reserved = pull(body, self._room)
        try:
            etag, (headers, extras) = body.md5_hex(), self._kept(options)
            if options.checksum_algorithm is not None:
                extras = Extras(options.tags, body.checksum())
            with self._lock:
                if target.is_deleted:
                    raise NoSuchBucket
                if conditional:
                    target.check_write(key, options)
                stored = StoredObject(content, etag, self._clock.now(), headers, extras)
                target.put(key, stored, reserved)
        except BaseException:
            self._room.release(reserved)
            raise
        return stored.info(key)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object, which shares its bytes with the original."""
        if options.headers is None and (source_bucket, source_key) == (bucket, key):
            raise InvalidArgument("a copy of an object onto itself needs new headers")
        source = self._stored(source_bucket, source_key)
        for _ in range(_TRIES):
            _check_copy(self._bucket(bucket), key, source, options)
            digests = _digests(source, options)  # Bytes may have to be read for them, which takes its time.
            with self._lock:
                current = self._stored(source_bucket, source_key)
                if current.content is source.content:
                    return self._put_copy(bucket, key, current, digests, options)
            source = current
        with self._lock:
            source = self._stored(source_bucket, source_key)
            return self._put_copy(bucket, key, source, _digests(source, options), options)

    def _put_copy(
        self, bucket: str, key: str, source: StoredObject, digests: tuple[str, Checksum | None], options: CopyOptions
    ) -> ObjectInfo:
        target = self._bucket(bucket)
        _check_copy(target, key, source, options)
        etag, checksum = digests
        headers = source.headers if options.headers is None else headers_of(options.headers)
        extras = kept_extras(headers, Extras(source.tags if options.tags is None else options.tags, checksum))
        copy = StoredObject(source.content, etag, self._clock.now(), headers, extras)
        target.put(key, copy)
        return copy.info(key)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Done:
        """Deletes an object."""
        with self._lock:
            target = self._bucket(bucket)
            if options.if_match is not None:
                target.check_write(key, WriteConditions(if_match=options.if_match))
            target.remove(key)
        return DONE

    @override
    @hookimpl
    def delete_objects(self, bucket: str, keys: tuple[str, ...]) -> DeleteResult:
        """Deletes many objects; none can fail alone."""
        with self._lock:
            target = self._bucket(bucket)
            for key in keys:
                target.remove(key)
        return DeleteResult(deleted=keys)

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the S3 endpoint that serves this store."""
        now = datetime.now(UTC).replace(microsecond=0)
        answer = {
            "response-content-type": options.response_content_type,
            "response-content-disposition": options.response_content_disposition,
        }
        url = self._presigner.presign_url(
            options.method,
            bucket,
            key,
            expires_in=options.expires_in,
            query={name: value for name, value in answer.items() if value is not None},
            headers={} if options.content_type is None else {"content-type": options.content_type},
            now=now,
        )
        return PresignedUrl(url=url, method=options.method, expires_at=now + timedelta(seconds=options.expires_in))

    def _kept(self, options: PutOptions) -> tuple[ObjectHeaders, Extras | None]:
        seen, kept = self._last_kept
        if seen is not options:
            # Most writers come with one and the same options, which saves looking their headers up.
            headers = headers_of(options)
            kept = headers, kept_extras(headers, Extras(options.tags))
            self._last_kept = options, kept
        return kept


def _check_copy(target: Bucket, key: str, source: StoredObject, options: CopyOptions) -> None:
    if options.source_if_match not in {None, "*", source.etag}:
        raise PreconditionFailed("the source has another etag than source_if_match says")
    target.check_write(key, options)


def _digests(source: StoredObject, options: CopyOptions) -> tuple[str, Checksum | None]:
    """Returns etag and checksum of a copy, which is one part, whatever the source was uploaded in."""
    content, checksum = source.content, source.more.checksum
    etag = md5_hex(content) if source.more.part_ends else source.etag
    algorithm = options.checksum_algorithm or (None if checksum is None else checksum.algorithm)
    if algorithm is None:
        return etag, None
    if checksum is not None and checksum.algorithm == algorithm and not checksum.parts_count:
        return etag, checksum
    return etag, checksum_of(algorithm, whole(content))


def _info_if(stored: StoredObject, key: str, options: HeadOptions) -> ObjectInfo:
    """Returns an object's info if the conditions hold, of which there mostly are none."""
    info = stored.info(key)
    if options.if_match or options.if_none_match or options.if_modified_since or options.if_unmodified_since:
        check_read(info, options)
    return info if options.part_number is None else stored.part_info(key, options.part_number)
