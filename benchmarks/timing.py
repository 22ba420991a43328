"""Measures of operations that take microseconds.

They count the processor time of all threads of this process, so that other work of the machine does not disturb them.
On a quiet machine this is the time that passes, if nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import repeat
from time import perf_counter, process_time

from benchmarks.case import Scale

_CALLS = 200
"""Calls in a row, so that the loop around them hardly counts."""


def timed(scale: Scale, block: Callable[[], object], operations: int = 1) -> Callable[[], float]:
    """Makes a measure of a block of operations.

    Args:
        scale: How long a round is.
        block: The code to run, over and over. It runs a few times first, as a warm-up and to see how long it takes.
        operations: Number of operations in it.

    Returns:
        A function that measures one round, in microseconds for each operation.
    """
    block()
    times = 1
    while (seconds := _seconds(block, times)) < scale.seconds / 4:
        times *= 2
    times = max(1, round(times * scale.seconds / seconds))
    return lambda: _seconds(block, times) / (times * operations) * 1e6


def timed_waiting(scale: Scale, block: Callable[[], object]) -> Callable[[], float]:
    """Makes a measure of a block that waits most of the time.

    Args:
        scale: How long a round is, by the clock.
        block: The code to run, over and over.

    Returns:
        A function that measures one round, in microseconds of processor time for each run of the block.
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
    """Makes a measure of one call, in microseconds. It is for calls so short that a loop around them would count."""
    return timed(scale, partial(_call, function, arguments), _CALLS)


def timed_each(scale: Scale, function: Callable[[str], object], keys: Iterable[str]) -> Callable[[], float]:
    """Makes a measure of a function that is called with each key in turn, in microseconds a call."""
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
