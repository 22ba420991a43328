"""Group commit: writes of many threads share one transaction, and so one wait for the disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast, final

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], T]
"""What a write does. It may run more than once, so it changes nothing but the index."""

MAX_GROUP: Final = 256
"""Most writes of one transaction: the first of them waits for all of them."""


_TRIES: Final = 100
"""How often what must be done is begun again after an interrupt. A user who holds Ctrl+C interrupts a few times."""


@final
class _Write(Generic[T]):
    """A write that waits.

    Attributes:
        work: What it does.
        turn: Set when it is done, or when its thread has to lead.
        is_taken: Whether the leader is at work on it.
        is_done: Whether it is committed or has failed.
        result: What `work` returned.
        error: What it raised, or the commit.
    """

    __slots__ = ("error", "is_done", "is_taken", "result", "turn", "work")

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.turn = threading.Event()
        self.is_taken = False
        self.is_done = False
        self.result: T | None = None
        self.error: BaseException | None = None

    def settle(self, result: T | None, error: BaseException | None = None) -> None:
        self.result, self.error, self.is_done = result, error, True


@final
class WriteQueue:
    """The writes of one process. The first thread that waits leads: it commits for all that wait with it.

    A thread may be interrupted anywhere (Ctrl+C). So a write waits until it is done, whoever leads; one attribute says
    who leads; and what wakes the others is begun again until it was done.
    """

    def __init__(self, connection: Callable[[], sqlite3.Connection], on_end: Callable[[], None] = lambda: None) -> None:
        """Makes an empty queue.

        Args:
            connection: Returns the connection for writing. Leaders alone call it, one at a time.
            on_end: What a leader calls once its transactions have ended, before it wakes the others. It waits for
                nothing, and may be called again.
        """
        self._connection = connection
        self._on_end = on_end
        self._lock = threading.Lock()
        self._waiting: list[_Write[Any]] = []
        self._leader: _Write[Any] | None = None

    def run(self, work: Work[T]) -> T:
        """Does a write in a transaction, and returns its result after the commit.

        Raises:
            BaseException: What the work raised, or the transaction. Nothing of this write is in the index, unless the
                thread was interrupted while it waited or committed.
        """
        write = _Write(work)
        try:
            with self._lock:
                self._waiting.append(write)
                if self._leader is None:
                    self._leader = write
            if self._leader is not write:
                write.turn.wait()
            if not write.is_done:
                self._lead(write)
        except BaseException:
            _insist(lambda: self._leave(write))
            raise
        if write.error is not None:
            raise write.error
        return cast("T", write.result)

    def pause(self) -> bool:
        """Lets no write begin until `resume`. Returns whether a thread is leading."""
        self._lock.acquire()
        return self._leader is not None

    def resume(self) -> None:
        """Ends what `pause` began."""
        self._lock.release()

    def _lead(self, write: _Write[Any]) -> None:
        """Commits what waits, and hands over to the first that came meanwhile."""
        try:
            with self._lock:
                group = self._waiting[:MAX_GROUP]
                for each in group:
                    each.is_taken = True
            self._commit(group)
        except BaseException as error:
            # An interrupt of this thread: the transaction is undone. The others are not to blame, and try again.
            if not write.is_done:
                write.settle(None, error)
            raise
        finally:
            _insist(self._on_end)
            _insist(lambda: self._hand_over(write))

    def _hand_over(self, write: _Write[Any]) -> None:
        """Wakes all whose writes are done, and the next leader, if this write leads. Doing it again is harmless."""
        with self._lock:
            if self._leader is write:
                for each in self._waiting:
                    each.is_taken = False
                    if each.is_done:
                        each.turn.set()
                self._waiting = [each for each in self._waiting if not each.is_done]
                self._leader = self._waiting[0] if self._waiting else None
            if self._leader is not None:
                self._leader.turn.set()

    def _leave(self, write: _Write[Any]) -> None:
        """Takes a write back whose thread was interrupted; if another one is committing it, waits for that."""
        while True:
            with self._lock:
                if write.is_done or self._leader is write or not write.is_taken:
                    self._waiting = [each for each in self._waiting if each is not write]
                    break
            write.turn.wait()
        self._hand_over(write)

    def _commit(self, group: list[_Write[Any]]) -> None:
        connection = self._connection_for(group)
        if connection is None:
            return
        if len(group) > 1 and self._commit_together(connection, group):
            return
        for write in group:
            if not write.is_done:
                _commit_alone(connection, write)

    def _connection_for(self, group: list[_Write[Any]]) -> sqlite3.Connection | None:
        try:
            connection = self._connection()
            connection.rollback()  # Does nothing, unless the last leader was interrupted before it did this.
            return connection
        except Exception as error:  # noqa: BLE001 - each writer gets it
            for write in group:
                write.settle(None, error)
            return None

    def _commit_together(self, connection: sqlite3.Connection, group: list[_Write[Any]]) -> bool:
        """Does all writes in one transaction. Returns whether it was committed; otherwise each is done alone."""
        outcomes: list[tuple[Any, Exception | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in group:
                changes = connection.total_changes
                outcomes.append(outcome := _outcome(connection, write.work))
                # A full disk, for one, ends it as a whole. What a failed write has changed cannot stay.
                if not connection.in_transaction or (outcome[1] is not None and connection.total_changes != changes):
                    return False
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if not connection.in_transaction and not outcomes:
                for write in group:  # It did not even begin: another process is busy, for one.
                    write.settle(None, error)
                return True
            return False
        except BaseException:
            # An interrupt also comes as a commit returns. What is committed must not be done again.
            if len(outcomes) == len(group) and not connection.in_transaction:
                _settle(group, outcomes)
            raise
        finally:
            connection.rollback()
        _settle(group, outcomes)
        return True


def _insist(step: Callable[[], None]) -> None:
    """Does a step, and begins it again if an interrupt comes meanwhile, which is raised at the end."""
    interrupt: BaseException | None = None
    for _ in range(_TRIES):
        try:
            step()
            break
        except BaseException as error:  # noqa: BLE001 - raised below
            interrupt = error
    if interrupt is not None:
        raise interrupt


def _settle(group: list[_Write[Any]], outcomes: list[tuple[Any, Exception | None]]) -> None:
    for write, (result, failure) in zip(group, outcomes, strict=True):
        write.settle(result, failure)


def _outcome(connection: sqlite3.Connection, work: Work[T]) -> tuple[T | None, Exception | None]:
    try:
        return work(connection), None
    except Exception as error:  # noqa: BLE001 - its writer gets it, and the others go on
        return None, error


def _commit_alone(connection: sqlite3.Connection, write: _Write[Any]) -> None:
    result, commits = None, False
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = write.work(connection)
        commits = True
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - its writer gets it
        write.settle(None, error)
    except BaseException:
        if commits and not connection.in_transaction:  # As above.
            write.settle(result)
        raise
    else:
        write.settle(result)
    finally:
        connection.rollback()
