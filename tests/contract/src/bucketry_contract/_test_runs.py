"""Runs the tests: their order, their time limit, and one report for each fault of the whole driver."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import pytest
from bucketry import BucketryError, InvalidDriver

from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._report_notes import notes_of

TIMEOUT: Final = 120.0
"""Seconds that a test may take, unless ``--contract-timeout`` says otherwise."""

MOST_HANGS: Final = 3
"""After this number of tests that took too long, no more tests run on the driver."""

_AGAIN: Final = 1.0
"""Seconds after which a test that goes on in spite of having taken too long is interrupted again."""

_OPENING: Final = frozenset({"contract_backend", "contract_store", "contract_scratch"})
"""The fixtures that every test needs."""


class TookTooLong(BaseException):
    """Raised in a test that takes too long. As a ``BaseException``, no driver, SDK or hypothesis catches it."""


class _Faults:
    """What is known to be wrong with the driver of one test class, so that no other test need say it.

    Attributes:
        unusable: Why no other test is run, if so.
        hangs: How many tests took too long.
        told: What `InvalidDriver` errors said in tests that failed.
    """

    def __init__(self) -> None:
        self.unusable = ""
        self.hangs = 0
        self.told: set[str] = set()


_faults: Final = pytest.StashKey[dict[type, _Faults]]()


def suite_class(item: pytest.Item) -> type[ContractTests] | None:
    """Returns the class of a test of the suite; ``None`` for any other test."""
    kind = item.cls if isinstance(item, pytest.Function) else None
    return kind if kind is not None and issubclass(kind, ContractTests) else None


def _faults_of(item: pytest.Item) -> _Faults | None:
    kind = suite_class(item)
    return item.session.stash.setdefault(_faults, {}).setdefault(kind, _Faults()) if kind else None


def is_left_out(item: pytest.Item) -> bool:
    """Says whether a test is not of the short run that its class asks for."""
    kind = suite_class(item)
    if kind is None or item.config.option.contract_whole:
        return False
    return kind.short and item.get_closest_marker("short") is None


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Puts short tests that name a fault first and those that try much last; other tests stay where they are.

    pytest would take a class's bases from the last to the first, and so begin with the model.
    """
    ordered = list(items)
    for kind in dict.fromkeys(map(suite_class, items)):
        if kind is not None:
            places = [place for place, item in enumerate(items) if suite_class(item) is kind]
            ranked = sorted((items[place] for place in places), key=_rank)
            for place, item in zip(places, ranked, strict=True):
                ordered[place] = item
    return ordered


def _rank(item: pytest.Item) -> tuple[bool, int, int]:
    """The place of a test: on the bare store first; then by how much it tries; then by its subject."""
    kind = suite_class(item)
    assert kind is not None
    assert isinstance(item, pytest.Function)
    name = item.originalname
    place, subject = next((at, base) for at, base in enumerate(kind.__mro__) if name in vars(base))
    effort = getattr(subject, "effort", 0)
    if name.startswith("test_any_") or _runs_once(item):
        effort = max(effort, 1)
    return notes_of(item)["layering"] == "layered", effort, place


def _runs_once(item: pytest.Item) -> bool:
    return any("contract_layering" in mark.args for mark in item.iter_markers("parametrize"))


class Sparing:
    """Does not run a test on a driver with which no test can be run: one failure has said it already.

    A plugin of its own, since a wrapper, of which the suite's plugin has one, may not skip.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skips the test before anything is set up for it."""
        faults = _faults_of(item)
        if faults is not None and faults.unusable:
            pytest.skip(f"not run: {faults.unusable}")


@contextmanager
def opening(fixture: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """Notes that a fixture failed without which no test of the class can be run, and says in short why."""
    item = getattr(request, "_pyfuncitem", None)
    faults = _faults_of(item) if fixture in _OPENING and isinstance(item, pytest.Function) else None
    try:
        yield
    except pytest.skip.Exception:
        raise
    except (Exception, pytest.fail.Exception) as error:
        if faults is None:
            raise
        faults.unusable = "the store cannot be opened, as the first error says"
        if isinstance(error, BucketryError):
            raise pytest.fail.Exception(f"the store cannot be opened: {error}", pytrace=False) from error
        raise


@contextmanager
def telling_once(item: pytest.Item) -> Iterator[None]:
    """Has a hook's result that breaks the form of the contract fail one test: each would say the same."""
    faults = _faults_of(item)
    try:
        yield
    except InvalidDriver as error:
        if faults is None:
            raise
        told = str(error)
        if told in faults.told:
            pytest.skip("not run to its end: a hook's result breaks the form of the contract, as another test says")
        faults.told.add(told)
        raise pytest.fail.Exception(told, pytrace=False) from error


@contextmanager
def time_limit(item: pytest.Item, seconds: float) -> Iterator[None]:
    """Has a test fail that takes too long, where Python can interrupt it: in the main thread, and not on Windows."""
    faults = _faults_of(item)
    if faults is None or sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    except TookTooLong:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faults.hangs += 1
        if faults.hangs >= MOST_HANGS:
            faults.unusable = f"{MOST_HANGS} tests took too long"
        raise pytest.fail.Exception(
            f"this took longer than {seconds:g} seconds: the driver waits or goes on for ever", pytrace=False
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
