"""The pages are what the results in docs/compat give, and say what failed, what differs and what was not run."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from bucketry import FEATURE_NAMES
from bucketry.hookspecs import OPERATIONS
from msgspec.structs import replace

from tests.compat import operations_page, page
from tests.compat.columns import Column
from tests.compat.results import Result, Tally

ACME = Column("acme", "Acme", "tests/acme/test_contract.py::TestAcme")
SAME = Column(
    "aio-acme", "Acme", "tests/aio/test_contract_on_drivers.py::TestAcme", like="acme", way="through `AsyncStore`"
)
LIMITS: Mapping[str, bool | int | str] = {
    "checksum_algorithms": "CRC32",
    "persistent": True,
    "encrypts_at_rest": False,
    "non_blocking": False,
    "min_part_size": 5 * 2**20,
    "max_part_size": 5 * 2**30,
    "max_parts": 10_000,
    "max_put_size": 5 * 2**30,
    "max_object_size": 5 * 2**40,
}


@pytest.fixture
def result() -> Result:
    """A run in which everything passed."""
    return Result(
        driver="s3",
        version="0.1.0",
        server="Acme 1.2",
        python="3.11.7",
        date="2026-11-27",
        counts={"passed": 2000, "refused": 300, "failed": 0, "expected": 0, "skipped": 7},
        operations={name: Tally(declared=True, passed=3) for name in OPERATIONS},
        features={name: Tally(declared=True, passed=2) for name in FEATURE_NAMES},
        limits=dict(LIMITS),
        failures=[],
        refused_keys=[],
        not_tried=[],
        undeclared=[],
        expected_failures=[],
    )


def _rows(text: str, name: str) -> list[list[str]]:
    """The cells of each row of this name."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    return [cells for _, *cells in (row for row in rows if row[0] == name)]


def test_the_pages_are_what_the_results_give() -> None:
    assert page.PATH.read_text() == page.page()
    assert operations_page.PATH.read_text() == operations_page.page()


def test_a_server_is_named_with_its_version_and_the_date(result: Result) -> None:
    text = page.render({"acme": result}, [ACME])
    assert _rows(text, "Acme by `s3`") == [["Acme 1.2", "2026-11-27", "2000", "300", "0", "0", "7"]]
    assert "- Has every operation and feature." in text
    assert re.search(r"All of the \d+ features and \d+ operations: Acme by `s3`\.", text)


@pytest.mark.parametrize(
    ("tally", "cell"),
    [
        (Tally(declared=True, passed=2), "✓"),
        (Tally(declared=True, passed=2, expected=1), "≈"),
        (Tally(declared=False, refused=2), "–"),
        (Tally(declared=True, passed=2, failed=1), "**1 failed**"),
        (Tally(declared=False, refused=2, failed=1), "**1 failed**"),
        (Tally(declared=True), ""),
    ],
)
def test_each_feature_has_a_cell(result: Result, tally: Tally, cell: str) -> None:
    text = page.render({"acme": replace(result, features={**result.features, "put_if_match": tally})}, [ACME])
    assert _rows(text, "`put_if_match`") == ([[cell]] if cell != "✓" else [])
    assert [name for name in FEATURE_NAMES if _rows(text, f"`{name}`")] == (["put_if_match"] if cell != "✓" else [])


def test_only_operations_that_some_lack_have_a_row(result: Result) -> None:
    lacking = replace(result, operations={**result.operations, "presign": Tally(declared=False, refused=2)})
    text = page.render({"acme": lacking}, [ACME])
    assert _rows(text, "`presign`") == [["–"]]
    assert _rows(text, "`put_object`") == []
    assert "- Lacks 1: `presign`." in text


def test_what_failed_is_named(result: Result) -> None:
    failed = replace(result, counts={**result.counts, "failed": 1}, failures=["a.py::TestAcme::test_x[bare]"])
    text = page.render({"acme": failed}, [ACME])
    assert _rows(text, "Acme by `s3`")[0][-2] == "**1**"
    assert "`a.py::TestAcme::test_x[bare]`" in text


def test_known_faults_are_told_with_their_reason(result: Result) -> None:
    known = replace(
        result,
        expected_failures=[
            "test_a_copy_has_no_lock: Acme copies the lock",
            "test_a_b: Acme drops if_match",
            "test_c: Acme drops if_match",
        ],
    )
    text = page.render({"acme": known}, [ACME])
    assert "  - Acme drops if_match. Not kept: *a b*, and 1 more\n  - Acme copies the lock. Not kept: *a copy" in text


def test_a_column_without_results_is_named(result: Result) -> None:
    assert "Not run yet: `aio-acme`." in page.render({"acme": result}, [ACME, SAME])


def test_what_is_reached_in_another_way_is_compared(result: Result) -> None:
    text = page.render({"acme": result, "aio-acme": result}, [ACME, SAME])
    assert _rows(text, "Acme by `s3`, through `AsyncStore`")[0][0] == "yes"
    other = replace(result, features={**result.features, "put_if_match": Tally(declared=True, failed=2)})
    text = page.render({"acme": result, "aio-acme": other}, [ACME, SAME])
    assert _rows(text, "Acme by `s3`, through `AsyncStore`")[0][0] == "`put_if_match` **2 failed**, not ✓"


def test_a_part_of_the_suite_is_compared_in_what_it_tests(result: Result) -> None:
    part = replace(result, features={name: Tally(declared=True) for name in FEATURE_NAMES})
    text = page.render({"acme": result, "aio-acme": part}, [ACME, SAME])
    assert _rows(text, "Acme by `s3`, through `AsyncStore`")[0][0] == "yes"
