"""The suite selects tests by capability, and skips none of them silently."""

from __future__ import annotations

import json

import pytest
from bucketry import FEATURE_NAMES
from bucketry._driver_checks import implemented_operations
from bucketry.hookspecs import OPERATIONS
from bucketry_contract import needs
from bucketry_contract._capabilities import NEVER_REFUSED, REQUIRED

from tests.contract_self.honest import HonestDriver
from tests.contract_self.minimal import OPTIONAL

pytest_plugins = ["pytester"]

# The runs within load nothing that they do not use.
PLUGINS = ("-p", "bucketry_contract.plugin")


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


WHOLE = """
from bucketry_contract import ContractSuite
from tests.contract_self.minimal import {backend}

class TestDriver(ContractSuite):
    backend = {backend}
"""


@pytest.mark.parametrize("backend", ["PlainBackend", "MinimalBackend"])
def test_what_is_not_declared_is_tested_to_be_refused(pytester: pytest.Pytester, backend: str) -> None:
    pytester.makepyfile(WHOLE.format(backend=backend))
    result = pytester.runpytest_inprocess("-k", "bare", "--contract-report=report.json", "-q", *PLUGINS)
    assert result.ret == 0
    (report,) = json.loads((pytester.path / "report.json").read_text())["drivers"]
    assert all(_is_refused(report["features"][name]) for name in FEATURE_NAMES)
    # Each kind of settings needs a feature, so that the operations on settings are refused without any.
    of_settings = {"get_bucket_settings", "put_bucket_settings", "delete_bucket_settings"}
    left_out = set(OPERATIONS) - implemented_operations(HonestDriver)
    missing = set(OPTIONAL) - NEVER_REFUSED if backend == "MinimalBackend" else of_settings | left_out
    assert all(report["operations"][name]["refused"] and not report["operations"][name]["passed"] for name in missing)
    assert all(report["operations"][name]["passed"] > 0 for name in OPERATIONS if name not in missing)
    assert report["counts"]["failed"] == 0


def _is_refused(row: dict[str, object]) -> bool:
    return not row["declared"] and row["refused"] != 0 and row["passed"] == row["failed"] == 0


def test_a_test_of_what_is_not_declared_fails_unless_it_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from bucketry import Unsupported
        from bucketry_contract import needs
        from bucketry_contract._contract_tests import ContractTests
        from tests.contract_self.minimal import MinimalBackend

        class TestDriver(ContractTests):
            backend = MinimalBackend

            @needs("copy_object")
            def test_that_never_copies(self, bucket):
                bucket.put("key")

            @needs("copy_object")
            def test_that_copies(self, bucket):
                bucket.store.copy_object(bucket.name, "key", bucket.name, "copy")

            def test_that_copies_and_does_not_say_so(self, bucket):
                bucket.store.copy_object(bucket.name, "key", bucket.name, "copy")
        """
    )
    result = pytester.runpytest_inprocess("-k", "bare", *PLUGINS)
    result.assert_outcomes(passed=1, failed=2, deselected=3)
    result.stdout.fnmatch_lines(["*does not declare ?'copy_object'?, so this had to raise Unsupported*"])
    result.stdout.fnmatch_lines(["*contract suite: honest (TestDriver): 1 passed, 2 failed (bare)*"])


def test_a_driver_without_the_required_operations_is_told_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(WHOLE.format(backend="WriteOnlyBackend"))
    result = pytester.runpytest_inprocess("-k", "bare and test_a_deleted_object_is_gone", *PLUGINS)
    result.assert_outcomes(errors=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["*cannot test a driver without list_objects, get_object*"])


def test_a_test_cannot_need_what_does_not_exist() -> None:
    with pytest.raises(ValueError, match="neither operations nor features nor algorithms: put_if_matched"):
        needs("put_object", "put_if_matched")


def test_every_operation_is_required_or_optional() -> None:
    assert sorted([*REQUIRED, *OPTIONAL]) == sorted(OPERATIONS)
