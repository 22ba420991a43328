"""The layer that stops asking a backend which does not answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bucketry import (
    Body,
    BucketryError,
    IncompleteBody,
    InvalidArgument,
    NoSuchKey,
    PresignOptions,
    Store,
    Unavailable,
    open_store,
)
from bucketry.hookspecs import OPERATIONS
from bucketry.layers import Breaker, Faults

BUCKET = "assets"


class Backend:
    """A store in memory that can be made to fail, with a breaker whose clock is turned by hand."""

    def __init__(self, failures: int = 3, pause: float = 1.0, longest_pause: float = 4.0) -> None:
        self.now = 0.0
        self.faults = Faults()
        self.breaker = Breaker(failures, pause=pause, longest_pause=longest_pause, monotonic=lambda: self.now)
        self.store = open_store("memory://", layers=[self.faults, self.breaker])
        self.store.create_bucket(BUCKET)
        self.store.put_object(BUCKET, "key", b"content")

    def fails(self, *faults: str) -> None:
        """Begins to fail, and to count."""
        self.faults.clear()
        self.faults.add(*faults)

    def asked(self) -> int:
        """How many calls reached what stands for the backend."""
        return sum(count.calls for count in self.faults.counts())

    def outcomes(self, calls: int, call: Callable[[Store], object]) -> str:
        """Calls so often: ``.`` for success, ``x`` for the backend's failure, ``r`` for a refusal by the breaker."""
        found = ""
        for _ in range(calls):
            before = self.asked()
            try:
                call(self.store)
                found += "."
            except Unavailable:
                found += "x" if self.asked() > before else "r"
        return found


def read(store: Store) -> object:
    return store.head_object(BUCKET, "key")


def write(store: Store) -> object:
    return store.put_object(BUCKET, "key", b"new")


def test_it_refuses_calls_after_so_many_failures_in_a_row() -> None:
    backend = Backend(failures=3)
    backend.fails("head_object:unavailable")
    assert backend.outcomes(6, read) == "xxxrrr"
    reads = backend.breaker.circuits()["reads"]
    assert (reads.is_open, reads.failures, reads.refused, reads.opened) == (True, 3, 3, 1)
    assert repr(backend.breaker) == "Breaker(reads=open, writes=closed)"


def test_one_answer_between_failures_keeps_it_closed() -> None:
    backend = Backend(failures=3)
    backend.fails("head_object:unavailable:nth=1-2", "head_object:unavailable:nth=4-5")
    assert backend.outcomes(8, read) == "xx.xx..."


@pytest.mark.parametrize("code", ["no_such_key", "throttled", "access_denied", "backend_error"])
def test_an_error_that_the_backend_answers_with_is_an_answer(code: str) -> None:
    backend = Backend(failures=2)
    backend.fails(f"head_object:{code}")
    for _ in range(5):
        with pytest.raises(BucketryError) as raised:
            read(backend.store)
        assert raised.value.code == code
    assert backend.asked() == 5


def test_reads_and_writes_have_a_circuit_each() -> None:
    backend = Backend(failures=2)
    backend.fails("put_*,copy_object:unavailable")
    assert backend.outcomes(3, write) == "xxr"
    assert backend.outcomes(1, lambda store: store.copy_object(BUCKET, "key", BUCKET, "copy")) == "r"
    assert backend.outcomes(3, read) == "..."
    assert backend.outcomes(1, lambda store: store.get_object(BUCKET, "key").read()) == "."


def test_every_operation_that_asks_a_backend_is_refused_while_it_is_open() -> None:
    assert {name for name in OPERATIONS if not hasattr(Breaker, name)} == {"close", "presign", "status"}
    backend = Backend(failures=1)
    backend.fails("*:unavailable")
    assert (backend.outcomes(1, read), backend.outcomes(1, write)) == ("x", "x")
    calls: list[Callable[[Store], object]] = [
        lambda store: store.list_buckets(),
        lambda store: store.get_object(BUCKET, "key"),
        lambda store: store.list_objects(BUCKET),
        lambda store: store.create_bucket("more"),
        lambda store: store.delete_objects(BUCKET, ["key"]),
        lambda store: store.create_multipart_upload(BUCKET, "key"),
    ]
    assert "".join(backend.outcomes(1, call) for call in calls) == "r" * len(calls)
    assert backend.store.status().available
    assert backend.store.presign(BUCKET, "key", PresignOptions(method="GET")).url


def test_after_a_pause_one_call_probes_and_an_answer_closes_it() -> None:
    backend = Backend(failures=2, pause=1.0)
    backend.fails("head_object:unavailable:nth=1-2")
    assert backend.outcomes(3, read) == "xxr"
    backend.now = 0.9
    assert backend.outcomes(2, read) == "rr"
    backend.now = 1.0
    assert backend.outcomes(3, read) == "..."
    assert not backend.breaker.circuits()["reads"].is_open


def test_an_answer_that_is_an_error_closes_it_too() -> None:
    backend = Backend(failures=1)
    backend.fails("head_object:unavailable:nth=1")
    assert backend.outcomes(1, read) == "x"
    backend.now = 1.0
    with pytest.raises(NoSuchKey):
        backend.store.head_object(BUCKET, "missing")
    assert backend.outcomes(2, read) == ".."


def test_pauses_double_up_to_the_longest_and_begin_anew_after_an_answer() -> None:
    backend = Backend(failures=1, pause=1.0, longest_pause=4.0)
    backend.fails("head_object:unavailable:nth=1-6")
    assert backend.outcomes(1, read) == "x"
    probes = []
    while backend.breaker.circuits()["reads"].is_open:
        backend.now += 0.25
        if backend.outcomes(1, read) != "r":
            probes.append(backend.now)
    assert probes == [1.0, 3.0, 7.0, 11.0, 15.0, 19.0]
    backend.fails("head_object:unavailable:nth=1")
    assert backend.outcomes(2, read) == "xr"
    backend.now += 1.0
    assert backend.outcomes(1, read) == "."


class Blocked:
    """A body that waits until it is released."""

    def __init__(self) -> None:
        self.begun, self.released = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        self.begun.set()
        assert self.released.wait(30)
        yield b"content"


def test_there_is_one_probe_at_a_time_and_a_slow_one_holds_up_recovery_no_longer_than_the_longest_pause() -> None:
    backend = Backend(failures=1, pause=1.0, longest_pause=4.0)
    backend.fails("put_object:unavailable:nth=1")
    assert backend.outcomes(1, write) == "x"
    backend.now = 1.0
    slow = Blocked()
    probe = threading.Thread(target=lambda: backend.store.put_object(BUCKET, "slow", Body(slow)))
    probe.start()
    assert slow.begun.wait(30)
    backend.now = 4.9
    assert backend.outcomes(2, write) == "rr"
    backend.now = 5.0
    assert backend.outcomes(2, write) == ".."
    slow.released.set()
    probe.join()
    assert backend.outcomes(1, write) == "."


def _broken(error: Exception) -> Iterator[bytes]:
    yield b"begun"
    raise error


def test_a_body_that_breaks_off_says_nothing_of_the_backend() -> None:
    backend = Backend(failures=2)
    for _ in range(4):
        with pytest.raises(BucketryError):
            backend.store.put_object(BUCKET, "key", Body(_broken(Unavailable("the source is another store"))))
    assert backend.breaker.circuits()["writes"].failures == 0
    backend.fails("put_object:unavailable:nth=1-2")
    assert backend.outcomes(3, write) == "xxr"
    backend.now = 1.0
    with pytest.raises(IncompleteBody):  # This probe finds out nothing: the next call is one again.
        backend.store.put_object(BUCKET, "key", Body(_broken(RuntimeError())))
    assert backend.breaker.circuits()["writes"].is_open
    assert backend.outcomes(1, write) == "."


def test_content_that_breaks_off_is_a_failure() -> None:
    layer = Breaker(1, monotonic=lambda: 0.0)
    store = open_store("memory://", layers=[Faults("get_object:torn:after=3"), layer])
    store.create_bucket(BUCKET)
    store.put_object(BUCKET, "key", b"content")
    with pytest.raises(Unavailable):
        store.get_object(BUCKET, "key").read()
    assert layer.circuits()["reads"].is_open


def test_it_says_once_that_it_opens_and_once_that_it_closes(caplog: pytest.LogCaptureFixture) -> None:
    backend = Backend(failures=2)
    backend.fails("head_object:unavailable:nth=1-2")
    with caplog.at_level(logging.WARNING, "bucketry.breaker"):
        backend.outcomes(9, read)
        backend.now = 1.0
        backend.outcomes(9, read)
    assert [record.getMessage() for record in caplog.records] == [
        "the backend did not answer 2 times in a row: reads are refused until it does",
        "the backend answers again: reads are passed on",
    ]


def test_many_threads_reach_a_dead_backend_only_until_it_opens_and_then_one_a_pause() -> None:
    backend = Backend(failures=5)
    backend.fails("head_object:unavailable")
    start = threading.Barrier(16)

    def ask() -> None:
        start.wait()
        backend.outcomes(50, read)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Calls that were on their way when it opened are asked for too.
    assert 5 <= backend.asked() <= 5 + 15
    backend.now = 1.0
    before = backend.asked()
    backend.outcomes(20, read)
    assert backend.asked() == before + 1


@pytest.mark.parametrize(
    "wrong", [{"failures": 0}, {"pause": 0}, {"pause": 2.0, "longest_pause": 1.0}, {"longest_pause": 1e9}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        Breaker(**wrong)
