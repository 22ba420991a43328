"""Every sentence, operation and feature of the contract has tests."""

from __future__ import annotations

import inspect
import re

import pytest
from bucketry import FEATURE_NAMES
from bucketry.hookspecs import OPERATIONS, DriverSpec
from bucketry_contract.suite import ContractSuite

from tests.contract_self.raised import RAISES
from tests.contract_self.sentences import BEHAVIOUR

HOOKS = (*OPERATIONS, "classify_error")


def section(hook: str, title: str) -> str:
    """Returns one section of a hook's docstring."""
    parts = re.split(r"\n\n(\w+):\n", inspect.getdoc(getattr(DriverSpec, hook)) or "")
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(title, "")


def bullets(hook: str) -> list[str]:
    """Returns the Behaviour bullets of a hook, each in one line."""
    return [" ".join(bullet.split()) for bullet in re.split(r"(?m)^\s*- ", section(hook, "Behaviour"))[1:]]


def errors(hook: str) -> list[str]:
    """Returns the errors that a hook names."""
    return re.findall(r"(?m)^\s+([A-Z]\w+):", section(hook, "Raises"))


def needed_names() -> set[str]:
    """Returns everything that some test needs, parameters' marks included."""
    tests = [getattr(ContractSuite, name) for name in dir(ContractSuite) if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", [])]
    for mark in [mark for mark in marks if mark.name == "parametrize"]:
        marks += [inner for value in mark.args[1] for inner in getattr(value, "marks", ())]
    return {name for mark in marks if mark.name == "needs" for name in mark.args}


@pytest.mark.parametrize("hook", HOOKS)
def test_every_behaviour_bullet_has_its_tests(hook: str) -> None:
    covered = BEHAVIOUR.get(hook, {})
    assert [start for bullet in bullets(hook) for start in covered if bullet.startswith(start)] == list(covered)
    assert len(bullets(hook)) == len(covered)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_error_has_its_tests(hook: str) -> None:
    assert errors(hook) == list(RAISES.get(hook, {}))


def test_the_tests_that_are_named_exist() -> None:
    named = {
        test for table in (BEHAVIOUR, RAISES) for rows in table.values() for tests in rows.values() for test in tests
    }
    assert {name for name in named if not hasattr(ContractSuite, name)} == set()


@pytest.mark.parametrize("name", [*OPERATIONS, *FEATURE_NAMES])
def test_every_operation_and_feature_has_a_test_that_needs_it(name: str) -> None:
    assert name in needed_names()


def test_no_test_hides_another_of_its_name() -> None:
    names = [name for kind in ContractSuite.__mro__ for name in vars(kind) if name.startswith("test_")]
    assert sorted(set(names)) == sorted(names)
