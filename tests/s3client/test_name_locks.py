"""One thread at a time holds the lock on a name; a forked process holds none."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

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


def in_child(act: Callable[[], object]) -> int:
    """Does something in a forked process; returns how that ended, 0 where nothing was raised."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE)
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_holds_nothing() -> None:
    locks = NameLocks(patience=0)

    def hold() -> None:
        with locks.hold("a"):
            pass

    with held_elsewhere(locks, "a"):
        assert in_child(hold) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_is_forked_by_who_holds_a_name_gives_it_back() -> None:
    """Also if other threads are at the locks at that moment."""
    locks = NameLocks(patience=0)
    holding = locks.hold("a")
    holding.__enter__()
    with locks._mutex:
        assert in_child(lambda: holding.__exit__(None, None, None)) == 0
    holding.__exit__(None, None, None)
    with locks.hold("a"):
        pass


# An interrupt of a generator that is being closed, or of collecting garbage, is printed and not raised.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("names", [("a",), ("a", "b", "c")], ids=["one", "three"])
def test_an_interrupt_at_any_moment_leaves_nothing_held(names: tuple[str, ...]) -> None:
    """It comes as a signal does, at a random moment."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        pytest.skip("signals are handled in the main thread alone")

    has_come = False

    def interrupt(*_: object) -> None:
        nonlocal has_come
        has_come = True
        raise KeyboardInterrupt

    moments, before = random.Random(1), signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(300):
            locks = NameLocks(patience=PATIENCE)
            has_come = False
            with suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, moments.uniform(1e-6, 1e-4))
                while not has_come:  # One that comes as Python collects garbage is not raised.
                    with locks.hold(*names):
                        pass
            with ThreadPoolExecutor(1) as other:
                other.submit(_hold, locks, *names).result(PATIENCE)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _hold(locks: NameLocks, *names: str) -> None:
    with locks.hold(*names):
        pass


def test_a_thread_that_takes_a_name_again_and_again_leaves_others_their_turn() -> None:
    locks, ended = NameLocks(), threading.Event()

    def change() -> None:
        while not ended.is_set():
            with locks.hold("a"):
                threading.Event().wait(0.005)

    with ThreadPoolExecutor(2) as threads:
        busy = threads.submit(change)
        try:
            for each in [threads.submit(_hold, locks, "a") for _ in range(10)]:
                each.result(PATIENCE)
        finally:
            ended.set()
        busy.result(PATIENCE)


def test_threads_that_want_names_in_different_orders_do_not_wait_for_each_other_for_ever() -> None:
    locks, names = NameLocks(patience=PATIENCE), [f"key{number}" for number in range(50)]
    orders = [names, names[::-1], names[25:] + names[:25]]
    with ThreadPoolExecutor(len(orders)) as threads:
        list(threads.map(lambda order: _hold(locks, *order), orders * 50))
    assert locks._entries == {}


def test_who_waits_for_threads_of_a_store_that_closes_is_told() -> None:
    threads, begun, free = LastingThreads(1, "lookup"), threading.Event(), threading.Event()

    def look_up(number: int) -> int:
        begun.set()
        assert free.wait(PATIENCE)
        return number

    results = threads.map(look_up, range(3))
    assert begun.wait(PATIENCE)
    threads.shutdown(wait=False, cancel_futures=True)
    free.set()
    assert next(results) == 0
    with pytest.raises(StoreClosed):
        next(results)


def test_threads_of_a_closed_store_take_nothing() -> None:
    threads = LastingThreads(1, "lookup")
    assert threads.submit(divmod, 7, 2).result() == (3, 1)
    threads.shutdown()
    with pytest.raises(StoreClosed):
        threads.submit(divmod, 7, 2)
    with pytest.raises(StoreClosed):
        list(threads.map(str, [1]))
