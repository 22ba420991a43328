"""Moves a bucket from one store to another while it is in use."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from bucketry import (
    AnyBucketSettings,
    BucketNotEmpty,
    CreateBucketOptions,
    DeleteOptions,
    InvalidArgument,
    InvalidSettings,
    ListOptions,
    NoSuchBucket,
    NoSuchKey,
    ObjectInfo,
    Unavailable,
    Unsupported,
    UploadListOptions,
    VersioningSettings,
)
from bucketry.bucket_settings import ObjectLockSettings
from bucketry.composing import InnerDriver
from bucketry.hookspecs import DriverSpec
from bucketry.paging import iter_pages

from bucketry_router.placements import REREAD_SECONDS, Placement, place, read_placements
from bucketry_router.routes import Routes
from bucketry_router.settings import RouterSettings, StoreSettings
from bucketry_router.stores import Stores, open_stores
from bucketry_router.transfers import Place, move_object

_LISTED: Final = ListOptions(content_type=False)
_NOT_MOVED: Final = (VersioningSettings, ObjectLockSettings)

logger = logging.getLogger("bucketry")

Told = Callable[[str], None]
"""Is told each step, as a sentence."""


class MoveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a bucket is moved.

    Attributes:
        settle_seconds: How long writes that began before may take until they are done: the bucket is read-only for that
            long before the last changes are copied. At least 2, since routers notice a change within a second.
        read_only_seconds: The longest time that the bucket may be read-only, the time above included. If that is not
            enough, everything stays as it was.
        passes: How often what changed meanwhile is copied before the bucket becomes read-only, at most.
        threads: How many objects are copied side by side.
        abort_uploads: Whether uploads in progress are aborted. Otherwise they prevent the move.
        replace: Whether objects that the other store has in a bucket of this name are deleted. Otherwise they prevent
            the move.
        delete_source: Whether the bucket is deleted from the store that it lay in, once it is moved.
    """

    settle_seconds: float = 10.0
    read_only_seconds: float = 60.0
    passes: int = 5
    threads: int = 8
    abort_uploads: bool = False
    replace: bool = False
    delete_source: bool = False

    def checked(self) -> MoveOptions:
        """Returns these options if they are valid.

        Raises:
            InvalidArgument: One is out of bounds.
        """
        if not 2 * REREAD_SECONDS <= self.settle_seconds < self.read_only_seconds:
            raise InvalidArgument(
                f"settle_seconds is at least {2 * REREAD_SECONDS:g}, and less than read_only_seconds",
                field="settle_seconds",
            )
        if self.passes < 1 or not 1 <= self.threads <= 256:
            raise InvalidArgument("passes is at least 1, and threads is 1 to 256", field="threads")
        return self


_AS_USUAL: Final = MoveOptions()


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket that was moved.

    Attributes:
        bucket: Its name.
        source: The store that it lay in.
        target: The store that it lies in.
        object_count: How many objects it has.
        size_bytes: Their sizes, added up.
        copied: How many copies were made, of objects that changed meanwhile more than one.
        read_only_seconds: How long it was read-only, until every router has noticed the end.
        late: Keys that were written or deleted at the old store after all were copied: writes that took longer than
            ``settle_seconds``. They are not in the new store.
    """

    bucket: str
    source: str
    target: str
    object_count: int
    size_bytes: int
    copied: int
    read_only_seconds: float
    late: tuple[str, ...] = ()


class Mover:
    """Moves buckets between the stores of a router. The routers in use need the same file of placements.

    Close it, or use it in a ``with`` statement.
    """

    def __init__(
        self,
        settings: RouterSettings,
        *,
        drivers: Mapping[str, DriverSpec] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        tell: Told = logger.info,
    ) -> None:
        """Opens the stores.

        Args:
            settings: Those of the routers in use.
            drivers: Drivers in place of those that the URLs name, by the names of their stores.
            sleep: Waits for some seconds.
            tell: Is told each step.

        Raises:
            InvalidSettings: The settings cannot be used, or name no file of placements.
            InvalidDriver: A driver breaks the contract.
        """
        if settings.placements is None:
            raise InvalidSettings(
                "a bucket is moved with a file of placements: set placements in [drivers.router], also for the servers"
            )
        self._path = Path(settings.placements)
        self._stores = Stores(open_stores(settings, drivers or {}, lambda _: ()))
        self._routes = Routes(settings.stores)
        self._sleep = sleep
        self._tell = tell

    def close(self) -> None:
        """Closes the stores."""
        self._stores.close()

    def __enter__(self) -> Mover:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def buckets_to_move(self, pattern: str, target: str) -> list[str]:
        """Returns the names of buckets that match a pattern and lie in other stores than this one.

        Args:
            pattern: As in `StoreSettings.buckets`.
            target: The store.

        Raises:
            InvalidSettings: There is no such store.
            Unavailable: A store is down.
        """
        self._store(target)
        matching = Routes([StoreSettings(name="matching", url="", buckets=(pattern,))])
        answers = self._stores.ask(lambda _, calls: calls.list_buckets())
        for error in answers.down.values():
            raise error
        found = {info.name for name, infos in answers.results.items() if name != target for info in infos}
        return sorted(
            name for name in found if matching.store_of(name) is not None and self._lies_elsewhere(name, target)
        )

    def _lies_elsewhere(self, bucket: str, target: str) -> bool:
        try:
            return self._source(bucket, target) is not None
        except NoSuchBucket:  # Its name leads to a store that does not have it.
            return False

    def abandon(self, bucket: str) -> None:
        """Ends a move whose process was killed: the bucket may be written to again, in the store that it lay in.

        Raises:
            InvalidSettings: The bucket is not being moved.
        """
        held = read_placements(self._path).buckets.get(bucket)
        if held is None or held.state == "settled":
            raise InvalidSettings(f"the bucket {bucket!r} is not being moved")
        place(self._path, bucket, Placement(held.store), was=held)

    def move(self, bucket: str, target: str, options: MoveOptions = _AS_USUAL) -> Moved:
        """Moves a bucket.

        Objects are copied while the bucket is in use; its settings, and tags, ACLs and locks of its objects, cannot be
        changed meanwhile. What changes is copied again. Then the bucket is read-only: the last changes are copied, all
        keys and sizes are compared, and the bucket's settings are put. Then it lies in the other store. If anything
        fails before that, everything stays as it was.

        Args:
            bucket: The bucket.
            target: Name of the store to move it to.
            options: How.

        Raises:
            NoSuchBucket: No other store has the bucket where its name leads to.
            InvalidSettings: There is no such store, the bucket is being moved already, or it lies there.
            Unsupported: The bucket has something that the other store cannot keep, or that cannot be moved: versions,
                locks, objects under a customer's key.
            BucketNotEmpty: The other store has a bucket of this name that holds objects.
            Unavailable: The bucket would be read-only for too long; or uploads are in progress.
        """
        options.checked()
        source = self._source(bucket, target)
        if source is None:
            raise InvalidSettings(
                f"the bucket {bucket!r} lies in the store {target!r} already; nobody sees what "
                "another store has under this name"
            )
        return _Move(
            Place(self._store(source), source, bucket, ""),
            Place(self._store(target), target, bucket, ""),
            self._path,
            options,
            self._sleep,
            self._tell,
        ).run()

    def _store(self, name: str) -> InnerDriver:
        found = self._stores.by_name.get(name)
        if found is None:
            raise InvalidSettings(f"no store is named {name!r} (stores: {', '.join(self._stores.by_name)})")
        return found

    def _source(self, bucket: str, target: str) -> str | None:
        """Returns the store that a bucket lies in; ``None``: it lies in the target.

        If only another store has it, it lies there: its name has led to the target since the patterns were changed.
        """
        self._store(target)
        held = read_placements(self._path).buckets.get(bucket)
        name = held.store if held is not None else self._routes.store_of(bucket)
        if name is not None and name != target:
            self._store(name).calls.head_bucket(bucket)
            return name
        having = [store for store, inner in self._stores.by_name.items() if _has(inner, bucket)]
        if not having:
            raise NoSuchBucket(bucket=bucket)
        # What another store still has of a bucket that lies in the target is left over from its move.
        return None if target in having else having[0]


def _has(store: InnerDriver, bucket: str) -> bool:
    try:
        store.calls.head_bucket(bucket)
    except NoSuchBucket:
        return False
    return True


Seen = tuple[str, datetime, int]
"""What tells one write of an object from another: etag, time and size."""


def _seen(info: ObjectInfo) -> Seen:
    return info.etag, info.last_modified, info.size_bytes


class _Move:
    """One move of one bucket."""

    def __init__(
        self,
        source: Place,
        target: Place,
        path: Path,
        options: MoveOptions,
        sleep: Callable[[float], None],
        tell: Told,
    ) -> None:
        self._source, self._target = source, target
        self._bucket = source.bucket
        self._path = path
        self._options = options
        self._sleep, self._tell = sleep, tell
        self._held: dict[str, Seen] = {}
        self._copied = 0
        self._until = float("inf")

    def run(self) -> Moved:
        """Makes all steps. What fails leaves the bucket where it is."""
        before = read_placements(self._path).buckets.get(self._bucket)
        if before is not None and before.state != "settled":
            raise InvalidSettings(
                f"the bucket {self._bucket!r} is being moved already: if that process was killed, abandon the move"
            )
        self._check_bucket()
        self._check_uploads()
        self._make_target()
        self._try_settings()
        now = self._state("copying", was=before)
        try:
            self._sleep(2 * REREAD_SECONDS)  # Until every router has noticed.
            self._copy_while_in_use()
            begun = time.monotonic()
            self._until = begun + self._options.read_only_seconds
            now = self._state("read-only", was=now)
            self._finish()
            place(self._path, self._bucket, Placement(self._target.name), was=now)
        except BaseException:
            place(self._path, self._bucket, before, was=now)
            raise
        seconds = time.monotonic() - begun + REREAD_SECONDS
        self._tell(f"{self._bucket} lies in {self._target.name}; it was read-only for {seconds:.1f} seconds")
        return self._after(seconds)

    def _state(self, state: Any, *, was: Placement | None) -> Placement:
        now = Placement(self._source.name, state)
        place(self._path, self._bucket, now, was=was)
        return now

    # Before

    def _settings(self) -> Iterator[AnyBucketSettings]:
        """Yields what is set on the bucket."""
        for kind in get_args(AnyBucketSettings):
            if self._has(self._source, kind.feature):
                settings = self._source.store.calls.get_bucket_settings(self._bucket, kind)
                if settings != kind():
                    yield settings

    def _check_bucket(self) -> None:
        for settings in self._settings():
            kind = type(settings)
            if kind in _NOT_MOVED:
                raise Unsupported(
                    f"the bucket has {kind.__name__}: its versions and locks would be others in another store",
                    operation="move",
                    bucket=self._bucket,
                )
            if not self._has(self._target, kind.feature):
                raise Unsupported(
                    f"the store {self._target.name!r} does not keep the bucket's {kind.__name__}",
                    operation="move",
                    bucket=self._bucket,
                )

    @staticmethod
    def _has(place: Place, feature: str) -> bool:
        return bool(getattr(place.store.features, feature)) and "get_bucket_settings" in place.store.operations

    def _check_uploads(self) -> None:
        calls = self._source.store.calls
        if "list_multipart_uploads" not in self._source.store.operations:
            return
        pages = iter_pages(lambda asked: calls.list_multipart_uploads(self._bucket, asked), UploadListOptions())
        uploads = [upload for page in pages for upload in page.uploads]
        if uploads and not self._options.abort_uploads:
            raise Unavailable(
                f"{len(uploads)} uploads are in progress, the first to {uploads[0].key[:80]!r}: wait for their end, or "
                "have them aborted",
                bucket=self._bucket,
            )
        if self._until < float("inf"):  # Only once no new ones can begin.
            for upload in uploads:
                calls.abort_multipart_upload(self._bucket, upload.key, upload.upload_id)

    def _make_target(self) -> None:
        calls = self._target.store.calls
        if not _has(self._target.store, self._bucket):
            info = self._source.store.calls.head_bucket(self._bucket)
            features = self._target.store.features
            options = CreateBucketOptions(
                owner=info.owner if features.owners else None, region=info.region if features.bucket_region else None
            )
            calls.create_bucket(self._bucket, options)
            return
        there = [info.key for info in self._objects(self._target)]
        if there and not self._options.replace:
            raise BucketNotEmpty(
                f"the store {self._target.name!r} has a bucket of this name, which holds {len(there)} objects",
                bucket=self._bucket,
            )
        for key in there:
            calls.delete_object(self._bucket, key, DeleteOptions())

    def _try_settings(self) -> None:
        """Puts the bucket's settings for a moment, so that what the other store refuses is known before the copies."""
        calls = self._target.store.calls
        for settings in self._settings():
            calls.put_bucket_settings(self._bucket, settings)
            if settings.removable:
                calls.delete_bucket_settings(self._bucket, type(settings))

    # Copying

    def _copy_while_in_use(self) -> None:
        for number in range(1, self._options.passes + 1):
            begun, copied = time.monotonic(), self._pass()
            took = time.monotonic() - begun
            self._tell(f"pass {number}: {copied} objects copied or deleted in {took:.1f} seconds")
            if not copied or took < self._options.settle_seconds / 2:
                return  # Another pass would not be shorter than this one by much.

    def _pass(self) -> int:
        """Copies what changed since the pass before, and deletes what is gone. Returns how much that was."""
        changed, found = 0, set[str]()
        with ThreadPoolExecutor(self._options.threads, thread_name_prefix="bucketry-move") as threads:
            for infos in self._pages(self._source):
                found.update(info.key for info in infos)
                wanted = [info for info in infos if self._held.get(info.key) != _seen(info)]
                copied = sum(threads.map(self._copy, wanted))
                self._copied += copied
                changed += copied
        for key in self._held.keys() - found:
            self._target.store.calls.delete_object(self._bucket, key, DeleteOptions())
            del self._held[key]
            changed += 1
        return changed

    def _check_time(self) -> None:
        if time.monotonic() > self._until:
            raise Unavailable(
                f"the bucket would be read-only for more than {self._options.read_only_seconds:g} seconds: "
                "try again when less is written to it, or allow more",
                bucket=self._bucket,
            )

    def _copy(self, info: ObjectInfo) -> bool:
        """Copies an object. Returns whether it was still there."""
        self._check_time()
        source = msgspec.structs.replace(self._source, key=info.key)
        try:
            move_object(source, msgspec.structs.replace(self._target, key=info.key))
        except NoSuchKey:
            return False  # The next pass does not find it any more.
        # As the listing has it: if it was written again by now, the next pass copies it again.
        self._held[info.key] = _seen(info)
        return True

    def _objects(self, place: Place) -> Iterator[ObjectInfo]:
        for infos in self._pages(place):
            yield from infos

    def _pages(self, place: Place) -> Iterator[tuple[ObjectInfo, ...]]:
        calls = place.store.calls
        for page in iter_pages(lambda asked: calls.list_objects(self._bucket, asked), _LISTED):
            yield page.objects

    # The end

    def _finish(self) -> None:
        """Copies the last changes of a bucket that is read-only."""
        self._tell(f"{self._bucket} is read-only for at most {self._options.read_only_seconds:g} seconds")
        self._sleep(self._options.settle_seconds)
        self._check_uploads()
        self._pass()
        self._compare()
        for settings in self._settings():
            self._target.store.calls.put_bucket_settings(self._bucket, settings)
        self._check_time()

    def _compare(self) -> None:
        both = (self._source, self._target)
        source, target = ({info.key: info.size_bytes for info in self._objects(place)} for place in both)
        if source != target:
            differing = sorted({key for key, _ in source.items() ^ target.items()})
            raise Unavailable(
                f"{len(differing)} objects differ after they were copied, the first {differing[0][:80]!r}: "
                "somebody writes past the router",
                bucket=self._bucket,
            )

    def _after(self, seconds: float) -> Moved:
        """Looks whether somebody wrote to the old store after all, and deletes what lies there if that is wanted."""
        self._sleep(self._options.settle_seconds)
        there = {info.key: _seen(info) for info in self._objects(self._source)}
        late = sorted({key for key, _ in there.items() ^ self._held.items()})
        if self._options.delete_source and not late:
            for key in there:
                self._source.store.calls.delete_object(self._bucket, key, DeleteOptions())
            self._source.store.calls.delete_bucket(self._bucket)
        return Moved(
            bucket=self._bucket,
            source=self._source.name,
            target=self._target.name,
            object_count=len(self._held),
            size_bytes=sum(size for _, _, size in self._held.values()),
            copied=self._copied,
            read_only_seconds=seconds,
            late=tuple(late),
        )
