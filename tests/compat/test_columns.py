"""Every class of the contract suite is a column of docs/compat.md, and each driver is run through AsyncStore too."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from bucketry_contract import ContractSuite
from bucketry_contract._contract_tests import ContractTests

from tests.compat.columns import ASYNC, COLUMNS, NO_COLUMNS
from tests.compat.operations_page import RESULTS
from tests.compat.results import FOLDER

ROOT = Path(__file__).parents[2]
WITHOUT_CLASS = {column.name for column in COLUMNS if not column.suite}


def classes() -> Iterator[tuple[str, type[ContractTests]]]:
    """Every class of the suite under tests/, by pytest's name of it."""
    for path in sorted(ROOT.glob("tests/*/test_contract*.py")):
        where = path.relative_to(ROOT)
        module = importlib.import_module(".".join(where.with_suffix("").parts))
        for name, member in vars(module).items():
            if name.startswith("Test") and isinstance(member, type) and issubclass(member, ContractTests):
                yield f"{where}::{name}", member


def test_every_class_is_a_column_or_known_to_be_none() -> None:
    suites = [column.suite for column in COLUMNS if column.suite]
    assert sorted([*suites, *NO_COLUMNS]) == sorted(suite for suite, _ in classes())


def test_a_column_runs_the_whole_suite_or_is_compared_with_one_that_does() -> None:
    whole = {suite for suite, kind in classes() if issubclass(kind, ContractSuite)}
    main = {column.name for column in COLUMNS if not column.like}
    for column in COLUMNS:
        assert column.like in main if column.like else column.suite in whole or not column.suite
        assert bool(column.like) is bool(column.way)


def test_each_driver_and_server_is_run_through_async_store() -> None:
    through = {column.like for column in COLUMNS if column.way == ASYNC}
    assert through == {column.name for column in COLUMNS if not column.like} - WITHOUT_CLASS


def test_names_are_unique_and_each_file_of_results_belongs_to_a_column() -> None:
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert {path.stem for path in FOLDER.glob("*.json")} <= {*names, RESULTS.stem}
