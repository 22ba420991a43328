"""The whole run's summary."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the runs of the contract suite that tests started elsewhere; those of this run its plugin names itself."""
    lines = {
        f"contract suite: {value}"
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "contract suite"
    }
    if lines:
        terminalreporter.section("contract suite, run in environments of their own")
    for line in sorted(lines):
        terminalreporter.write_line(line)
