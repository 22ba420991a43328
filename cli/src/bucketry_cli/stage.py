"""A store as it is when a server starts: with its first buckets, and the way back to that state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bucketry import BucketAlreadyExists, Store
from bucketry.origin import RESET, calls_from

from bucketry_cli.errors import Failure

if TYPE_CHECKING:
    from bucketry.events import EventLog
    from bucketry.layers import Faults


class Stage:
    """A store with its first buckets, and the way back to that state."""

    def __init__(
        self, store: Store, buckets: Sequence[str], faults: Faults | None = None, log: EventLog | None = None
    ) -> None:
        """Changes nothing yet.

        Args:
            store: The store.
            buckets: The buckets to begin with.
            faults: The faults around the store, if there are any; they are off while this class works.
            log: The events of the store, if they are kept; a reset clears them.
        """
        self._store = store
        self._buckets = tuple(dict.fromkeys(buckets))
        self._faults = faults
        self._log = log
        self._lock = threading.Lock()

    def prepare(self, *, resettable: bool) -> None:
        """Creates the buckets.

        Args:
            resettable: Whether the store may be reset later.

        Raises:
            Failure: It is to be reset, and holds buckets already: it is not a store of tests.
            BucketryError: A bucket cannot be created.
        """
        if resettable:
            self._without_faults(self._refuse_if_in_use)
        self._without_faults(self._create_buckets)

    def reset(self) -> None:
        """Deletes all buckets and objects, creates the first buckets again, and resets clock, faults and events.

        Raises:
            BucketryError: The store fails, or somebody goes on writing to it.
        """
        with self._lock:
            self._without_faults(self._start_over)

    def _start_over(self) -> None:
        from bucketry_cli.reset import delete_everything  # Only here: few servers are reset.

        try:
            delete_everything(self._store)
        finally:  # Locked versions are deleted by turning the clock.
            self._store.clock.reset()
        self._create_buckets()
        if self._faults is not None:
            self._faults.reset()
        if self._log is not None:
            self._log.clear()

    def _refuse_if_in_use(self) -> None:
        if self._store.list_buckets():
            raise Failure(
                "--reset-endpoint is for stores of tests alone, and this one holds buckets already",
                "a reset would delete them: name another store, or empty this one first",
            )

    def _create_buckets(self) -> None:
        for name in self._buckets:
            try:
                self._store.create_bucket(name)
            except BucketAlreadyExists:
                # From an earlier run, in a store that keeps its objects.
                continue

    def _without_faults(self, act: Callable[[], None]) -> None:
        faults = self._faults
        if faults is not None:
            faults.enabled = False
        try:
            with calls_from(RESET):
                act()
        finally:
            if faults is not None:
                faults.enabled = True
