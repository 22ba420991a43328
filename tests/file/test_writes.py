"""Group commit: many writes in one transaction, each with its own result or error."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from linecache import getline
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Any

import pytest
from bucketry import PreconditionFailed, PutOptions, Store
from bucketry_file.writes import Work, WriteQueue

from tests.file.stores import BUCKET, open_store


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("CREATE TABLE t (x INTEGER UNIQUE)")
        yield connection


def commits_of(connection: sqlite3.Connection) -> list[str]:
    seen: list[str] = []
    connection.set_trace_callback(lambda statement: seen.append(statement) if statement == "COMMIT" else None)
    return seen


def insert(number: int, connection: sqlite3.Connection) -> int:
    connection.execute("INSERT INTO t VALUES (?)", (number,))
    return number


def together(queue: WriteQueue, works: list[Work[Any]]) -> list[object]:
    """Runs writes so that all of them wait while the first one is at work."""
    begun, go = threading.Event(), threading.Event()

    def first(connection: sqlite3.Connection) -> str:
        begun.set()
        go.wait(10)
        return "first"

    with ThreadPoolExecutor(len(works) + 1) as pool:
        leader = pool.submit(queue.run, first)
        begun.wait(10)
        waiting: list[Future[Any]] = []
        for count, work in enumerate(works, 1):
            waiting.append(pool.submit(queue.run, work))
            while len(queue._waiting) < count:
                pass
        go.set()
        assert leader.result() == "first"
        return [future.exception() or future.result() for future in waiting]


def test_writes_that_wait_share_a_commit(connection: sqlite3.Connection) -> None:
    queue, commits = WriteQueue(lambda: connection), commits_of(connection)
    works: list[Work[Any]] = [partial(insert, number) for number in range(20)]
    assert together(queue, works) == list(range(20))
    assert len(commits) == 2
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (20,)


def test_a_write_that_fails_leaves_nothing_and_the_others_are_committed(connection: sqlite3.Connection) -> None:
    queue = WriteQueue(lambda: connection)

    def fails(connection: sqlite3.Connection) -> None:
        insert(100, connection)
        raise PreconditionFailed("no")

    results = together(
        queue, [lambda connection: insert(1, connection), fails, lambda connection: insert(2, connection)]
    )
    assert results[0] == 1
    assert isinstance(results[1], PreconditionFailed)
    assert results[2] == 2
    assert connection.execute("SELECT x FROM t ORDER BY x").fetchall() == [(1,), (2,)]


class NoMistakes(Exception):
    """An error that is false."""

    def __len__(self) -> int:
        return 0


def test_a_write_that_fails_after_a_change_leaves_nothing(connection: sqlite3.Connection) -> None:
    queue = WriteQueue(lambda: connection)

    def half(number: int, connection: sqlite3.Connection) -> None:
        insert(number, connection)
        raise NoMistakes

    results = together(queue, [partial(insert, 1), partial(half, 2), partial(insert, 3), partial(half, 4)])
    assert results[::2] == [1, 3]
    assert connection.execute("SELECT x FROM t ORDER BY x").fetchall() == [(1,), (3,)]


def test_if_the_transaction_is_lost_each_write_is_tried_alone(connection: sqlite3.Connection) -> None:
    queue = WriteQueue(lambda: connection)

    def loses_all(connection: sqlite3.Connection) -> None:
        connection.rollback()  # As SQLite does when the disk is full.
        raise sqlite3.OperationalError("disk full")

    results = together(
        queue, [lambda connection: insert(1, connection), loses_all, lambda connection: insert(2, connection)]
    )
    assert (results[0], results[2]) == (1, 2)
    assert isinstance(results[1], sqlite3.OperationalError)
    assert connection.execute("SELECT x FROM t ORDER BY x").fetchall() == [(1,), (2,)]


def test_an_interrupt_of_the_leader_fails_its_own_write_alone(connection: sqlite3.Connection) -> None:
    queue, tries = WriteQueue(lambda: connection), []

    def interrupted(connection: sqlite3.Connection) -> None:
        tries.append(1)
        raise KeyboardInterrupt

    results = together(queue, [interrupted, lambda connection: insert(2, connection)])
    assert isinstance(results[0], KeyboardInterrupt)
    assert results[1] == 2
    assert len(tries) == 1
    assert queue.run(lambda connection: insert(3, connection)) == 3


class Interrupted(sqlite3.Connection):
    """Is interrupted once, as a commit returns."""

    commits_left = 0

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *parameters)
        if sql == "COMMIT":
            self.commits_left -= 1
            if self.commits_left == 0:
                raise KeyboardInterrupt
        return cursor


@pytest.mark.parametrize("fails", [False, True], ids=["together", "each alone"])
def test_an_interrupt_after_the_commit_does_nothing_twice(fails: bool) -> None:
    with closing(
        sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=Interrupted)
    ) as made:
        made.execute("CREATE TABLE t (x INTEGER)")
        made.commits_left = 2  # The second is that of the group, or of its first write.
        queue = WriteQueue(lambda: made)

        def lose(connection: sqlite3.Connection) -> str:
            if fails and made.commits_left == 2:
                connection.execute("ROLLBACK")
            return "lost"

        outcomes = together(queue, [partial(insert, 1), partial(insert, 2), lose])
        assert [type(outcome) for outcome in outcomes[:2]] == [KeyboardInterrupt, int]
        assert made.execute("SELECT x FROM t ORDER BY x").fetchall() == [(1,), (2,)]


class Interrupts:
    """Interrupts a thread at some of the lines of `writes.py` that it runs."""

    def __init__(self, *lines: int) -> None:
        self._lines = set(lines)
        self._count = 0

    @property
    def has_ended(self) -> bool:
        return self._count < max(self._lines)

    def __call__(self, frame: FrameType, event: str, _: object) -> Interrupts | None:
        if not frame.f_code.co_filename.endswith("bucketry_file/writes.py"):
            return None
        # Python traces the end of a block at its "with", where no signal is handled before the lock is free.
        if event == "line" and not getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith("with "):
            self._count += 1
            if self._count in self._lines:
                raise KeyboardInterrupt
        return self

    def run(self, queue: WriteQueue, work: Work[Any]) -> None:
        sys.settrace(self)
        try:
            with suppress(KeyboardInterrupt):
                queue.run(work)
        finally:
            sys.settrace(None)


@pytest.mark.parametrize("gap", [0, 1, 2, 5], ids=["once", "and again", "two lines later", "five lines later"])
@pytest.mark.parametrize("leads", [True, False], ids=["the leader", "another"])
def test_an_interrupt_at_any_line_leaves_nobody_waiting(connection: sqlite3.Connection, leads: bool, gap: int) -> None:
    for line in range(1, 1000):
        queue, interrupts, begun, go = WriteQueue(lambda: connection), Interrupts(line, line + gap), Event(), Event()

        def first(_: sqlite3.Connection, begun: Event = begun, go: Event = go) -> None:
            begun.set()
            go.wait(10)

        def second(connection: sqlite3.Connection, line: int = line) -> int:
            return insert(line, connection)

        works = (first, second) if leads else (second, first)
        interrupted = Thread(target=interrupts.run, args=(queue, works[0]), daemon=True)
        other = Thread(target=queue.run, args=(works[1],), daemon=True)
        leader, follower = (interrupted, other) if leads else (other, interrupted)
        leader.start()
        while not begun.is_set() and leader.is_alive():
            pass
        follower.start()
        while not queue._waiting[1:] and leader.is_alive() and follower.is_alive():
            pass
        go.set()
        for thread in (leader, follower):
            thread.join(10)
            assert not thread.is_alive(), f"waits for ever after an interrupt at line {line}"
        assert queue.run(lambda connection: connection.in_transaction)
        assert (queue._waiting, queue._leader) == ([], None)
        rows = connection.execute("SELECT count(*) FROM t WHERE x = ?", (line,)).fetchone()
        assert rows == (1,) if leads else rows in {(0,), (1,)}
        if interrupts.has_ended:
            return
    raise AssertionError("it has more lines than that")


def test_a_connection_that_cannot_be_made_fails_every_write() -> None:
    def broken() -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open")

    queue = WriteQueue(broken)
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError):
            queue.run(lambda connection: None)


def test_sixteen_writers_share_commits(tmp_path: Path) -> None:
    store = open_store(tmp_path / "data")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: store.put_object(BUCKET, f"key {number}", b"x"), range(400)))
        assert len(list(store.list_objects(BUCKET).objects)) == 400
        won = list(pool.map(lambda _: _put_if_none(store), range(50)))
    assert sum(won) == 1
    store.close()


def _put_if_none(store: Store) -> bool:
    try:
        store.put_object(BUCKET, "one", b"x", PutOptions(if_none_match="*"))
    except PreconditionFailed:
        return False
    return True
