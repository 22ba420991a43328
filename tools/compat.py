"""Puts the contract suite's reports of several drivers side by side: ``compat.py REPORT.json… > docs/compat.md``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import shorten
from typing import Final

import msgspec

_SHOWN: Final = 40
"""Longest part of a key that is shown, in characters."""

_HEAD: Final = """\
# What each driver can do

Written by `make compat` from runs of the contract suite, each on a real server; do not edit. **yes**: declared, and all
its tests passed. **no**: not declared, and refused with `Unsupported` in the same tests. –: not in that run.
"""

_TAIL: Final = """\
Checksums that nobody asked for:

- S3 keeps a CRC-64/NVME of each object whose writer sent no checksum. The memory driver keeps none. To compute it makes
  a put of 256 MiB 6 to 8 % slower (398 and 422 ms of CPU time, medians of 12 puts in turns), and one of 1 KiB takes 14
  instead of 5 µs. A writer who wants it asks for it: `checksum_algorithm="CRC64NVME"`.
"""


class Tally(msgspec.Struct):
    """How the tests went that need one operation or feature."""

    declared: bool
    passed: int
    refused: int
    failed: int


class Report(msgspec.Struct):
    """One driver's run."""

    driver: str
    version: str
    suite: str
    counts: dict[str, int]
    operations: dict[str, Tally]
    features: dict[str, Tally]
    limits: dict[str, object]
    refused_keys: list[str]
    not_tried: list[object]


class Reports(msgspec.Struct):
    """What ``--contract-report`` writes."""

    drivers: list[Report]


def _cell(tally: Tally | None) -> str:
    if tally is None or not (tally.passed or tally.refused or tally.failed):
        return "–"
    if tally.failed:
        return f"**{tally.failed} failed**"
    return "yes" if tally.declared else "no"


def _row(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _table(title: str, reports: list[Report], names: Iterable[str], cell: Callable[[Report, str], str]) -> list[str]:
    titles = _row(title, (f"{report.driver} ({report.suite})" for report in reports))
    rows = [_row(f"`{name}`", (cell(report, name) for report in reports)) for name in names]
    return ["", titles, _row("---", ("---" for _ in reports)), *rows]


def render(reports: list[Report]) -> str:
    """Returns the matrix in Markdown."""
    first = reports[0]
    runs = [
        f"- **{report.driver}** {report.version} ({report.suite}): "
        + ", ".join(f"{count} {what}" for what, count in report.counts.items() if count or what != "expected")
        for report in reports
    ]
    lines = [_HEAD, *runs]
    lines += _table("operation", reports, first.operations, lambda report, name: _cell(report.operations.get(name)))
    lines += _table("feature", reports, first.features, lambda report, name: _cell(report.features.get(name)))
    lines += _table("limit", reports, first.limits, lambda report, name: str(report.limits.get(name, "–")))
    lines += ["", "Keys that a backend cannot hold, and refuses with `InvalidKey`:", ""]
    for report in reports:
        keys = ", ".join(f"`{shorten(key, _SHOWN, placeholder='…')}`" for key in report.refused_keys)
        lines.append(f"- **{report.driver}** ({report.suite}): {keys or 'none'}")
    return "\n".join([*lines, "", _TAIL])


def main(paths: list[str]) -> None:
    """Reads the reports and prints the matrix."""
    reports = [
        report for path in paths for report in msgspec.json.decode(Path(path).read_bytes(), type=Reports).drivers
    ]
    sys.stdout.write(render(reports))


if __name__ == "__main__":
    main(sys.argv[1:])
