"""The accounts of buckets and owners: counted when they are first needed, and changed by each write."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Final, Self

from bucketry.errors import (
    BackendError,
    BucketryError,
    InvalidDriver,
    NoSuchBucket,
    QuotaExceeded,
    StoreClosed,
    Throttled,
    Unavailable,
)
from bucketry.hookspecs import DriverSpec
from bucketry.quotas._backend import ENABLED, NOTHING, OFF, SUSPENDED, BackendView, Held
from bucketry.quotas._ledger import WHOLE, Bucket, Excess, Ledger
from bucketry.quotas._rules import Limit, QuotaRules, QuotaUse
from bucketry.s3 import NULL_VERSION

_UNKNOWN_OUTCOME: Final = (Unavailable, BackendError, Throttled, InvalidDriver, StoreClosed)
"""After these errors the backend may have done what it was asked, or not."""

_FRESH_SECONDS: Final = 60.0
"""A write is refused only by figures that are no older than this. Others may have made room meanwhile."""

_NO_BUCKET: Final = Bucket(0, "", 0, 0, OFF, 0.0)


class Accounts:
    """The accounts of one driver. Threads may share them.

    Attributes:
        ledger: Where they are kept.
        backend: What they count.
    """

    def __init__(self, rules: QuotaRules, driver: DriverSpec, *, folder: Path | None, recount_seconds: float) -> None:
        """Counts nothing yet."""
        self._rules = rules
        self._recount_seconds = recount_seconds
        self.backend = BackendView(driver)
        self.ledger = Ledger(folder)

    def begin(self, bucket: str, key: str = "", *, counts: bool = True) -> Write:
        """Begins a write. The bucket is counted first, if that is due.

        Args:
            bucket: The bucket.
            key: The key; empty: it is about the bucket itself.
            counts: Whether it may change what the bucket holds; otherwise it only locks something.
        """
        known, limits = self._about(bucket) if counts else (_NO_BUCKET, ())
        return Write(self, bucket, key, known, limits)

    def uses(self) -> tuple[QuotaUse, ...]:
        """Returns how much is used of the quotas of all buckets and owners that were counted so far."""
        names = self.ledger.names()
        limits = [limit for name, _ in names for limit in self._rules.of_bucket(name)]
        limits += [limit for owner in sorted({owner for _, owner in names}) for limit in self._rules.of_owner(owner)]
        return tuple([self._use(limit) for limit in limits])

    def limit_of(self, bucket: str) -> Limit | None:
        """Returns the limit of a bucket itself, if it has one."""
        return next(iter(self._rules.of_bucket(bucket)), None)

    def _use(self, limit: Limit) -> QuotaUse:
        size, objects = self.ledger.used(limit)
        return QuotaUse(
            scope=limit.scope,
            name=limit.name,
            size_bytes=size,
            objects=objects,
            max_size_bytes=limit.max_size_bytes,
            max_objects=limit.max_objects,
        )

    def _about(self, bucket: str) -> tuple[Bucket, tuple[Limit, ...]]:
        """Returns what is known of a bucket that has limits, and these."""
        limits = self._rules.of_bucket(bucket)
        if not limits and not self._rules.by_owner:
            return _NO_BUCKET, ()
        try:
            known = self._known(bucket)
            of_owner = self._rules.of_owner(known.owner)
            limits += of_owner
            if limits and self._is_due(known.counted):
                known = self.count(bucket, self._recount_seconds)
            if of_owner and self._is_due(self.ledger.owner_counted(known.owner)):
                self._count_owner(known.owner)
        except NoSuchBucket:  # The driver says so itself.
            return _NO_BUCKET, ()
        return known, limits

    def _known(self, bucket: str) -> Bucket:
        known = self.ledger.bucket(bucket)
        while known is None:  # Somebody may remove it in between.
            self.ledger.add_bucket(bucket, self.backend.owner_of(bucket))
            known = self.ledger.bucket(bucket)
        return known

    def _is_due(self, counted: float, seconds: float | None = None) -> bool:
        age = self._recount_seconds if seconds is None else seconds
        return not counted or (self.backend.is_shared and abs(time.time() - counted) > age)

    def count(self, bucket: str, seconds: float) -> Bucket:
        """Counts a bucket, unless that was done within so many seconds. Writes to it wait meanwhile.

        Raises:
            NoSuchBucket: It does not exist.
        """
        ledger, backend = self.ledger, self.backend
        with Write(self, bucket, "", _NO_BUCKET, ()) as write:
            write.lock(WHOLE)
            known = self._known(bucket)
            if self._is_due(known.counted, seconds):
                versioning = backend.versioning_of(bucket)
                uploads, written = ledger.uploads_of(bucket), ledger.keys_being_written(bucket)
                try:
                    count = backend.count(bucket, versioning, uploads, written)
                except NoSuchBucket:
                    ledger.remove_bucket(bucket)
                    raise
                ledger.set_count(bucket, backend.owner_of(bucket), versioning, count)
            write.settle()
        return self._known(bucket)

    def _count_owner(self, owner: str) -> None:
        """Counts all buckets of an owner."""
        listed = self.backend.buckets_of(owner)
        known = [name for name, of in self.ledger.names() if of == owner]
        for name in dict.fromkeys((*listed, *known)):
            try:
                if self._is_due(self._known(name).counted):
                    self.count(name, self._recount_seconds)
            except NoSuchBucket:  # It was deleted meanwhile.
                continue
        self.ledger.set_owner_counted(owner)

    def freshen(self, excess: Excess) -> bool:
        """Counts again what a write would exceed, if it was not counted lately; says whether that was done."""
        limit = excess.limit
        names = (
            [limit.name]
            if limit.scope == "bucket"
            else [name for name, owner in self.ledger.names() if owner == limit.name]
        )
        done = False
        for name in names:
            known = self.ledger.bucket(name)
            if known is not None and self._is_due(known.counted, _FRESH_SECONDS):
                done = True
                try:
                    self.count(name, _FRESH_SECONDS)
                except NoSuchBucket:
                    continue
        return done


class Write:
    """One write in progress, as a ``with`` statement around it. A write that is not settled has failed.

    Attributes:
        known: What is known of its bucket.
        before: What it replaces, once it is locked.
    """

    def __init__(self, accounts: Accounts, bucket: str, key: str, known: Bucket, limits: tuple[Limit, ...]) -> None:
        self._accounts = accounts
        self._ledger = accounts.ledger
        self._bucket = bucket
        self._key = key
        self._limits = limits
        self._size = self._objects = 0
        self._credit: Held | None = None
        self._locked = False
        self._ended = False
        self.known = known
        self.before = NOTHING
        self.number = self._ledger.begin(bucket, key, known.owner)

    @property
    def counts(self) -> bool:
        """Whether there are limits on its bucket."""
        return bool(self._limits)

    @property
    def is_locked(self) -> bool:
        """Whether it has locked what it is about."""
        return self._locked

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended:
            return
        is_definite = isinstance(error, BucketryError) and not isinstance(error, _UNKNOWN_OUTCOME)
        if self._locked and self.counts and not is_definite:
            self._ledger.recount(self._bucket)
        self.settle()

    def want(self, size: int, objects: int, replaced: Callable[[], Held]) -> None:
        """Reserves what the write will add.

        Args:
            size: Its bytes.
            objects: Its objects.
            replaced: Returns what it replaces by now. That is asked only if the write does not fit otherwise.

        Raises:
            QuotaExceeded: It does not fit.
        """
        if not self._limits:
            return
        self._size, self._objects = size, objects
        excess = self._reserve()
        if excess is not None and self._credit is None:
            self._credit = replaced()
            excess = self._reserve()
        if excess is not None and not self._locked and self._accounts.freshen(excess):
            excess = self._reserve()
        if excess is not None:
            raise _refusal(excess, self._bucket)

    def grow(self, size: int, replaced: Callable[[], Held]) -> None:
        """Reserves some more bytes.

        Raises:
            QuotaExceeded: They do not fit.
        """
        self.want(self._size + size, self._objects, replaced)

    def _reserve(self) -> Excess | None:
        credit = self._credit or NOTHING
        size, objects = max(self._size - credit.size, 0), max(self._objects - credit.objects, 0)
        return self._ledger.reserve(self.number, size, objects, self._limits)

    def lock(self, *names: str, also: tuple[tuple[str, str], ...] = ()) -> None:
        """Locks parts of its bucket, and of other buckets."""
        self._ledger.lock(self.number, [*((self._bucket, name) for name in names), *also])
        self._locked = True
        if self.counts:  # It may make versions by now, or be another bucket of that name.
            self.known = self._ledger.bucket(self._bucket) or self.known

    def commit(self, size: int, objects: int, before: Held) -> None:
        """Reserves exactly what the write will add, now that nobody can change what it replaces.

        Raises:
            QuotaExceeded: It does not fit.
        """
        self.before = self._credit = before
        self.want(size, objects, lambda: before)

    def settle(
        self, size: int = 0, objects: int = 0, also: Callable[[Connection], tuple[int, int]] | None = None
    ) -> None:
        """Ends the write, with what it has changed. A write to a bucket without limits changes nothing here."""
        self._ended = True
        if self.counts:
            self._ledger.settle(self.number, self._bucket, self.known.id, (size, objects), also)
        else:
            self._ledger.settle(self.number, self._bucket, 0)

    def check_versioning(self, version_id: str | None) -> None:
        """Has the bucket counted again if the backend made another kind of version than was expected."""
        made = OFF if version_id is None else SUSPENDED if version_id == NULL_VERSION else ENABLED
        if self.counts and (made == ENABLED) != (self.known.versioning == ENABLED):
            self._ledger.recount(self._bucket)


def _refusal(excess: Excess, bucket: str) -> QuotaExceeded:
    limit = excess.limit
    whose = "the bucket" if limit.scope == "bucket" else f"all buckets of the owner {limit.name!r} together"
    return QuotaExceeded(
        f"{whose} may hold {excess.most} {excess.what}, and would hold {excess.wanted}: delete something first, or "
        "have the quota raised",
        bucket=bucket,
    )
