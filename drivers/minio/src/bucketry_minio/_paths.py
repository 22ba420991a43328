"""Finds out whether an object would hide others from MinIO's listings, or be hidden by one.

MinIO holds ``a`` and ``a/b`` side by side, and gives both to who asks for them. But its listings show ``a`` alone:
they do not look below an object. So a listing would not be complete, and such a write is refused instead.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final

from bucketry import InvalidKey
from bucketry_s3client import S3ResponseError, is_truncated, reading

from bucketry_minio._connection import Connection
from bucketry_minio._keys import parents

REMEMBERED: Final = 10_000
"""How many folders are remembered, at most."""

REMEMBERED_FOR: Final = 30.0
"""Seconds after which a folder is asked for again: another program may have written an object in its place."""


class PathGuard:
    """Refuses keys that would hide objects. Threads may share it.

    What it hears is true when it asks: of two who write ``a`` and ``a/b`` at the same moment, both may succeed.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._folders: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, bucket: str, key: str) -> None:
        """Asks whether this key may be written; one request for what is below it, and one for each new folder above.

        Raises:
            InvalidKey: An object is above it, or objects are below it.
            S3ResponseError: The bucket does not exist, or another refusal.
        """
        for parent in parents(key):
            if not self._is_folder(bucket, parent):
                raise InvalidKey(f"MinIO would not list it: {parent!r} is an object", bucket=bucket, key=key)
        # MinIO keeps "a/" beside the folder "a", so that it hides nothing.
        if not key.endswith("/") and self._has_children(bucket, key):
            raise InvalidKey(f"MinIO would no more list the objects below {key + '/'!r}", bucket=bucket, key=key)

    def wrote(self, bucket: str, key: str) -> None:
        """Takes notice that this key holds an object now."""
        with self._lock:
            self._folders.pop((bucket, key), None)

    def _is_folder(self, bucket: str, key: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now < self._folders.get((bucket, key), 0.0):
                return True
        if self._is_object(bucket, key):
            return False
        with self._lock:
            self._folders[bucket, key] = now + REMEMBERED_FOR
            if len(self._folders) > REMEMBERED:
                self._folders.popitem(last=False)
        return True

    def _is_object(self, bucket: str, key: str) -> bool:
        try:
            self._connection.request("HEAD", bucket, key)
        except S3ResponseError as error:
            if error.code == "NoSuchKey":
                return False
            raise
        return True

    def _has_children(self, bucket: str, key: str) -> bool:
        query = {"list-type": "2", "encoding-type": "url", "max-keys": "1"}
        query |= {"prefix": key + "/", "start-after": key + "/"}
        _, document = self._connection.request_xml("GET", bucket, root="ListBucketResult", query=query)
        with reading("a page of objects"):
            return bool(document.all("Contents")) or is_truncated(document)
