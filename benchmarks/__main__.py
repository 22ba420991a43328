"""The command line: ``python -m benchmarks [-k WORD] [--quick] [--rounds N] [--json FILE] [--markdown FILE]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.case import Case
from benchmarks.cases import CASES
from benchmarks.kept import Row, read_rows, write_rows
from benchmarks.machine import describe_machine
from benchmarks.report import HOW_TO_READ, Report, summary, table, write_json, write_markdown
from benchmarks.row_process import Outcome, measure
from benchmarks.run_case import Missing, Result

_ROUNDS = 7
_QUICK_ROUNDS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and writes.

    Returns:
        0, whatever the figures are; 1 where a row could not be measured because it is broken; 2 where none is selected,
        or the page would get figures of a smoke run.
    """
    asked = _parser().parse_args(arguments)
    if asked.quick and asked.markdown:
        print("a smoke run (--quick) is too short for figures on the page (--markdown)", file=sys.stderr)
        return 2
    cases = select(CASES, asked.words)
    if not cases:
        print("no row matches; --list names them all", file=sys.stderr)
        return 2
    if asked.list:
        print(*(f"{case.name:36} {case.title}" for case in cases), sep="\n")
        return 0
    machine = describe_machine()
    rounds = asked.rounds or (_QUICK_ROUNDS if asked.quick else _ROUNDS)
    report = Report(
        machine=machine,
        quick=asked.quick,
        outcomes=tuple(_announced(case, quick=asked.quick, rounds=rounds) for case in cases),
    )
    print(f"\n{table(cases, report)}\n\n{HOW_TO_READ}\n", *summary(cases, report.outcomes), sep="\n")
    if asked.json:
        write_json(report, asked.json)
    if asked.markdown:
        beside = asked.markdown.with_suffix(".json")
        rows = {**read_rows(beside), **_rows_of(report)}
        write_rows({case.name: rows[case.name] for case in CASES if case.name in rows}, beside)
        write_markdown(CASES, rows, asked.markdown)
    return int(any(isinstance(outcome, Missing) and outcome.broken for outcome in report.outcomes))


def _rows_of(report: Report) -> dict[str, Row]:
    measured = [outcome for outcome in report.outcomes if isinstance(outcome, Result)]
    return {result.case: Row(machine=report.machine, result=result) for result in measured}


def select(cases: Sequence[Case], words: Sequence[str]) -> list[Case]:
    """Returns the rows whose name or title has one of these words in it; all, where there are no words."""
    if not words:
        return list(cases)
    return [case for case in cases if any(word.lower() in f"{case.name} {case.title}".lower() for word in words)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures bucketry side by side.")
    parser.add_argument("-k", dest="words", action="append", default=[], metavar="WORD", help="only rows with WORD")
    parser.add_argument("--list", action="store_true", help="name the rows and measure none")
    parser.add_argument("--rounds", type=_positive, help=f"rounds of each row ({_ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it runs, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="bring the page FILE up to date")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _announced(case: Case, *, quick: bool, rounds: int) -> Outcome:
    begun = perf_counter()
    print(f"{case.name} …", end=" ", file=sys.stderr, flush=True)
    outcome = measure(case, quick=quick, rounds=rounds)
    print(f"{perf_counter() - begun:.1f} s", file=sys.stderr)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
