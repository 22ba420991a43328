"""Ends uploads that failed, at once or as soon as the gateway answers again."""

from __future__ import annotations

import logging
import threading
from typing import Final

from botocore.exceptions import ClientError

from bucketry_rgw._errors import code_of
from bucketry_rgw._wire import Wire

MOST: Final = 1000
"""How many uploads are remembered, at most."""

_FIRST_WAIT, _LONGEST_WAIT, _GIVE_UP_AFTER = 0.5, 30.0, 3600.0  # seconds

_log = logging.getLogger("bucketry.rgw")

Upload = tuple[str, str, str]


class Leftovers:
    """Aborts uploads. Where that fails, it tries again for an hour, in a thread of its own, until it is closed."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = threading.Lock()
        self._waiting: list[Upload] = []
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload and frees its parts; never raises an error of the gateway."""
        upload = (bucket, key, upload_id)
        if not self._ends(upload):
            _log.warning("an upload that failed cannot be ended now: its parts take up room in bucket %r", bucket)
            self._remember(upload)

    def close(self) -> None:
        """Tries once more and stops trying."""
        self._closed.set()
        thread = self._thread
        if thread is not None:
            thread.join()
        for upload in self._take():
            self._ends(upload)

    def _ends(self, upload: Upload) -> bool:
        bucket, key, upload_id = upload
        try:
            self._wire.send("DELETE", bucket, key, query={"uploadId": upload_id}, patient=False)
        except ClientError as error:
            return code_of(error) in {"NoSuchUpload", "NoSuchBucket", "NoSuchKey"}
        except Exception:  # noqa: BLE001 - the upload's own failure is what the caller hears of
            return False
        return True

    def _remember(self, upload: Upload) -> None:
        with self._lock:
            self._waiting = [*self._waiting, upload][-MOST:]
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._try_again, name="bucketry-rgw-leftovers", daemon=True)
                self._thread.start()

    def _take(self) -> list[Upload]:
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    def _try_again(self) -> None:
        pause, waited = _FIRST_WAIT, 0.0
        while waited < _GIVE_UP_AFTER and not self._closed.wait(pause):
            waited, pause = waited + pause, min(2 * pause, _LONGEST_WAIT)
            left = [upload for upload in self._take() if not self._ends(upload)]
            with self._lock:
                self._waiting = [*left, *self._waiting][-MOST:]
                if not self._waiting:
                    break
        with self._lock:
            self._thread = None
