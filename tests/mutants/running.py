"""Runs tests on mutants, each in a child of the process that collected the tests. So nothing is imported twice.

A mutant is planted by a change of the function's code, so that everybody who imported the function gets the mutant.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest

from tests.mutants.making import Mutant

MOST_MEMORY = 3 * 1024**3
"""Bytes of memory that a child may use: some mutants would use all of it."""

Report = Callable[[dict[str, Any]], None]


class Outcome(NamedTuple):
    """The outcome of a mutant.

    Attributes:
        verdict: ``killed``, ``survived`` or ``hung``.
        test: The test that failed, or an empty string.
        seconds: How long it took.
    """

    verdict: str
    test: str
    seconds: float


class Unharmed(NamedTuple):
    """A run of the tests on the unchanged package.

    Attributes:
        failed: The test that failed, or an empty string.
        seconds: How long each test takes, by its id.
        calls: The functions of the package that each test calls.
    """

    failed: str
    seconds: dict[str, float]
    calls: dict[str, list[str]]


class Child:
    """A child process that runs a function and reports its result."""

    def __init__(self, act: Callable[[Report], None]) -> None:
        self._began = time.monotonic()
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._reading)
            _be_a_child(act, writing)
        os.close(writing)
        self._told = b""
        self._teller = threading.Thread(target=self._read, daemon=True)
        self._teller.start()

    def result(self, patience: float) -> tuple[dict[str, Any] | None, float] | None:
        """Returns its report and the seconds that it took, or ``None`` while it runs.

        Args:
            patience: Seconds after which it is killed. Then the report is ``None``.
        """
        seconds = time.monotonic() - self._began
        if not os.waitpid(self._pid, os.WNOHANG)[0]:
            if seconds < patience:
                return None
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            return None, seconds
        self._teller.join()
        return json.loads(self._told or b'{"failed": "the process ended"}'), seconds

    def _read(self) -> None:
        with os.fdopen(self._reading, "rb") as told:
            self._told = told.read()


def run_unharmed(items: Sequence[pytest.Item], package: Path) -> Unharmed:
    """Runs all tests on the unchanged package, and notes the functions that each test calls."""
    child = Child(lambda report: report(_watched(items, package)))
    while (result := child.result(patience=600)) is None:
        time.sleep(0.1)
    return Unharmed(**(result[0] or {"failed": "the tests hang", "seconds": {}, "calls": {}}))


def run_mutants(
    mutants: Sequence[Mutant], choose: Callable[[Mutant], Sequence[pytest.Item]], patience: float, jobs: int
) -> Iterator[tuple[Mutant, Outcome]]:
    """Runs the chosen tests on each mutant, several mutants at once, and yields the outcomes."""
    waiting, running = iter(mutants), list[tuple[Mutant, Child]]()
    while True:
        for mutant in islice(waiting, jobs - len(running)):
            running.append((mutant, Child(_trial(mutant, choose(mutant)))))
        if not running:
            return
        for mutant, child in running.copy():
            result = child.result(patience)
            if result is not None:
                running.remove((mutant, child))
                told, seconds = result
                verdict = "hung" if told is None else "killed" if told["failed"] else "survived"
                yield mutant, Outcome(verdict, told["failed"] if told else "", seconds)
        time.sleep(0.01)


def _trial(mutant: Mutant, items: Sequence[pytest.Item]) -> Callable[[Report], None]:
    def act(report: Report) -> None:
        try:
            plant(mutant)
        except Exception as error:  # noqa: BLE001 - a mutant that cannot even be imported is seen
            report({"failed": f"import: {type(error).__name__}"})
            return
        report({"failed": _first_failure(items)})

    return act


def plant(mutant: Mutant) -> None:
    """Replaces the code of the mutant's function."""
    module = ModuleType(mutant.module)
    module.__package__ = mutant.module.rpartition(".")[0]
    exec(compile(mutant.source, f"<mutant of {mutant.module}>", "exec"), vars(module))  # noqa: S102 - our own source
    old, new = (_function(where, mutant.function) for where in (sys.modules[mutant.module], module))
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def _function(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for step in name.split("."):
        found = vars(found)[step] if isinstance(found, type) else getattr(found, step)
        if isinstance(found, FunctionType):
            return found  # What is defined within is part of its code.
        found = getattr(found, "__wrapped__", None) or getattr(found, "fget", None) or found
        if isinstance(found, FunctionType):
            return found
    raise LookupError(name)


def _first_failure(items: Sequence[pytest.Item]) -> str:
    for item, next_item in pairwise([*items, None]):
        assert item is not None
        for report in _run(item, next_item):
            if report.failed:
                return item.nodeid.rpartition("::")[2]
    return ""


def _run(item: pytest.Item, next_item: pytest.Item | None) -> list[pytest.TestReport]:
    from _pytest.runner import runtestprotocol  # What pytest-rerunfailures and others use; pytest has no public name.

    return runtestprotocol(item, nextitem=next_item, log=False)


def _watched(items: Sequence[pytest.Item], package: Path) -> dict[str, Any]:
    failed, seconds, calls, prefix = "", {}, {}, f"{package}/"
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(prefix):
            called.add(f"{Path(code.co_filename).stem}.{code.co_qualname.partition('.<locals>')[0]}")

    for item, next_item in pairwise([*items, None]):
        assert item is not None
        called.clear()
        sys.setprofile(note)
        threading.setprofile(note)
        began = time.perf_counter()
        reports = _run(item, next_item)
        seconds[item.nodeid] = time.perf_counter() - began
        sys.setprofile(None)
        calls[item.nodeid] = sorted(called)
        if any(report.failed for report in reports):
            failed = failed or item.nodeid
    return {"failed": failed, "seconds": seconds, "calls": calls}


def _be_a_child(act: Callable[[Report], None], writing: int) -> None:
    """Never returns."""

    def report(told: dict[str, Any]) -> None:
        with os.fdopen(os.dup(writing), "wb") as stream:
            stream.write(json.dumps(told).encode())

    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        act(report)
    except BaseException as error:  # noqa: BLE001 - whatever a mutant makes of a process
        report({"failed": f"the process: {type(error).__name__}"})
    finally:
        os._exit(0)
