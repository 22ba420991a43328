"""Ends the uploads that could not be ended when they failed, because the server was gone."""

from __future__ import annotations

import logging
from collections import deque
from typing import Final

from minio.error import S3Error
from urllib3.exceptions import HTTPError

from bucketry_minio._connection import Connection

MOST: Final = 1000
"""How many uploads are remembered; of more, the oldest are left to the server, which frees their parts after a day."""

_log = logging.getLogger("bucketry.minio")

_Upload = tuple[str, str, str]


class Leftovers:
    """Uploads to be aborted. Threads may share it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._uploads: deque[_Upload] = deque(maxlen=MOST)

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Aborts an upload after something else failed; where that fails too, later.

        What failed first is the error to raise, so this raises none.
        """
        if not self._abort((bucket, key, upload_id)):
            _log.warning("an upload to %r in %r could not be aborted yet", key, bucket)
            self._uploads.append((bucket, key, upload_id))

    def sweep(self) -> None:
        """Tries again to abort what is left. Costs nothing where nothing is."""
        while self._uploads:
            try:
                upload = self._uploads.popleft()
            except IndexError:  # Another thread was quicker.
                return
            if not self._abort(upload):
                self._uploads.append(upload)
                return

    def _abort(self, upload: _Upload) -> bool:
        """Whether the upload is no more."""
        bucket, key, upload_id = upload
        try:
            self._connection.send("DELETE", bucket, key, query={"uploadId": upload_id})
        except S3Error as error:
            return error.code in {"NoSuchUpload", "NoSuchBucket"}
        except (HTTPError, OSError):
            return False
        return True
