"""Times what takes microseconds.

What is measured in process is measured in processor time, of all threads of this process: what else the machine is busy
with then does not count, and on a quiet machine it is the time that passes, where nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import repeat
from time import perf_counter, process_time

from benchmarks.case import Scale

_CALLS = 200
"""Calls that are made in a row, so that the loop around them does not count."""


def timed(scale: Scale, block: Callable[[], object], operations: int = 1) -> Callable[[], float]:
    """Makes a measure of a block of operations.

    Args:
        scale: How long a round is.
        block: What is run, over and over. It is run a few times at once, to warm up and to learn how long it takes.
        operations: How many operations it does.

    Returns:
        What measures one round, in microseconds an operation.
    """
    block()
    times = 1
    while (seconds := _seconds(block, times)) < scale.seconds / 4:
        times *= 2
    times = max(1, round(times * scale.seconds / seconds))
    return lambda: _seconds(block, times) / (times * operations) * 1e6


def timed_waiting(scale: Scale, block: Callable[[], object]) -> Callable[[], float]:
    """Makes a measure of a block that waits for others most of the time.

    Args:
        scale: How long a round is, by the clock.
        block: What is run, over and over.

    Returns:
        What measures one round, in microseconds of this process's processor time for each run of the block.
    """
    block()

    def measure() -> float:
        times, until, begun = 0, perf_counter() + scale.seconds, process_time()
        while times == 0 or perf_counter() < until:
            block()
            times += 1
        return (process_time() - begun) / times * 1e6

    return measure


def timed_call(scale: Scale, function: Callable[..., object], *arguments: object) -> Callable[[], float]:
    """Makes a measure of one call, in microseconds; for calls so short that a loop around each would show."""
    return timed(scale, partial(_call, function, arguments), _CALLS)


def timed_each(scale: Scale, function: Callable[[str], object], keys: Iterable[str]) -> Callable[[], float]:
    """Makes a measure of a function of one key, which is called with each in turn; in microseconds a call."""
    all_keys = tuple(keys)

    def block() -> None:
        for key in all_keys:
            function(key)

    return timed(scale, block, len(all_keys))


def _call(function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    for _ in repeat(None, _CALLS):
        function(*arguments)


def _seconds(block: Callable[[], object], times: int) -> float:
    begun = process_time()
    for _ in repeat(None, times):
        block()
    return process_time() - begun
