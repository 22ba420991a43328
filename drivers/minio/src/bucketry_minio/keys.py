"""Which keys MinIO keeps unchanged, and which its listings show.

MinIO keeps each object in a folder of the server's file system, named after the key. What that costs was tried on
RELEASE.2025-09-07 and later: the keys below are refused by the server, or silently become other keys.

MinIO holds ``a`` and ``a/b`` side by side, and gives both to who asks for them. But its listings show ``a`` alone:
they do not look below an object. So a listing would not be complete, and such a write is refused.
"""

from __future__ import annotations

from typing import Final

from bucketry import InvalidKey

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
