"""One thread at a time holds the lock on a name; a forked process holds none."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from bucketry import StoreClosed, Unavailable
from bucketry_s3client import LastingThreads, NameLocks

PATIENCE = 60


@contextmanager
def held_elsewhere(locks: NameLocks, *names: str) -> Iterator[None]:
    """Another thread holds names as long as the block runs."""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.hold(*names):
            held.set()
            assert free.wait(PATIENCE)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(hold)
        assert held.wait(PATIENCE)
        try:
            yield
        finally:
            free.set()
            holding.result(PATIENCE)


def test_a_name_is_held_by_one_thread_at_a_time() -> None:
    locks, inside, most = NameLocks(), 0, 0

    def change(_: int) -> None:
        nonlocal inside, most
        with locks.hold("photos"):
            inside += 1
            most = max(most, inside)
            threading.Event().wait(0.001)
            inside -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, range(40)))
    assert (inside, most) == (0, 1)


def test_other_names_do_not_wait() -> None:
    locks = NameLocks(patience=0)
    with held_elsewhere(locks, "a", "b"), locks.hold("c", "d"):
        pass


def test_a_thread_waits_only_so_long_and_holds_nothing_then() -> None:
    locks = NameLocks(patience=0.05)
    with held_elsewhere(locks, "a"):
        with pytest.raises(Unavailable, match="takes too long"), locks.hold("a", "b"):
            pytest.fail("two threads hold one name")
        with locks.hold("b"):
            pass
    with locks.hold("a", "b"):
        pass


def test_an_error_gives_the_name_back() -> None:
    locks = NameLocks(patience=0)
    with pytest.raises(ValueError, match="wrong"), locks.hold("a"):
        raise ValueError("wrong")
    with locks.hold("a"):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_holds_nothing() -> None:
    locks = NameLocks(patience=0)
    with held_elsewhere(locks, "a"):
        child = os.fork()
        if child == 0:
            signal.alarm(PATIENCE)
            try:
                with locks.hold("a"):
                    os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_of_a_closed_store_take_nothing() -> None:
    threads = LastingThreads(1, "lookup")
    assert threads.submit(divmod, 7, 2).result() == (3, 1)
    threads.shutdown()
    with pytest.raises(StoreClosed):
        threads.submit(divmod, 7, 2)
    with pytest.raises(StoreClosed):
        list(threads.map(str, [1]))
