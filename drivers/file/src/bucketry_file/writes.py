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


@final
class _Write(Generic[T]):
    """A write that waits.

    Attributes:
        work: What it does.
        turn: Set when it is done, or when its thread has to lead.
        leads: Whether its thread has to lead.
        is_done: Whether it is committed or has failed.
        result: What `work` returned.
        error: What it raised, or the commit.
    """

    __slots__ = ("error", "is_done", "leads", "result", "turn", "work")

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.turn = threading.Event()
        self.leads = False
        self.is_done = False
        self.result: T | None = None
        self.error: BaseException | None = None

    def settle(self, result: T | None, error: BaseException | None = None) -> None:
        self.result, self.error, self.is_done = result, error, True


@final
class WriteQueue:
    """The writes of one process. The first thread that waits leads: it commits for all that wait with it."""

    def __init__(self, connection: Callable[[], sqlite3.Connection]) -> None:
        """Takes what returns the connection for writing. Leaders alone call it, one at a time."""
        self._connection = connection
        self._lock = threading.Lock()
        self._waiting: list[_Write[Any]] = []
        self._is_led = False

    def run(self, work: Work[T]) -> T:
        """Does a write in a transaction, and returns its result after the commit.

        Raises:
            BaseException: What the work raised, or the transaction. Nothing of this write is in the index, unless the
                thread was interrupted while it waited or committed.
        """
        write = _Write(work)
        with self._lock:
            self._waiting.append(write)
            write.leads, self._is_led = not self._is_led, True
        try:
            if not write.leads:
                write.turn.wait()
            if not write.is_done:
                self._lead()
        except BaseException:
            self._leave(write)
            raise
        if write.error is not None:
            raise write.error
        return cast("T", write.result)

    def pause(self) -> bool:
        """Lets no write begin until `resume`. Returns whether a thread is leading."""
        self._lock.acquire()
        return self._is_led

    def resume(self) -> None:
        """Ends what `pause` began."""
        self._lock.release()

    def _lead(self) -> None:
        """Commits what waits, and hands over to the first that came meanwhile."""
        with self._lock:
            group = self._waiting[:MAX_GROUP]
            del self._waiting[:MAX_GROUP]
        try:
            self._commit(group)
        except BaseException as error:
            # An interrupt of this thread: the transaction is undone. The others are not to blame, and try again.
            with self._lock:
                self._waiting[:0] = [write for write in group[1:] if not write.is_done]
            if not group[0].is_done:
                group[0].settle(None, error)
            raise
        finally:
            self._hand_over(group)

    def _hand_over(self, group: list[_Write[Any]]) -> None:
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_led = following is not None
            if following is not None:
                following.leads = True
        for write in group:
            if write.is_done:
                write.turn.set()
        if following is not None:
            following.turn.set()

    def _leave(self, write: _Write[Any]) -> None:
        """Takes a write back whose thread was interrupted; if it is being committed, waits for that."""
        while not write.is_done:
            with self._lock:
                waits, leads = write in self._waiting, write.leads
                if waits:
                    self._waiting.remove(write)
            if waits:
                if leads:
                    self._hand_over([])
                return
            write.turn.wait()

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
            return self._connection()
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
                outcomes.append(_in_savepoint(connection, write.work))
                if not connection.in_transaction:  # A full disk, for one, ends it as a whole.
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


def _settle(group: list[_Write[Any]], outcomes: list[tuple[Any, Exception | None]]) -> None:
    for write, (result, failure) in zip(group, outcomes, strict=True):
        write.settle(result, failure)


def _in_savepoint(connection: sqlite3.Connection, work: Work[T]) -> tuple[T | None, Exception | None]:
    connection.execute("SAVEPOINT write")
    try:
        result = work(connection)
    except Exception as error:  # noqa: BLE001 - its writer gets it, and the others go on
        if connection.in_transaction:
            connection.execute("ROLLBACK TO write")
            connection.execute("RELEASE write")
        return None, error
    connection.execute("RELEASE write")
    return result, None


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
