"""The writing of an object as a file: in one request if it is small, in parts side by side if it is not."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final, Literal

from bucketry import (
    BucketryError,
    ByteRange,
    CompleteOptions,
    GetOptions,
    NoSuchKey,
    ObjectInfo,
    Part,
    PartCopyOptions,
    PreconditionFailed,
    PutOptions,
    Store,
    Unsupported,
    UploadOptions,
)
from bucketry._kept_facts import kept_facts
from bucketry.guessed_types import guessed_type
from bucketry.models import ObjectHeaders

THREADS: Final = 3
"""Parts of a file that are sent side by side. A file takes this many parts of memory, and two more."""

_log: Final = logging.getLogger("bucketry")

DOUBLED_AFTER: Final = 900
"""Parts of one size; the next ones are twice as large, so that 10,000 parts are enough for any object."""


class Writer:
    """Writes one object. Nothing of it is visible before `commit`."""

    def __init__(
        self,
        store: Store,
        bucket: str,
        key: str,
        mode: str,
        part_bytes: int,
        headers: Mapping[str, Any],
    ) -> None:
        """Makes the writer; `start` asks the store.

        Args:
            store: The store.
            bucket: The bucket.
            key: The key.
            mode: ``wb``, ``xb`` (the key must hold no object) or ``ab`` (after the content of the object).
            part_bytes: Bytes of a part.
            headers: Fields of `ObjectHeaders`; without any, those of the object that is appended to are kept. The
                content type is what the key looks like, unless it is given. What else such an object has is kept.
        """
        self._store, self._bucket, self._key = store, bucket, key
        self._mode = mode
        self._least_part_bytes = part_bytes
        self._headers = ObjectHeaders(**{"content_type": guessed_type(key), **headers})
        self._own_headers = bool(headers)
        self._kept: dict[str, Any] = {}
        self._features = store.capabilities.features
        self._if_none_match: Literal["*"] | None = None
        self._if_match: str | None = None
        self._before = b""
        self._copied: ObjectInfo | None = None
        self._whole: bytes | None = None
        self._upload_id: str | None = None
        self._parts: list[Future[Part]] = []
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="bucketry-parts")
        self._blocks = not self._features.non_blocking
        self._ended = False

    @property
    def part_bytes(self) -> int:
        """Bytes of the next part."""
        return int(min(self._least_part_bytes << len(self._parts) // DOUBLED_AFTER, self._features.max_part_size))

    def start(self) -> int:
        """Looks at what the key holds, and returns how many bytes stand before those that are written.

        Raises:
            PreconditionFailed: The mode is ``xb``, and there is an object.
            Unsupported: The mode is ``xb``, and the store has no such condition.
        """
        if self._mode == "wb":
            return 0
        try:
            found = self._store.head_object(self._bucket, self._key)
        except NoSuchKey:
            return self._only_if_missing()
        if self._mode == "ab":
            return self._append_to(found)
        raise PreconditionFailed(condition="if_none_match", bucket=self._bucket, key=self._key)

    def _only_if_missing(self) -> int:
        if self._features.put_if_none_match and self._features.complete_if_none_match:
            self._if_none_match = "*"
        elif self._mode == "xb":
            raise Unsupported("the mode x needs conditions of writes", feature="put_if_none_match")
        return 0

    def _append_to(self, found: ObjectInfo) -> int:
        if not self._own_headers:
            self._headers = found
        self._kept = kept_facts(self._store, self._bucket, found)
        if self._features.put_if_match and self._features.complete_if_match:
            self._if_match = found.etag
        if found.size_bytes >= self._least_part_bytes:
            self._copied = found
        elif found.size_bytes:
            options = GetOptions(if_match=found.etag if self._features.get_if_match else None)
            with self._store.get_object(self._bucket, self._key, options) as opened:
                self._before = opened.read()
        return found.size_bytes

    def write(self, data: memoryview, *, final: bool) -> bytes:
        """Sends whole parts, and returns the bytes that are left for the next call.

        Args:
            data: What was written since the last call, after the bytes that it left.
            final: Whether this is the last call. Then nothing is left.
        """
        content = memoryview(self._before + data) if self._before else data
        self._before = b""
        if final and self._upload_id is None and self._copied is None:
            self._whole = bytes(content)
            return b""
        at = 0
        while len(content) - at >= self.part_bytes or (final and at < len(content)):
            part = bytes(content[at : at + self.part_bytes])
            self._send(part)
            at += len(part)
        if final:
            self._begin()
        return bytes(content[at:])

    def _begin(self) -> str:
        if self._upload_id is None:
            options = UploadOptions(**_headers(self._headers), **self._kept)
            upload = self._store.create_multipart_upload(self._bucket, self._key, options)
            self._upload_id = upload.upload_id
            if self._copied is not None:
                self._copy(self._copied)
        return self._upload_id

    def _copy(self, source: ObjectInfo) -> None:
        """Makes the object that is appended to the first parts, all of about the same size."""
        upload_id, total = self._upload_id or "", source.size_bytes
        count = -(-total // self._features.max_part_size)
        etag = source.etag if self._features.part_copy_source_if_match else None
        for number in range(1, count + 1):
            first, stop = total * (number - 1) // count, total * number // count
            options = PartCopyOptions(range=ByteRange(first, stop - 1), source_if_match=etag)
            target = (self._bucket, self._key, upload_id, number)
            self._parts.append(_done(self._store.upload_part_copy(*target, self._bucket, self._key, options)))

    def _send(self, part: bytes) -> None:
        upload_id, number = self._begin(), len(self._parts) + 1
        arguments = (self._bucket, self._key, upload_id, number, part)
        if not self._blocks:
            self._parts.append(_done(self._store.upload_part(*arguments)))
            return
        self._parts.append(self._threads.submit(self._store.upload_part, *arguments))
        if number > THREADS:
            self._parts[-1 - THREADS].result()  # So that no more parts than this are in memory.

    def commit(self) -> ObjectInfo | None:
        """Makes what was written the object; again, or after `discard`, it does nothing."""
        if self._ended:
            return None
        conditions: dict[str, Any] = {"if_match": self._if_match, "if_none_match": self._if_none_match}
        if self._whole is not None:
            options = PutOptions(**_headers(self._headers), **self._kept, **conditions)
            info = self._store.put_object(self._bucket, self._key, self._whole, options)
        else:
            parts = [part.result() for part in self._parts]
            info = self._store.complete_multipart_upload(
                self._bucket, self._key, self._begin(), parts, CompleteOptions(**conditions)
            )
        self._end()
        return info

    def discard(self) -> None:
        """Throws away what was written. Parts that are on their way are waited for, since they could come later."""
        if self._ended:
            return
        self._end()
        wait([part for part in self._parts if not part.cancelled()])  # Of one that never began there is no end.
        if self._upload_id is not None:
            try:
                self._store.abort_multipart_upload(self._bucket, self._key, self._upload_id)
            except BucketryError as error:
                _log.warning("parts of an upload that was given up stay in the store: %s", error.code)

    def _end(self) -> None:
        self._ended = True
        self._whole = None
        self._threads.shutdown(wait=False, cancel_futures=True)


def _headers(source: ObjectHeaders) -> dict[str, Any]:
    return {name: getattr(source, name) for name in ObjectHeaders.__struct_fields__}


def _done(part: Part) -> Future[Part]:
    future: Future[Part] = Future()
    future.set_result(part)
    return future
