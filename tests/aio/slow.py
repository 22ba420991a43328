"""A driver that blocks, and stops where a test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from anyio import to_thread
from bucketry import (
    DONE,
    Body,
    Done,
    GetOptions,
    HeadOptions,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    OpenedObject,
    PutOptions,
    Upload,
    UploadOptions,
)
from bucketry.hookspecs import hookimpl

from tests.core.tiny import TinyDriver, TinySettings

PATIENCE = 60.0
"""Most seconds that a test waits for what must come."""


class SlowDriver(TinyDriver):
    """Keeps objects in a dict. A call stops at a place that is in ``stops`` until `go_on`.

    Attributes:
        stops: ``before`` and ``after`` the body is read; or the name of another place, as ``head``.
        uploads: Ids of the uploads in progress.
        listed: How many pages were asked for.
        inside: How many calls run, and the most that ran at once.
    """

    def __init__(self, *stops: str) -> None:
        super().__init__(TinySettings())
        self.stops = set(stops)
        self.uploads: list[str] = []
        self.listed = 0
        self.running = self.most_running = 0
        self.threads: set[str] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Semaphore(0)
        self._go_on = threading.Semaphore(0)

    async def has_stopped(self) -> None:
        """Returns once a call has stopped."""
        assert await to_thread.run_sync(partial(self._stopped.acquire, timeout=PATIENCE))

    def go_on(self) -> None:
        """Has the call that has stopped go on."""
        self._go_on.release()

    def _stop(self, place: str) -> None:
        with self._lock:
            self.threads.add(threading.current_thread().name)
            self.running += 1
            self.most_running = max(self.running, self.most_running)
        if place in self.stops:
            self._stopped.release()
            assert self._go_on.acquire(timeout=PATIENCE)
        with self._lock:
            self.running -= 1

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        self._stop("before")
        content = body.read()
        self._stop("after")
        info = ObjectInfo(
            key=key,
            size_bytes=len(content),
            etag=str(len(content)),
            last_modified=datetime.now(UTC),
            content_type=options.content_type,
        )
        self.objects[bucket, key] = info, content
        return info

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        self._stop("get")
        return super().get_object(bucket, key, options)

    def _chunks(self, key: str, content: bytes) -> Iterator[bytes]:
        chunks = super()._chunks(key, content)
        yield next(chunks)
        self._stop("reading")
        yield from chunks

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        self._stop("head")
        return self.objects[bucket, key][0]

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        self._stop("list")
        self.listed += 1
        now = datetime.now(UTC)
        keys = [f"{self.listed:04}-{number}" for number in range(2)]
        infos = tuple(ObjectInfo(key=key, size_bytes=0, etag="0", last_modified=now) for key in keys)
        return ObjectPage(objects=infos, cursor=str(self.listed))

    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        self._stop("begin")
        self.uploads.append(key)
        return Upload(key=key, upload_id="1", initiated_at=datetime.now(UTC))

    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        self.uploads.remove(key)
        return DONE

    @hookimpl
    def close(self) -> Done:
        self._stop("close")
        return DONE
