"""The compat matrix of a driver: what it declares, what was tested, and the results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from platform import python_version
from typing import Any, Final

from bucketry import FEATURE_NAMES
from bucketry.hookspecs import OPERATIONS

from bucketry_contract._capabilities import CAPABILITIES

_TOPICS: Final = {
    "refused_keys": "Keys that the backend cannot hold, refused with `InvalidKey`",
    "not_looked_at": "Not looked at behind the driver's back",
    "not_tried": "Not tried, since the backend has no way to show it",
    "undeclared": "Seen without being declared, in one test at least",
    "expected_failures": "Known not to be kept",
}

_VERDICTS: Final = ("passed", "refused", "failed", "expected", "skipped")


class DriverResult:
    """The results of the suite on one driver, in one test class.

    Attributes:
        driver: The driver's description.
        suite: Name of the test class.
        layerings: How it ran: ``bare``, ``layered``.
        counts: Tests by outcome: ``passed``, ``refused`` (raised ``Unsupported``, as they must), ``failed``,
            ``expected`` (failed, and marked ``xfail``), ``skipped`` (not tried).
        failures: The tests that failed.
        remarks: Lines by topic: refused keys, what could not be looked at, what could not be tried, known faults.
    """

    def __init__(self, driver: dict[str, Any], suite: str) -> None:
        self.driver = driver
        self.suite = suite
        self.layerings: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.remarks: dict[str, set[str]] = {topic: set() for topic in _TOPICS}
        self._by_capability: dict[str, Counter[str]] = {name: Counter() for name in CAPABILITIES}

    def add(self, nodeid: str, notes: dict[str, Any], outcome: str) -> None:
        """Counts one test."""
        verdict = "refused" if outcome == "passed" and notes["missing"] else outcome
        self.counts[verdict] += 1
        self.layerings.add(notes["layering"])
        if outcome == "failed":
            self.failures.append(nodeid)
        for name in notes["needs"]:
            self._by_capability[name][verdict] += 1
        for topic, lines in self.remarks.items():
            lines.update(notes.get(topic, ()))

    def capabilities(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Returns, for each of these operations or features, whether it is declared and how its tests ended."""
        return {
            name: {
                "declared": name in self.driver["declares"],
                **{verdict: self._by_capability[name][verdict] for verdict in _VERDICTS if verdict != "skipped"},
            }
            for name in names
        }

    def as_dict(self) -> dict[str, Any]:
        """Returns all of it as plain values."""
        return {
            "driver": self.driver["name"],
            "version": self.driver["version"],
            "server": self.driver.get("server", ""),
            "python": python_version(),
            "date": datetime.now(UTC).date().isoformat(),
            "contract_version": self.driver.get("contract_version"),
            "suite": self.suite,
            "layerings": sorted(self.layerings),
            "counts": {verdict: self.counts[verdict] for verdict in _VERDICTS},
            "operations": self.capabilities(OPERATIONS),
            "features": self.capabilities(FEATURE_NAMES),
            "limits": self.driver.get("limits", {}),
            "failures": self.failures,
            **{topic: sorted(lines) for topic, lines in self.remarks.items()},
        }


def as_json(results: Sequence[DriverResult]) -> str:
    """Returns the matrix for programs, with a line for each operation and feature."""
    drivers = ",\n".join(_as_object(result.as_dict()) for result in results)
    return f'{{"drivers": [\n{drivers}\n]}}\n'


def _as_object(values: dict[str, Any], margin: str = "  ") -> str:
    members = (f"{margin}  {json.dumps(name)}: {_as_member(value, margin)}" for name, value in values.items())
    return f"{margin}{{\n" + ",\n".join(members) + f"\n{margin}}}"


def _as_member(value: Any, margin: str) -> str:
    if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
        return _as_object(value, margin + "  ").lstrip()
    return json.dumps(value)


def as_markdown(results: Sequence[DriverResult]) -> str:
    """Returns the matrix for people."""
    return "\n".join(line for result in results for line in (*_section(result), ""))


def _section(result: DriverResult) -> Iterator[str]:
    counts = result.counts
    expected = f"{counts['expected']} more as expected, " if counts["expected"] else ""
    server = f" on {result.driver['server']}" if result.driver.get("server") else ""
    yield f"# {result.driver['name']} {result.driver['version']}".rstrip() + server
    yield ""
    yield (
        f"{counts['passed']} tests passed, {counts['refused']} were refused as they had to be, "
        f"{counts['failed']} failed, {expected}{counts['skipped']} were not tried "
        f"({' and '.join(sorted(result.layerings))})."
    )
    for title, names in (("Operation", OPERATIONS), ("Feature", FEATURE_NAMES)):
        yield from ("", f"| {title} | declared | passed | refused | failed |", "|---|---|---|---|---|")
        for name, row in result.capabilities(names).items():
            said = "yes" if row["declared"] else "no"
            yield f"| `{name}` | {said} | {row['passed']} | {row['refused']} | {row['failed']} |"
    yield from ("", "| Limit | |", "|---|---|")
    yield from (f"| `{name}` | {value} |" for name, value in result.driver.get("limits", {}).items())
    yield from _remarks(result)


def _remarks(result: DriverResult) -> Iterator[str]:
    for topic, title in _TOPICS.items():
        if lines := result.remarks[topic]:
            yield from ("", f"{title}:", "", *(f"- `{line}`" for line in sorted(lines)))
    if result.failures:
        yield from ("", "Failed:", "", *(f"- `{nodeid}`" for nodeid in result.failures))
