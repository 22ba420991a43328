"""Runs the columns that `make compat` is asked for, one after the other, and keeps their results."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from tests.compat.columns import Column
from tests.compat.operations_page import RESULTS
from tests.compat.results import FOLDER, path_of, read

ROOT: Final = Path(__file__).parents[2]
OPERATIONS: Final = Column("s3-operations", "S3's operations", "tests/s3_operations")
"""What is run for docs/s3-operations.md. It is no run of the contract suite."""

_RAN: Final = (0, 1)
"""pytest's exit codes after a whole run: all passed, or some failed."""


class Outcome(Enum):
    """How the run of a column ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "could not be run; its results are those of before"


def _pytest(suite: str, workers: str, *options: str) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, suite, *options]
    # A server that is not there is no result.
    environment = {**os.environ, "BUCKETRY_REQUIRE_SERVERS": "1"}
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode


def run(column: Column, workers: str, folder: Path = FOLDER) -> Outcome:
    """Runs the whole suite of a column, and keeps the results if the store could be opened."""
    with TemporaryDirectory() as temporary:
        report = Path(temporary, "report.json")
        code = _pytest(column.suite, workers, "--contract-whole", f"--contract-report={report}")
        if code not in _RAN or not _is_whole(report):
            return Outcome.NOT_RUN
        path_of(column.name, folder).write_bytes(report.read_bytes())
    return Outcome.FAILED if code else Outcome.PASSED


def _is_whole(report: Path) -> bool:
    try:
        result = read(report)
    except (ValueError, msgspec.DecodeError):
        return False
    return result is not None and result.counts.get("passed", 0) > 0


def run_operations(workers: str) -> Outcome:
    """Asks the servers for each operation of S3, and keeps what they did."""
    code = _pytest(OPERATIONS.suite, workers, f"--operations-report={RESULTS}")
    return Outcome.FAILED if code else Outcome.PASSED


def run_all(columns: Sequence[Column], workers: str) -> dict[str, Outcome]:
    """Runs each column, and says how each ended by its name."""
    return {
        column.name: run_operations(workers) if column is OPERATIONS else run(column, workers) for column in columns
    }
