"""Copies the versions of one key, and deletes copies whose version is gone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from bucketry import (
    BackendError,
    CustomerKeyNeeded,
    DeleteOptions,
    GetOptions,
    IsDeleteMarker,
    NoSuchKey,
    NoSuchVersion,
    ObjectInfo,
    Unavailable,
    Unsupported,
)
from msgspec.structs import replace

from bucketry_router.moving.copies import Copies, Copy, HeldCopies
from bucketry_router.moving.facts import put_lock, refresh
from bucketry_router.moving.histories import History, Places, Version
from bucketry_router.transfers import Place, move_version

_MD5: Final = re.compile("[0-9a-f]{32}")
_GONE: Final = (NoSuchKey, NoSuchVersion, IsDeleteMarker)


class KeyCopier:
    """Makes the history of a key in the other store what it is in the old one. Threads may do so for different keys."""

    def __init__(
        self, places: Places, held: HeldCopies, check_time: Callable[[], None], *, compare_content: bool
    ) -> None:
        self._source, self._target = places.source, places.target
        self._bypasses = places.locked
        self._held = held
        self._check_time = check_time
        self._compare_content = compare_content

    def sync(self, key: str, wanted: History) -> int:
        """Deletes copies whose version is gone, and copies what is missing, the oldest first.

        It ends early if a version is deleted in the meantime. The history that is held then differs from the one that
        was wanted, and the next pass goes on.

        Args:
            key: The key.
            wanted: Its history.

        Returns:
            How many copies were made.
        """
        kept = self._drop(key, self._held.of(key), wanted)
        for made, version in enumerate(wanted[len(kept) :]):
            self._check_time()
            try:
                self._copy(key, version)
            except _GONE:
                return made
        return len(wanted) - len(kept)

    def _drop(self, key: str, held: Copies, wanted: History) -> Copies:
        """Deletes the copies that do not belong to the history any more, and returns the others."""
        if held and wanted and wanted[0].version_id is None:  # A bucket without versions: a put replaces the object.
            return held if held[0].source == wanted[0] else self._note(key, ())
        keep = _remaining(held, wanted)
        for copy in set(held).difference(keep):
            if not copy.is_left_out:
                self.delete(key, copy.target_id)
        return held if keep == held else self._note(key, keep)

    def _note(self, key: str, copies: Copies) -> Copies:
        self._held.replace(key, copies)
        return copies

    def delete(self, key: str, version_id: str | None) -> None:
        """Deletes what the other store has: a version, or an object in a bucket without versions."""
        # Whoever deleted the version in the old store was allowed to, or the copy is one that nobody knows of.
        options = DeleteOptions(version_id=version_id, bypass_governance=self._bypasses)
        self._target.store.calls.delete_object(self._target.bucket, key, options)

    def refresh(self, key: str) -> None:
        """Gives the copies of a key the tags, ACLs and locks that their versions have by now."""
        source, target = replace(self._source, key=key), replace(self._target, key=key)
        for copy in self._held.of(key):
            if not copy.source.is_marker:
                try:
                    refresh(source, target, copy.source.version_id, copy.target_id)
                except _GONE:
                    return  # The next pass finds that.

    def _copy(self, key: str, version: Version) -> None:
        if version.is_marker:
            self._held.add(key, self._copy_marker(key, version))
            return
        source, target = replace(self._source, key=key), replace(self._target, key=key)
        try:
            info, made = move_version(source, target, version.version_id)
        except CustomerKeyNeeded as error:
            raise Unsupported(
                "it is encrypted with a customer's key, and cannot be read without it",
                operation="move",
                feature="encrypt_sse_c",
                bucket=source.bucket,
                key=key,
            ) from error
        target_id = None if version.version_id is None else made.version_id
        if version.version_id is not None and target_id is None:
            raise BackendError(f"the store {target.name!r} did not say which version it made", key=key)
        self._verify(source, target, info, made, target_id)
        self._held.add(key, Copy(version, target_id, made.etag))
        put_lock(info, target, target_id)  # Last: nobody could delete a locked copy that is not held.

    def _copy_marker(self, key: str, version: Version) -> Copy:
        """Makes a delete marker. Stores make none where it would change nothing: then it is left out."""
        target = self._target
        held = [copy for copy in self._held.of(key) if not copy.is_left_out]
        made = target.store.calls.delete_object(target.bucket, key, DeleteOptions())
        is_new = made.delete_marker and made.version_id is not None
        if is_new and not (held and held[-1].target_id == made.version_id):
            return Copy(version, made.version_id, "")
        if held and not held[-1].source.is_marker:
            raise BackendError(f"the store {target.name!r} made no delete marker", bucket=target.bucket, key=key)
        return Copy(version, None, "", is_left_out=True)

    # Comparing

    def _verify(self, source: Place, target: Place, info: ObjectInfo, made: ObjectInfo, target_id: str | None) -> None:
        """Compares a copy with its version, by etag or checksum where these say something about the content.

        Raises:
            Unavailable: They differ.
        """
        if made.size_bytes != info.size_bytes:
            raise _differing(target)
        if made.etag == info.etag or (info.checksum is not None and made.checksum == info.checksum):
            return
        # Two MD5s that differ may be no MD5s of the content, as with encryption by a key service.
        if self._compare_content or (_MD5.fullmatch(made.etag) and _MD5.fullmatch(info.etag)):
            self._compare(source, target, info, target_id)

    def _compare(self, source: Place, target: Place, info: ObjectInfo, target_id: str | None) -> None:
        asked = info.version_id if target_id is None else info.version_id or "null"
        etag, content = _digest(source, asked)
        if etag == info.etag and content != _digest(target, target_id)[1]:  # Otherwise it was written meanwhile.
            raise _differing(target)


def _remaining(held: Copies, wanted: History) -> Copies:
    """Returns the copies that stay: those of versions that begin the history.

    What follows a delete marker that was left out is made anew if anything before is gone: it may be needed by now.
    """
    alive = set(wanted)
    rest = [copy for copy in held if copy.source in alive]
    if len(rest) < len(held):
        rest = rest[: next((number for number, copy in enumerate(rest) if copy.is_left_out), len(rest))]
    same = 0
    while same < min(len(rest), len(wanted)) and rest[same].source == wanted[same]:
        same += 1
    return tuple(rest[:same])


def _digest(place: Place, version_id: str | None) -> tuple[str, bytes]:
    digest = hashlib.sha256()
    with place.store.calls.get_object(place.bucket, place.key, GetOptions(version_id=version_id)) as opened:
        for piece in opened:
            digest.update(piece)
        return opened.info.etag, digest.digest()


def _differing(target: Place) -> Unavailable:
    return Unavailable(
        f"the copy in the store {target.name!r} differs from its source", bucket=target.bucket, key=target.key
    )
