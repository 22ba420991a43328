"""Ends uploads that failed, at once or as soon as the server responds again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from bucketry import BackendError, BucketryError, Classified, NoSuchBucket, NoSuchKey, NoSuchUpload, Unavailable

from bucketry_s3client.client import S3Client
from bucketry_s3client.forking import watch_forks

MAX_FAILED_UPLOADS: Final = 1000
"""How many uploads are remembered; of more, the oldest are left to the server."""

_FIRST_WAIT, _LONGEST_WAIT, _GIVE_UP_AFTER = 0.5, 30.0, 3600.0  # seconds
_GONE: Final = (NoSuchUpload, NoSuchBucket, NoSuchKey)

_log = logging.getLogger("bucketry.s3client")


class _Upload(NamedTuple):
    bucket: str
    key: str
    upload_id: str
    since: float
    """When it was to be ended first, by the clock that only goes forward."""


class FailedUploads:
    """Aborts uploads. Where that fails, it tries again for an hour, in a thread of its own, until it is closed.

    One that the server refuses to end, as it does without ``s3:AbortMultipartUpload``, is not tried again.
    """

    def __init__(self, client: S3Client, classify: Callable[[Exception], Classified]) -> None:
        """Remembers nothing yet.

        Args:
            client: The way to the server.
            classify: Which error of the contract an error of the client is.
        """
        self._client = client
        self._classify = classify
        self._lock = threading.Lock()
        self._waiting: list[_Upload] = []
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        watch_forks(self)

    def after_fork(self) -> None:
        """Begins with nothing, in a new process: the other one ends what waits."""
        is_closed = self._closed.is_set()
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._waiting, self._thread = [], None
        if is_closed:
            self._closed.set()

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload and frees its parts, after something else failed; where that fails too, later.

        What failed first is the error to raise, so this raises none.
        """
        upload = _Upload(bucket, key, upload_id, time.monotonic())
        if self._is_left(upload, self._failure(upload)):
            _log.warning("an upload that failed cannot be ended now: its parts take up room in bucket %r", bucket)
            self._keep([upload])

    def sweep(self) -> None:
        """Tries again now. Costs nothing where nothing is left."""
        if not self._waiting:
            return
        with self._lock:
            taken, self._waiting = self._waiting, []
        left = []
        for count, upload in enumerate(taken, 1):
            failure = self._failure(upload)
            if self._is_left(upload, failure):
                left.append(upload)
            if failure is Unavailable:  # The others need not be tried.
                left += taken[count:]
                break
        oldest = time.monotonic() - _GIVE_UP_AFTER
        self._keep([upload for upload in left if upload.since > oldest])

    def close(self) -> None:
        """Tries once more and stops trying."""
        self._closed.set()
        thread = self._thread
        if thread is not None:
            thread.join()
        self.sweep()

    def _failure(self, upload: _Upload) -> type[BucketryError] | None:
        """Tries to end an upload; returns why that failed, or ``None`` once the upload is gone."""
        query = {"uploadId": upload.upload_id}
        try:
            self._client.request("DELETE", upload.bucket, upload.key, query=query, once=True)
        except Exception as error:  # noqa: BLE001 - the upload's own failure is what the caller hears of
            kind = self._classify(error).kind
            return None if issubclass(kind, _GONE) else kind
        return None

    def _is_left(self, upload: _Upload, failure: type[BucketryError] | None) -> bool:
        """Says whether to try again; warns where that is hopeless."""
        # An unknown error, such as one inside the server, may pass.
        if failure is None or failure.retryable or failure is BackendError:
            return failure is not None
        _log.warning(
            "the server refuses to end an upload that failed (%s): its parts take up room in bucket %r",
            failure.code,
            upload.bucket,
        )
        return False

    def _keep(self, uploads: list[_Upload]) -> None:
        with self._lock:
            self._waiting = [*self._waiting, *uploads][-MAX_FAILED_UPLOADS:]
            if self._waiting and self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._try_again, name="bucketry-failed_uploads", daemon=True)
                self._thread.start()

    def _try_again(self) -> None:
        pause = _FIRST_WAIT
        while not self._closed.wait(pause):
            pause = min(2 * pause, _LONGEST_WAIT)
            self.sweep()
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
        with self._lock:
            self._thread = None
