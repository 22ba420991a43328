"""Refuses keys that would hide objects, on a server whose listings do not look below an object, such as MinIO.

Such a server holds ``a`` and ``a/b`` side by side, and gives both to who asks for them. But its listings show ``a``
alone. So a listing would not be complete, and such a write is refused.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final

from bucketry import InvalidKey

from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import S3ResponseError, reading
from bucketry_s3client.forking import watch_forks
from bucketry_s3client.xml import is_truncated

REMEMBERED: Final = 10_000
"""How many folders are remembered, at most."""

REMEMBERED_FOR: Final = 30.0
"""Seconds after which a folder is asked for again: another program may have written an object in its place."""


def parents(key: str) -> list[str]:
    """Returns the keys that would hide this one from listings, if they were objects: ``a`` and ``a/b`` of ``a/b/c``."""
    segments = key.removesuffix("/").split("/")[:-1]
    return ["/".join(segments[: count + 1]) for count in range(len(segments))]


class PathGuard:
    """Refuses keys that would hide objects. Threads may share it.

    What it hears is true when it asks: of two who write ``a`` and ``a/b`` at the same moment, both may succeed.
    """

    def __init__(self, client: S3Client, *, is_on: bool) -> None:
        """Makes the guard.

        Args:
            client: The way to the server.
            is_on: Whether it checks anything.
        """
        self._client = client
        self._is_on = is_on
        self._folders: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()
        watch_forks(self)

    def after_fork(self) -> None:
        """Has a lock that nobody holds, in a new process."""
        self._lock = threading.Lock()

    def check(self, bucket: str, key: str) -> None:
        """Asks whether this key may be written; one request for what is below it, and one for each new folder above.

        Raises:
            InvalidKey: An object is above it, or objects are below it.
            S3ResponseError: The bucket does not exist, or another refusal.
        """
        if not self._is_on:
            return
        for parent in parents(key):
            if not self._is_folder(bucket, parent):
                raise InvalidKey(f"the server would not list it: {parent!r} is an object", bucket=bucket, key=key)
        # Such servers keep "a/" beside the folder "a", so that it hides nothing.
        if not key.endswith("/") and self._has_children(bucket, key):
            raise InvalidKey(f"the server would no longer list the objects below {key + '/'!r}", bucket=bucket, key=key)

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
            self._client.request("HEAD", bucket, key)
        except S3ResponseError as error:
            if error.code == "NoSuchKey":
                return False
            raise
        return True

    def _has_children(self, bucket: str, key: str) -> bool:
        query = {"list-type": "2", "encoding-type": "url", "max-keys": "1"}
        query |= {"prefix": key + "/", "start-after": key + "/"}
        _, page = self._client.request_small("GET", bucket, query=query)
        if _is_empty_page(page):
            return False
        document = self._client.parsed(page, "ListBucketResult")
        with reading("a page of objects"):
            return bool(document.all("Contents")) or is_truncated(document)


def _is_empty_page(page: bytes) -> bool:
    """Whether this is a page of a listing that says that there is nothing. Its keys are encoded, and hold no ``<``."""
    return (
        page.endswith(b"</ListBucketResult>")
        and b"<IsTruncated>false</IsTruncated>" in page
        and b"<Contents>" not in page
        and b"<CommonPrefixes>" not in page
    )
