"""Measures one row in a process of its own: ``python -m benchmarks.row_process CASE``.

So a row does not slow the others by what it leaves in memory or patches in a library. The result is JSON on stdout.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TypeAlias

import msgspec

from benchmarks.case import FULL, QUICK, Case, NotAvailable
from benchmarks.cases import CASES
from benchmarks.run_case import Missing, Result, run_case

_UNAVAILABLE = 3

Outcome: TypeAlias = Result | Missing


def measure(case: Case, *, quick: bool, rounds: int) -> Outcome:
    """Measures a row in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.row_process", case.name, "--rounds", str(rounds)]
    done = subprocess.run(
        [*command, "--quick"] if quick else command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
    )
    if done.returncode == _UNAVAILABLE:
        return Missing(case.name, done.stdout.decode().strip(), broken=False)
    if done.returncode:
        return Missing(case.name, f"failed with status {done.returncode}", broken=True)
    return msgspec.json.decode(done.stdout, type=Result)


def main() -> int:
    """Measures the row that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.row_process")
    parser.add_argument("case", choices=[case.name for case in CASES], metavar="CASE")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    case = next(case for case in CASES if case.name == asked.case)
    try:
        result = run_case(case, QUICK if asked.quick else FULL, asked.rounds)
    except NotAvailable as error:
        print(error)
        return _UNAVAILABLE
    sys.stdout.buffer.write(msgspec.json.encode(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
