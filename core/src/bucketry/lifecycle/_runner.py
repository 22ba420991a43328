"""Carries out the lifecycle rules of all buckets, in a thread of its own and whenever the clock is turned."""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, final

from bucketry.clock import Clock
from bucketry.errors import AccessDenied, BackendError, BucketryError
from bucketry.lifecycle._pace import Interrupted
from bucketry.origin import LIFECYCLE, calls_from

if TYPE_CHECKING:
    from bucketry.hookspecs import DriverSpec

_NAP_SECONDS: Final = 600.0
"""The longest sleep of the thread. The system's clock may have been set meanwhile, or the machine have slept."""

_RETRY: Final = timedelta(minutes=1)
"""When a run that failed is tried again."""

_CLOSING_SECONDS: Final = 10.0
"""How long `close` waits for a step that is being made."""

logger = logging.getLogger("bucketry")


@final
class LifecycleRunner:
    """Works for one driver. The thread runs only while a bucket has rules.

    It works when rules change and at each midnight UTC, which is when S3 lets objects expire. A turn of the clock does
    the same in the thread that turns it, up to the end.

    Attributes:
        is_closed: Whether it has ended for good.
    """

    def __init__(self, chain: DriverSpec, clock: Clock) -> None:
        """Starts no thread yet, and calls nothing.

        Args:
            chain: The driver behind its layers.
            clock: The store's clock.
        """
        self._chain = chain
        self._clock = clock
        self._working = threading.RLock()
        self._starting = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._endings = contextlib.ExitStack()
        self._next: datetime | None = None
        self._waiting = 0
        self.is_closed = False

    def rules_changed(self) -> None:
        """Has the thread look at the rules of all buckets now. Call it after any change of them."""
        with self._starting:
            if self.is_closed:
                return
            self._next = None
            if self._thread is None or not self._thread.is_alive():
                self._start()
        self._wake.set()

    def work(self) -> datetime | None:
        """Does all that is due, and returns when the next is due; ``None``: nothing is, as far as is known."""
        self._waiting += 1  # The thread makes room.
        try:
            with self._working, contextlib.suppress(Interrupted):
                return self._run()[1]
            return None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Ends the thread, after the step that it is making."""
        with self._starting:
            self.is_closed = True
            thread, self._thread = self._thread, None
            self._endings.close()
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSING_SECONDS)
        if self._working.acquire(timeout=_CLOSING_SECONDS):  # Somebody may be turning the clock.
            self._working.release()

    def _start(self) -> None:
        self._endings.close()
        self._endings.callback(self._clock.on_time(self.work))
        self._endings.callback(self._clock.on_change(self._clock_changed))
        # The thread must not keep a store alive that nobody has any more.
        runner, wake = weakref.ref(self), self._wake
        weakref.finalize(self, wake.set).atexit = False
        self._thread = threading.Thread(target=_live, args=(runner, wake), name="bucketry-lifecycle", daemon=True)
        self._thread.start()

    def _clock_changed(self, clock: Clock) -> None:
        self._next = _next_midnight(clock)
        self._wake.set()

    def turn(self) -> float | None:
        """One turn of the thread.

        Returns:
            Seconds until the next; ``None``: no bucket has rules any more.
        """
        if self._next is None or self._clock.now() >= self._next:
            self._next = _next_midnight(self._clock)  # First: rules may change meanwhile.
            with self._working:
                try:
                    has_rules, _ = self._run(in_background=True)
                except Interrupted:
                    has_rules = True
            if not has_rules and self._end():
                return None
        left = 0.0 if self._next is None else (self._next - self._clock.now()).total_seconds()
        return min(max(left, 0.0), _NAP_SECONDS)

    def _end(self) -> bool:
        """Ends the thread, unless rules have changed meanwhile."""
        with self._starting:
            if self._next is None:
                return False
            self._thread = None
            self._endings.close()
            return True

    def _run(self, *, in_background: bool = False) -> tuple[bool, datetime | None]:
        """Does all that is due.

        Returns:
            Whether any bucket has rules, and when the next is due.
        """

        def check() -> None:
            if self.is_closed or (in_background and self._waiting):
                raise Interrupted

        has_rules, dues = True, list[datetime]()
        with calls_from(LIFECYCLE), self._failures():
            found = [self._run_bucket(bucket.name, check, dues) for bucket in self._chain.list_buckets()]
            has_rules = any(found)
        return has_rules, min(dues, default=None)

    def _run_bucket(self, bucket: str, check: Callable[[], None], dues: list[datetime]) -> bool:
        """Does what is due in a bucket. Returns whether it has rules; a bucket that fails may have some."""
        from bucketry.lifecycle._bucket_run import BucketRun  # Only here: most stores have no rules.

        run = BucketRun(self._chain, self._clock, bucket, check)
        has_rules = True
        with self._failures():
            has_rules = run.run()
        if run.next_due is not None:
            dues.append(run.next_due)
        return has_rules

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Logs what fails, and tries it again later, since one bucket must not hold up the others."""
        try:
            yield
        except Interrupted:
            raise
        except AccessDenied as error:  # As of a store that is read-only: it would be refused again.
            self._log(error)
        except Exception as error:  # noqa: BLE001 - a thread must go on
            self._log(error)
            self._retry()

    def _retry(self) -> None:
        if self._next is not None:
            self._next = min(self._next, self._clock.now() + _RETRY)
        self._wake.set()

    def _log(self, error: Exception) -> None:
        if self.is_closed:
            return
        known = isinstance(error, BucketryError) and not isinstance(error, BackendError)
        logger.warning("lifecycle does not go on for now: %s", error, exc_info=None if known else error)


def runner_of(driver: DriverSpec, chain: DriverSpec, clock: Clock) -> LifecycleRunner | None:
    """Returns the runner of a driver, which belongs to all stores over it; the first of them makes it.

    Args:
        driver: The driver.
        chain: The driver behind the layers of the store.
        clock: The store's clock.

    Returns:
        The runner; ``None``: the backend executes the rules, or there are none.
    """
    if driver.lifecycle != "core" or not driver.features.bucket_lifecycle:
        return None
    runner = driver.lifecycle_runner
    if runner is None or runner.is_closed:
        runner = driver.lifecycle_runner = LifecycleRunner(chain, clock)
        if driver.features.persistent:  # There may be rules from before.
            runner.rules_changed()
    return runner


def _live(reference: weakref.ref[LifecycleRunner], wake: threading.Event) -> None:
    while True:
        wake.clear()
        runner = reference()
        if runner is None or runner.is_closed:
            return
        seconds = runner.turn()
        del runner
        if seconds is None:
            return
        wake.wait(seconds)


def _next_midnight(clock: Clock) -> datetime | None:
    from bucketry.lifecycle.rules import midnight_after  # Only here: most stores have no rules.

    return midnight_after(clock.now(), 0)
