"""Counts the suite's results of each driver; prints a line each, and writes the compat matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import pytest

from bucketry_contract._compat_matrix import DriverResult, as_json, as_markdown
from bucketry_contract._report_notes import PROPERTY, add_note

_LAYERINGS: Final = ("bare", "layered")
_UNKNOWN: Final[dict[str, Any]] = {"name": "?", "version": "", "declares": []}


class Reporter:
    """Takes every test's report as it comes in, from this process or a worker, and sums up at the end."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._tests: dict[str, tuple[dict[str, Any], str]] = {}
        self._reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps a test's notes and its worst outcome of set-up, call and tear-down."""
        found = next((value for name, value in report.user_properties if name == PROPERTY), None)
        if found is None:
            return
        notes = cast("dict[str, Any]", found)
        _, before = self._tests.get(report.nodeid, (None, "passed"))
        outcome = _outcome_of(report) if before == "passed" else before
        if outcome == "expected" and before == "passed":
            self._reasons[report.nodeid] = f"{_test_name(report.nodeid)}: {_reason(report)}"
        if reason := self._reasons.get(report.nodeid):
            # Each report from another process has notes of its own.
            add_note(notes, "expected_failures", reason)
        self._tests[report.nodeid] = notes, "failed" if report.failed else outcome

    def results(self) -> list[DriverResult]:
        """Returns what came out, for each driver and test class."""
        found: dict[tuple[str, str], DriverResult] = {}
        # A test that is not run has not seen its driver; others of its class have.
        drivers = {
            _class_of(nodeid): notes["driver"] for nodeid, (notes, _) in self._tests.items() if "driver" in notes
        }
        for nodeid, (notes, outcome) in sorted(self._tests.items()):
            driver = notes.get("driver") or drivers.get(_class_of(nodeid)) or _UNKNOWN
            which = (driver["name"], notes["suite"])
            found.setdefault(which, DriverResult(driver, notes["suite"])).add(nodeid, notes, outcome)
        return list(found.values())

    def pytest_sessionfinish(self) -> None:
        """Writes the compat matrix, as JSON and as Markdown."""
        results = self.results()
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.with_suffix(".json").write_text(as_json(results))
            self._path.with_suffix(".md").write_text(as_markdown(results))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints one line for each driver, and one for what was not tried or not seen."""
        results = self.results()
        if not results:
            return
        terminalreporter.section("contract suite")
        for result in results:
            terminalreporter.write_line(_line(result), red=bool(result.failures), green=not result.failures)
            for topic in ("not_looked_at", "not_tried", "refused_keys"):
                if lines := result.remarks[topic]:
                    terminalreporter.write_line(f"  {topic.replace('_', ' ')}: {', '.join(sorted(lines))}")


def _class_of(nodeid: str) -> str:
    return nodeid.partition("[")[0].rpartition("::")[0]


def _test_name(nodeid: str) -> str:
    return nodeid.partition("[")[0].rpartition("::")[2]


def _reason(report: pytest.TestReport) -> str:
    return str(report.wasxfail).removeprefix("reason: ").removeprefix("[NOTRUN] ")


def _outcome_of(report: pytest.TestReport) -> str:
    return "expected" if report.skipped and hasattr(report, "wasxfail") else report.outcome


def _line(result: DriverResult) -> str:
    modes = " and ".join(mode for mode in _LAYERINGS if mode in result.layerings)
    refused = (
        f", {result.counts['refused']} of these as refusals of what is not declared" if result.counts["refused"] else ""
    )
    expected = f", {result.counts['expected']} failed as expected" if result.counts["expected"] else ""
    not_tried = f", {result.counts['skipped']} not tried" if result.counts["skipped"] else ""
    passed = result.counts["passed"] + result.counts["refused"]
    return (
        f"contract suite: {result.driver['name']} ({result.suite}): {passed} passed, {result.counts['failed']} failed"
        f"{expected}{not_tried} ({modes}){refused}"
    )
