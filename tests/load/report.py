"""Writes what a load came to into the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.machine import describe_machine
from tests.load.run import Result

PAGE: Final = Path(__file__).parents[2] / "docs" / "load.md"
BEGIN: Final = "<!-- make load writes what stands below -->\n"
_MIB: Final = 1024**2
_COLUMNS: Final = (
    "over",
    "seconds",
    "responses",
    "a second",
    "wrong",
    "5xx",
    "busy",
    "median, 99th hundredth",
    "memory: 2nd, last quarter",
    "threads, files at most",
    "files after it",
)


def write_report(results: Sequence[Result]) -> None:
    """Replace the figures in ``docs/load.md``."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text.partition(BEGIN)[0] + BEGIN + report(results), encoding="utf-8")


def report(results: Sequence[Result]) -> str:
    """Return the figures as Markdown."""
    machine = describe_machine()
    where = f"{machine.date:%Y-%m-%d}, {machine.cores} cores ({machine.cpu}), {machine.system}, {machine.python}"
    rows = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|", *map(_row, results)]
    return "\n".join([f"\n{where}; load average {machine.load}.\n", *rows, ""])


def _row(result: Result) -> str:
    assert result.idle is not None
    busy = sum(result.busy.values())
    most_threads, most_files = (max(getattr(one, name) for one in result.samples) for name in ("threads", "files"))
    cells = (
        result.name,
        f"{result.seconds:.0f}",
        f"{result.requests:,}",
        f"{result.rate:,.0f}",
        f"{len(result.wrong)}",
        f"{result.server_errors}",
        f"{busy}",
        f"{result.latencies[50] * 1000:.0f} ms, {result.latencies[99] * 1000:.0f} ms",
        f"{result.memory(1) // _MIB} MiB, {result.memory(3) // _MIB} MiB",
        f"{most_threads}, {most_files}",
        f"{result.idle.files} (before: {result.samples[0].files})",
    )
    return f"| {' | '.join(cells)} |"
