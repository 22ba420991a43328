"""Results as a table for the terminal, as Markdown for the docs, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.case import Case, Target, Unit
from benchmarks.kept import Row
from benchmarks.machine import Machine
from benchmarks.row_process import Outcome
from benchmarks.run_case import Missing, Result, Side

_SHORT_COLUMNS = ("what", "compared with", "result", "target", "met")
_PAGE_COLUMNS = ("what", "bucketry", "compared with", "ratio", "spread", "bare limit", "target", "met", "measured")
_TABLE_COLUMNS = ("row", "bucketry", "compared with", "", "ratio", "spread", "bare limit", "target", "met")

HOW_TO_READ = (
    "Figures are medians of rounds that take turns. A ratio says how many times better bucketry is than what it is "
    "compared with, taken within each round; below 1 it is worse. The spread is the smallest and the largest of them."
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run: its machine, and the outcome of each row in the order of ``cases``."""

    machine: Machine
    quick: bool
    outcomes: tuple[Outcome, ...]


def is_met(case: Case, result: Result) -> bool:
    """Returns whether a row reaches its target. A row without a target does."""
    return case.target is None or _reached(case.target, result) >= case.target.at_least


def _reached(target: Target, result: Result) -> float:
    return result.ours.figure if target.of_figure else result.ratio


def short_row(case: Case, result: Result) -> tuple[str, ...]:
    """Returns a row's cells, in the order of the short table's columns."""
    of_figure = case.target is not None and case.target.of_figure
    reached = figure(result.ours.figure, case.unit) if of_figure else f"{_number(result.ratio)}×"
    return (case.title, result.theirs.name, reached, *_verdict(case, result))


def page_row(case: Case, result: Result) -> tuple[str, ...]:
    """Returns a row's cells, in the order of the page's columns."""
    return (
        case.title,
        figure(result.ours.figure, case.unit),
        _side(result.theirs, case.unit),
        *_ratio(result),
        _side(result.bare, case.unit),
        *_verdict(case, result),
    )


def table_row(case: Case, result: Result) -> tuple[str, ...]:
    """Returns a row's cells, in the order of the terminal table's columns."""
    return (
        case.name,
        figure(result.ours.figure, case.unit),
        figure(result.theirs.figure, case.unit),
        result.theirs.name,
        *_ratio(result),
        figure(result.bare.figure, case.unit),
        *_verdict(case, result),
    )


def _ratio(result: Result) -> tuple[str, str]:
    spread = f"{_number(min(result.ratios))} – {_number(max(result.ratios))}"
    return _number(result.ratio), spread if len(result.ratios) > 1 else "one round"


def _verdict(case: Case, result: Result) -> tuple[str, str]:
    if case.target is None:
        return "–", "–"
    return case.target.text, "yes" if is_met(case, result) else "NO"


def figure(value: float, unit: Unit) -> str:
    """Returns a figure with its unit, in three significant digits."""
    return f"{_number(value)} {unit.symbol}"


def _side(side: Side, unit: Unit) -> str:
    return f"{figure(side.figure, unit)} ({side.name})"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def summary(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> list[str]:
    """Returns sentences about rows that missed their target or were not measured."""
    lines = []
    for case, outcome in zip(cases, outcomes, strict=True):
        if isinstance(outcome, Missing):
            lines.append(f"{'FAILED' if outcome.broken else 'not measured'}: {case.name}: {outcome.reason}")
        elif case.target and not is_met(case, outcome):
            reached = f"{_number(_reached(case.target, outcome))} of at least {_number(case.target.at_least)}"
            lines.append(f"target missed: {case.name}: {case.target.text}: {reached}")
    with_target = sum(case.target is not None for case in cases)
    met = sum(
        case.target is not None and isinstance(outcome, Result) and is_met(case, outcome)
        for case, outcome in zip(cases, outcomes, strict=True)
    )
    return [*lines, f"{met} of {with_target} targets met"]


def table(cases: Sequence[Case], report: Report) -> str:
    """Returns the measured rows as a table for a terminal."""
    rows = [table_row(*pair) for pair in _measured(cases, report)]
    widths = [max(map(len, column)) for column in zip(_TABLE_COLUMNS, *rows, strict=True)]
    lines = (_TABLE_COLUMNS, tuple("-" * width for width in widths), *rows)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in lines
    )


def write_json(report: Report, path: Path) -> None:
    """Writes every round of every row as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def write_markdown(cases: Sequence[Case], rows: Mapping[str, Row], path: Path) -> None:
    """Writes the page: a short table, all figures, and the notes.

    Args:
        cases: All rows, in their order.
        rows: The last result of each that was ever measured.
        path: Where to.
    """
    outcomes = [rows[case.name].result if case.name in rows else _never(case) for case in cases]
    measured = [(case, rows[case.name]) for case in cases if case.name in rows]
    with_target = [(case, row.result) for case, row in measured if case.target is not None]
    lines = [
        "# Benchmarks",
        "",
        "How many times better bucketry is than what a user would pick instead; below 1× it is worse.",
        "",
        *_markdown_table(_SHORT_COLUMNS, [short_row(*pair) for pair in with_target]),
        "",
        *(f"- {line}" for line in summary(cases, outcomes)),
        "",
        "## All figures",
        "",
        *(f"- {_where(machine)}" for machine in _machines(measured)),
        "",
        HOW_TO_READ + " One machine on some days: ratios, not promises.",
        "",
        *_markdown_table(_PAGE_COLUMNS, [(*page_row(case, row.result), _day(row.machine)) for case, row in measured]),
        "",
        "## Notes",
        "",
        *(f"- **{case.title}** ({case.name}): {case.note}" for case in cases if case.note),
        "",
        'This page is written by `make bench ARGS="--markdown docs/benchmarks.md"`; do not edit it.',
        "Rows that a run does not measure stay as they were.",
    ]
    path.write_text("\n".join(lines) + "\n")


def _never(case: Case) -> Missing:
    return Missing(case.name, "never measured here", broken=False)


def _machines(measured: Sequence[tuple[Case, Row]]) -> list[Machine]:
    """Returns the machine of each run, the latest first."""
    runs = {row.machine.date: row.machine for _, row in measured}
    return [runs[date] for date in sorted(runs, reverse=True)]


def _where(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    load = "" if machine.load is None else f", load average {machine.load} when it began"
    return (
        f"{_day(machine)}: {machine.python} on {machine.cores} cores of {machine.cpu} ({machine.system}){load}. "
        f"Compared with and built upon: {versions}."
    )


def _day(machine: Machine) -> str:
    return f"{machine.date:%Y-%m-%d %H:%M}"


def _markdown_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    rule = ("---",) * len(columns)
    return [f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows)]


def _measured(cases: Sequence[Case], report: Report) -> list[tuple[Case, Result]]:
    pairs = zip(cases, report.outcomes, strict=True)
    return [(case, outcome) for case, outcome in pairs if isinstance(outcome, Result)]
