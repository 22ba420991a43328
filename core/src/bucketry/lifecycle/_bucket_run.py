"""Carries out the lifecycle rules of one bucket, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, final

from bucketry.bucket_settings import LifecycleRule, LifecycleSettings
from bucketry.clock import Clock
from bucketry.errors import NoSuchKey, NoSuchUpload, NoSuchVersion, NotFound, ObjectLocked, PreconditionFailed
from bucketry.lifecycle._pace import Pace
from bucketry.lifecycle.rules import (
    Tags,
    abort_of,
    expiration_of,
    marker_expiration_of,
    midnight_after,
    noncurrent_expiration_of,
)
from bucketry.models import DeleteMarker, Expiration, ObjectVersion
from bucketry.options import DeleteOptions, HeadOptions, UploadListOptions, VersionListOptions, VersionOptions

if TYPE_CHECKING:
    from bucketry.hookspecs import DriverSpec

_PAGE: Final = 250
"""Entries of a listing at a time, so that no page holds anybody up."""

Version = ObjectVersion | DeleteMarker


@final
class BucketRun:
    """One pass over a bucket. It deletes what is due, and notes when the next is due.

    Nothing is deleted that was written meanwhile. The current version is deleted only if it is still the one that was
    listed. Another version never changes.

    Attributes:
        next_due: When the rules have something to do next, as far as this pass has seen; ``None``: nothing.
        deleted: How many versions, markers and uploads are gone, and how many markers were made.
    """

    def __init__(self, chain: DriverSpec, clock: Clock, bucket: str, check: Callable[[], None]) -> None:
        """Prepares a pass.

        Args:
            chain: The driver behind its layers.
            clock: The store's clock.
            bucket: The bucket.
            check: Called between two steps; raises `Interrupted` if the pass is to end.
        """
        self._chain = chain
        self._clock = clock
        self._bucket = bucket
        self._check = check
        self._pace = Pace()
        self._now = clock.now()
        self._rules: tuple[LifecycleRule, ...] = ()
        self._tags_matter = False
        self.next_due: datetime | None = None
        self.deleted = 0

    def run(self) -> bool:
        """Makes the pass.

        Returns:
            Whether the bucket has rules. A bucket that is deleted meanwhile has none.

        Raises:
            Interrupted: It was to end.
            BucketryError: The store fails.
        """
        try:
            if not self._read_rules():
                return False
            self._walk_versions()
            self._walk_uploads()
        except NotFound:  # Only the bucket itself is not found here.
            return False
        return True

    def _read_rules(self) -> bool:
        """Reads rules and clock, for each page again: a change counts from then on."""
        self._now = self._clock.now()
        settings = self._chain.get_bucket_settings(self._bucket, LifecycleSettings)
        assert isinstance(settings, LifecycleSettings)  # noqa: S101 - as the contract says
        self._rules = tuple(rule for rule in settings.rules if rule.status == "Enabled")
        self._tags_matter = any(rule.conditions.tags for rule in self._rules)
        return bool(self._rules)

    def _walk_versions(self) -> None:
        key, cursor = _KeyRun(self, ""), None
        while True:
            page = self._chain.list_object_versions(self._bucket, VersionListOptions(limit=_PAGE, cursor=cursor))
            for version in page.versions:
                if version.key != key.key:
                    key.end()
                    key = _KeyRun(self, version.key)
                key.look(version)
                self._step()
            cursor = page.cursor
            if cursor is None or not self._read_rules():
                break
        key.end()

    def _walk_uploads(self) -> None:
        if not any(rule.abort_incomplete_multipart_upload for rule in self._rules):
            return
        cursor = None
        while True:
            page = self._chain.list_multipart_uploads(self._bucket, UploadListOptions(limit=_PAGE, cursor=cursor))
            for upload in page.uploads:
                if self._is_due(abort_of(self._rules, upload.key, upload.initiated_at)):
                    self._abort(upload.key, upload.upload_id)
                self._step()
            cursor = page.cursor
            if cursor is None or not self._read_rules():
                return

    def _step(self) -> None:
        self._check()
        self._pace.step()

    def look_at_current(self, version: ObjectVersion) -> None:
        """Deletes the current version if it has expired. In a bucket with versions, this makes a delete marker."""
        info = version.info

        def due(tags: Tags | None) -> Expiration | None:
            return expiration_of(self._rules, info.key, info.size_bytes, info.last_modified, tags)

        if self._is_due_with_tags(due, version):
            self._delete(info.key, DeleteOptions(if_match=info.etag, if_last_modified=info.last_modified))

    def look_at_noncurrent(self, version: Version, since: datetime, newer: int) -> bool:
        """Deletes a version if it has expired; returns whether it is gone."""
        size = version.info.size_bytes if isinstance(version, ObjectVersion) else None

        def due(tags: Tags | None) -> Expiration | None:
            return noncurrent_expiration_of(self._rules, version.key, size, since, newer, tags)

        if not self._is_due_with_tags(due, version) or self._is_current(version):
            return False
        return self._delete(version.key, DeleteOptions(version_id=version.version_id))

    def look_at_lone_marker(self, marker: DeleteMarker) -> None:
        """Deletes a marker that is the only version of its key, if it has expired."""
        if self._is_due(marker_expiration_of(self._rules, marker.key, marker.last_modified)):
            self._delete(marker.key, DeleteOptions(version_id=marker.version_id))

    def _is_due_with_tags(self, due: Callable[[Tags | None], Expiration | None], version: Version) -> bool:
        """Says whether it is time. The tags are looked up only if they can matter by now."""
        if not self._tags_matter or isinstance(version, DeleteMarker):
            return self._is_due(due({}))
        expiration = due(None)
        if expiration is None or expiration.at > self._now:
            return self._is_due(expiration)
        try:
            options = VersionOptions(version_id=None if version.is_latest else version.version_id)
            return self._is_due(due(self._chain.get_object_tagging(self._bucket, version.key, options)))
        except NotFound:
            return False

    def _is_due(self, expiration: Expiration | None) -> bool:
        if expiration is None:
            return False
        if expiration.at <= self._now:
            return True
        self._note(expiration.at)
        return False

    def _note(self, due: datetime | None) -> None:
        if due is not None and (self.next_due is None or due < self.next_due):
            self.next_due = due

    def _is_current(self, version: Version) -> bool:
        """Says whether a version has become the current one again, as when the marker above it was deleted."""
        try:
            return self._chain.head_object(self._bucket, version.key, HeadOptions()).version_id == version.version_id
        except NoSuchKey as error:
            return error.version_id == version.version_id

    def _delete(self, key: str, options: DeleteOptions) -> bool:
        """Deletes, and returns whether that was done."""
        try:
            self._chain.delete_object(self._bucket, key, options)
        except ObjectLocked:
            self._note_lock(key, options.version_id)
            return False
        except (PreconditionFailed, NoSuchKey, NoSuchVersion):  # It was written or deleted meanwhile.
            return False
        self.deleted += 1
        return True

    def _note_lock(self, key: str, version_id: str | None) -> None:
        """Notes when the lock of a version ends. A legal hold has no end."""
        try:
            info = self._chain.head_object(self._bucket, key, HeadOptions(version_id=version_id))
        except NotFound:
            return
        if not info.legal_hold and info.retention is not None and info.retention.until is not None:
            self._note(midnight_after(info.retention.until, 0))

    def _abort(self, key: str, upload_id: str) -> None:
        try:
            self._chain.abort_multipart_upload(self._bucket, key, upload_id)
        except NoSuchUpload:  # It was completed or aborted meanwhile.
            return
        self.deleted += 1


@final
class _KeyRun:
    """The versions of one key, which come newest first. It keeps the newer one of two, not all of them."""

    def __init__(self, run: BucketRun, key: str) -> None:
        self.key = key
        self._run = run
        self._newer_at: datetime | None = None
        self._noncurrent = 0
        self._kept = 0
        self._marker: DeleteMarker | None = None

    def look(self, version: Version) -> None:
        """Looks at the next version."""
        last_modified = version.info.last_modified if isinstance(version, ObjectVersion) else version.last_modified
        if self._newer_at is not None:
            if not self._run.look_at_noncurrent(version, self._newer_at, self._noncurrent):
                self._kept += 1
            self._noncurrent += 1
        elif isinstance(version, DeleteMarker):
            self._marker = version
        else:
            self._run.look_at_current(version)
        self._newer_at = last_modified

    def end(self) -> None:
        """Looks at the delete marker, once all versions below it are known."""
        if self._marker is not None and not self._kept:
            self._run.look_at_lone_marker(self._marker)
