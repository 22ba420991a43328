"""One move of one bucket, step by step."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from bucketry import InvalidSettings, Unavailable, UploadListOptions, VersioningSettings
from bucketry.bucket_settings import ObjectLockSettings
from bucketry.paging import iter_pages

from bucketry_router.moving.bucket_copier import BucketCopier
from bucketry_router.moving.checks import ObjectChecks
from bucketry_router.moving.copies import HeldCopies, MoveNames, journal_path, read_copies
from bucketry_router.moving.histories import Places, histories
from bucketry_router.moving.options import Moved, MoveOptions
from bucketry_router.moving.target_bucket import TargetBucket, require_kinds, settings_of
from bucketry_router.moving.version_ids import VersionIdFile
from bucketry_router.placements import REREAD_SECONDS, Placement, place, read_placements
from bucketry_router.transfers import Place


class Surroundings(msgspec.Struct, frozen=True):
    """What a move needs besides the stores.

    Attributes:
        placements: The file of placements.
        sleep: Waits for some seconds.
        tell: Is told each step, as a sentence.
    """

    placements: Path
    sleep: Callable[[float], None]
    tell: Callable[[str], None]


class Move:
    """One move of one bucket."""

    def __init__(self, source: Place, target: Place, options: MoveOptions, around: Surroundings) -> None:
        self._bucket = source.bucket
        self._options = options
        self._path, self._sleep, self._tell = around.placements, around.sleep, around.tell
        self._settings = settings_of(source)
        kinds = {type(settings) for settings in self._settings}
        self._places = Places(source, target, VersioningSettings in kinds, ObjectLockSettings in kinds)
        self._id = secrets.token_hex(8)
        self._now: Placement | None = None
        self._checked = 0.0
        self._until = float("inf")

    def run(self) -> Moved:
        """Makes all steps. What fails leaves the bucket where it is."""
        self._now = self._placement()
        self._check_before()
        names = MoveNames(
            self._bucket, self._places.source.name, self._places.target.name, versioned=self._places.versioned
        )
        path = journal_path(self._path, self._bucket)
        copies = read_copies(path, names) if self._options.resume else {}
        bucket = TargetBucket(self._places, self._settings)
        bucket.make(replace=self._options.replace, resume=self._options.resume)
        with (
            VersionIdFile(self._options.version_ids, self._bucket) as version_ids,
            HeldCopies(path, names, copies) as held,
        ):
            copier = BucketCopier(self._places, held, self._options, tell=self._tell, check=self._check)
            bucket.try_settings()
            with self._placing():
                self._copy_while_in_use(copier)
                begun = self._begin_read_only()
                self._finish(copier, bucket)
                version_ids.write(held.items())
            seconds = time.monotonic() - begun + REREAD_SECONDS
            self._tell(f"{self._bucket} lies in {names.target}; it was read-only for {seconds:.1f} seconds")
            late = self._after(copier)
            held.forget()
            return self._moved(held, copier.copied, seconds, late)

    # Before

    def _placement(self) -> Placement | None:
        """Returns where the bucket is placed before the move.

        Raises:
            InvalidSettings: It is being moved already, and this is not to go on with that.
        """
        before = read_placements(self._path).buckets.get(self._bucket)
        if before is not None and before.state != "settled" and not self._options.resume:
            raise InvalidSettings(
                f"the bucket {self._bucket!r} is being moved already: if that process was killed, resume the move, or "
                "abandon it"
            )
        return before

    def _check_before(self) -> None:
        """Refuses what cannot be moved."""
        source = self._places.source
        self._check_uploads()
        require_kinds(self._settings, source, self._places.target)
        found = histories(source, versioned=self._places.versioned)
        ObjectChecks(source, self._places.target, self._options).check(found)

    def _check_uploads(self) -> None:
        store = self._places.source.store
        if "list_multipart_uploads" not in store.operations:
            return
        pages = iter_pages(lambda asked: store.calls.list_multipart_uploads(self._bucket, asked), UploadListOptions())
        uploads = [upload for page in pages for upload in page.uploads]
        if uploads and not self._options.abort_uploads:
            raise Unavailable(
                f"{len(uploads)} uploads are in progress, the first to {uploads[0].key[:80]!r}: wait for their end, or "
                "have them aborted",
                bucket=self._bucket,
            )
        if self._until < float("inf"):  # Only once no new ones can begin.
            for upload in uploads:
                store.calls.abort_multipart_upload(self._bucket, upload.key, upload.upload_id)

    # Where the bucket lies

    @contextmanager
    def _placing(self) -> Iterator[None]:
        """Places the bucket in the other store at the end; if anything fails, it stays where it was."""
        before, source = self._now, self._places.source.name
        stays = before if before is None or before.state == "settled" else Placement(source)
        self._state("copying")
        try:
            yield
            self._place(Placement(self._places.target.name))
        except BaseException:
            self._place(stays)
            self._tell(f"{self._bucket} stays in {source}; what was copied of it is kept, so the move can be resumed")
            raise

    def _state(self, state: Literal["copying", "read-only"]) -> None:
        self._place(Placement(self._places.source.name, state, self._id))

    def _place(self, placement: Placement | None) -> None:
        place(self._path, self._bucket, placement, was=self._now)
        self._now = placement

    def _check(self) -> None:
        """Checks before each copy that there is time left, and once a second that no other process took over.

        Raises:
            Unavailable: The time is over.
            InvalidSettings: Another process moves the bucket now, or the move was abandoned.
        """
        now = time.monotonic()
        if now > self._until:
            raise Unavailable(
                f"the bucket would be read-only for more than {self._options.read_only_seconds:g} seconds: "
                "try again when less is written to it, or allow more",
                bucket=self._bucket,
            )
        if now >= self._checked + REREAD_SECONDS:
            self._checked = now
            if read_placements(self._path).buckets.get(self._bucket) != self._now:
                raise InvalidSettings(f"the move of {self._bucket!r} was abandoned, or another process goes on with it")

    # Copying

    def _copy_while_in_use(self, copier: BucketCopier) -> None:
        self._sleep(2 * REREAD_SECONDS)  # Until every router has noticed.
        if settings_of(self._places.source) != self._settings:
            raise Unavailable("the bucket's settings changed while the move began: begin again", bucket=self._bucket)
        if self._options.resume:
            copier.take_up()
        copier.copy_while_in_use()

    def _begin_read_only(self) -> float:
        """Returns when it began, on the monotonic clock."""
        begun = time.monotonic()
        self._until = begun + self._options.read_only_seconds
        self._state("read-only")
        self._tell(f"{self._bucket} is read-only for at most {self._options.read_only_seconds:g} seconds")
        return begun

    def _finish(self, copier: BucketCopier, bucket: TargetBucket) -> None:
        """Copies the last changes of a bucket that is read-only."""
        self._sleep(self._options.settle_seconds)
        self._check_uploads()
        copier.copy()
        copier.compare()
        bucket.put_settings()
        self._check()

    # After

    def _after(self, copier: BucketCopier) -> list[str]:
        """Looks whether somebody wrote to the old store after all, and deletes what lies there if that is wanted."""
        self._until = float("inf")
        self._sleep(self._options.settle_seconds)
        late = copier.changed()
        if self._options.delete_source and not late:
            copier.delete_source()
        return late

    def _moved(self, held: HeldCopies, copied: int, seconds: float, late: list[str]) -> Moved:
        copies = [copy for _, of_key in held.items() for copy in of_key]
        markers = [copy for copy in copies if copy.source.is_marker]
        left_out = sum(copy.is_left_out for copy in markers)
        return Moved(
            bucket=self._bucket,
            source=self._places.source.name,
            target=self._places.target.name,
            object_count=sum(not of_key[-1].source.is_marker for _, of_key in held.items()),
            version_count=len(copies) - len(markers),
            marker_count=len(markers) - left_out,
            markers_left_out=left_out,
            size_bytes=sum(copy.source.size_bytes for copy in copies),
            copied=copied,
            read_only_seconds=seconds,
            late=tuple(late),
        )
