"""Which keys MinIO keeps unchanged, and which its listings show.

MinIO keeps each object in a folder of the server's file system, named after the key. What that costs was tried on
RELEASE.2025-09-07 and later: the keys below are refused by the server, or silently become other keys.

MinIO holds ``a`` and ``a/b`` side by side, and gives both to who asks for them. But its listings show ``a`` alone:
they do not look below an object. So a listing would not be complete, and such a write is refused.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final

from bucketry import InvalidKey
from bucketry_s3client import S3ResponseError, is_truncated, reading

from bucketry_minio.connection import Connection

MAX_SEGMENT_BYTES: Final = 255
"""Longest name of a file (NAME_MAX of Linux), which bounds what stands between two slashes."""

_FOLDER_MARK: Final = "__XLDIR__"
"""MinIO stores ``a/`` as ``a__XLDIR__``, and shows the one where it finds the other."""

_DOTS: Final = frozenset({".", ".."})


def check_key(key: str) -> None:
    """Refuses a key that MinIO cannot hold unchanged.

    Raises:
        InvalidKey: With the reason.
    """
    if key.startswith("/"):
        raise InvalidKey("MinIO drops a slash at the beginning", key=key)
    if "//" in key:
        raise InvalidKey("MinIO holds no two slashes side by side", key=key)
    if "\0" in key:
        raise InvalidKey("MinIO holds no NUL", key=key)
    if "." in key and not _DOTS.isdisjoint(key.split("/")):
        raise InvalidKey("MinIO holds no '.' or '..' between slashes", key=key)
    if _FOLDER_MARK in key and any(segment.endswith(_FOLDER_MARK) for segment in key.split("/")):
        raise InvalidKey(f"names that end in {_FOLDER_MARK} are MinIO's own", key=key)
    if len(key) * 4 > MAX_SEGMENT_BYTES:
        _check_segments(key)


def _check_segments(key: str) -> None:
    *above, last = key.removesuffix("/").split("/")
    reserved = len(_FOLDER_MARK) if key.endswith("/") else 0
    if max(len(segment.encode()) for segment in [*above, last + "x" * reserved]) > MAX_SEGMENT_BYTES:
        raise InvalidKey(f"MinIO holds at most {MAX_SEGMENT_BYTES} bytes between two slashes", key=key)


def is_held(key: str) -> bool:
    """Whether MinIO can hold this key."""
    try:
        check_key(key)
    except InvalidKey:
        return False
    return True


def parents(key: str) -> list[str]:
    """Returns the keys that would hide this one from listings, if they were objects: ``a`` and ``a/b`` of ``a/b/c``."""
    segments = key.removesuffix("/").split("/")[:-1]
    return ["/".join(segments[: count + 1]) for count in range(len(segments))]


def may_begin_a_key(prefix: str) -> bool:
    """Whether MinIO can hold any key that begins so."""
    above, slash, last = prefix.rpartition("/")
    return "\0" not in last and (not slash or (bool(above) and is_held(above) and is_held(above + "/")))


def ends_in_dots(prefix: str) -> bool:
    """Whether MinIO refuses to list this prefix, though keys may begin so: ``a/.`` of ``a/.b``."""
    return prefix.rpartition("/")[2] in _DOTS


def marker_for(after: str) -> str:
    """Returns what MinIO takes to list what comes after this, though it may give a little more.

    It refuses a marker with ``.`` or ``..`` between slashes. No key begins with these and a slash, and none holds NUL.
    """
    segments = after.split("/")
    for count, segment in enumerate(segments):
        if segment in _DOTS:
            return "/".join(segments[: count + 1]) + "\0"
    return after


REMEMBERED: Final = 10_000
"""How many folders are remembered, at most."""

REMEMBERED_FOR: Final = 30.0
"""Seconds after which a folder is asked for again: another program may have written an object in its place."""


class PathGuard:
    """Refuses keys that would hide objects. Threads may share it.

    What it hears is true when it asks: of two who write ``a`` and ``a/b`` at the same moment, both may succeed.
    """

    def __init__(self, connection: Connection, *, is_on: bool) -> None:
        """Makes the guard.

        Args:
            connection: The connection to the server.
            is_on: Whether it checks anything (``check_paths``).
        """
        self._connection = connection
        self._is_on = is_on
        self._folders: OrderedDict[tuple[str, str], float] = OrderedDict()
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
                raise InvalidKey(f"MinIO would not list it: {parent!r} is an object", bucket=bucket, key=key)
        # MinIO keeps "a/" beside the folder "a", so that it hides nothing.
        if not key.endswith("/") and self._has_children(bucket, key):
            raise InvalidKey(f"MinIO would no longer list the objects below {key + '/'!r}", bucket=bucket, key=key)

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
        found = self._connection.quick("GET", bucket, query=query)
        if found is not None and _is_empty_page(found[1]):
            return False
        _, document = self._connection.request_xml("GET", bucket, root="ListBucketResult", query=query)
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
