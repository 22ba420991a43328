"""The suite fails every driver that is wrong on purpose, at the test of its mistake."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest
from bucketry.hookspecs import DriverSpec
from bucketry_contract import Backend
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract.suite.presigned_urls import PresignedUrlTests
from bucketry_contract.suite.writing import WritingTests

from tests.contract_self.backends import DriverBackend, ServedBackend
from tests.contract_self.cases import CASES, Case
from tests.contract_self.honest_memory import HonestMemory, MemoryBackend
from tests.contract_self.wrapping import WrapsErrors

pytest_plugins = ["pytester"]

for _module in sorted((Path(__file__).parent / "wrong").glob("*.py")):
    import_module(f"tests.contract_self.wrong.{_module.stem}")

RUN = """
from {subject_module} import {subject}
from {driver_module} import {driver}
from {backend_module} import {backend} as Base

class Backend(Base):
    driver = {driver}

class TestWrong({subject}):
    backend = Backend
"""

# No plugin but the suite's: a hundred of these runs load nothing that they do not use.
OPTIONS = ("-q", "-p", "bucketry_contract.plugin", "-p", "no:cacheprovider", "--tb=no")

# A property that fails is tried on and on, for the smallest example.
PROPERTIES = "test_any_"


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run_subject(pytester: pytest.Pytester, case: Case) -> tuple[set[str], set[str]]:
    """Runs the tests of a case's subject on its driver; returns the ids of those that passed and that failed."""
    backend = _backend_of(case)
    names = {"subject": case.subject.__name__, "driver": case.driver.__name__, "backend": backend.__name__}
    modules = {
        "subject_module": case.subject.__module__,
        "driver_module": case.driver.__module__,
        "backend_module": backend.__module__,
    }
    pytester.makepyfile(RUN.format(**names, **modules))
    passed, _, failed = pytester.inline_run("-k", _selection(case.test), *OPTIONS).listoutcomes()
    return _ids(passed), _ids(failed)


def _backend_of(case: Case) -> type[Backend]:
    if issubclass(case.driver, HonestMemory):
        return MemoryBackend
    return ServedBackend if case.subject is PresignedUrlTests else DriverBackend


def _selection(test: str) -> str:
    return f"bare and {test}" if test.startswith(PROPERTIES) else f"bare and not {PROPERTIES}"


def _ids(reports: Sequence[pytest.TestReport | pytest.CollectReport]) -> set[str]:
    return {report.nodeid.rpartition("::")[2] for report in reports}


def _names(ids: set[str]) -> set[str]:
    return {name.partition("[")[0] for name in ids}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.driver.__name__}-{case.test}")
def test_a_wrong_driver_fails_where_it_is_wrong(pytester: pytest.Pytester, case: Case) -> None:
    passed, failed = run_subject(pytester, case)
    assert case.test in _names(failed)
    assert passed - failed or case.test.startswith(PROPERTIES), "everything failed: that says nothing"


def test_what_an_sdk_makes_of_a_bodys_error_does_not_matter(pytester: pytest.Pytester) -> None:
    _, failed = run_subject(pytester, Case(WrapsErrors, WritingTests, ""))
    assert not failed


HONEST = sorted({(case.subject, case.honest) for case in CASES}, key=str)


@pytest.mark.parametrize(("subject", "honest"), HONEST, ids=lambda kind: kind.__name__)
def test_the_honest_driver_passes_where_the_wrong_ones_fail(
    pytester: pytest.Pytester, subject: type[ContractTests], honest: type[DriverSpec]
) -> None:
    cases = [case for case in CASES if (case.subject, case.honest) == (subject, honest)]
    passed, failed = run_subject(pytester, Case(honest, subject, ""))
    assert not failed
    assert {case.test for case in cases if not case.test.startswith(PROPERTIES)} <= _names(passed)
