"""The tables of docs/rest-api.md say what the OpenAPI document says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bucketry_http.rest.problems import codes_of, documented_statuses

from tests.http.documented import operations

GUIDE = Path(__file__).parents[2] / "docs" / "rest-api.md"
PREFIX = "/api/v1/storage"


def rows(first_column: str) -> Iterator[tuple[str, str]]:
    """Yield the cells of the table whose head begins with this column."""
    lines = iter(GUIDE.read_text().splitlines())
    next(line for line in lines if line.startswith(f"| {first_column} |"))
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        first, second = line.strip("| ").split(" | ", 1)
        yield first, second


def requests_in(cell: str) -> Iterator[tuple[str, str]]:
    """Yield the methods and paths in a cell such as `GET`, `HEAD /a`, or `GET /a`, `/b`."""
    methods: list[str] = []
    for quoted in re.findall(r"`([^`{][^`]*)`", cell):
        method, _, path = quoted.partition(" ") if not quoted.startswith("/") else ("", "", quoted)
        if method:
            methods.append(method)
        if path:
            prefix = "" if "no prefix" in cell else PREFIX
            yield from ((each, prefix + path) for each in methods)


def statuses_in(cell: str) -> set[int]:
    return {int(number) for number in re.findall(r"\b[2-5]\d\d\b", cell)}


def test_the_guide_lists_every_operation_with_its_successes() -> None:
    said = {request: statuses_in(answer) for cell, answer in rows("request") for request in requests_in(cell)}
    documented = {(each.method, each.path): each.statuses for each in operations()}
    assert said.keys() == documented.keys()
    for request, statuses in said.items():
        assert statuses <= documented[request], request
        assert {status for status in statuses if status < 400} == {
            status for status in documented[request] if status < 400
        }, request


def test_the_guide_lists_every_problem_with_its_codes() -> None:
    table = {cell: set(re.findall(r"`([a-z_]+)`", codes)) for cell, codes in rows("status")}
    assert sorted(status for cell in table for status in statuses_in(cell)) == documented_statuses()
    for cell, codes in table.items():
        assert codes == {code for status in statuses_in(cell) for code in codes_of(status)}, cell
