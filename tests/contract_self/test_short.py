"""The short run of the suite: few tests, which touch every operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from bucketry import OPERATIONS, Store

from tests.contract_self.test_capabilities import PLUGINS
from tests.memory.test_contract import MemoryBackend

pytest_plugins = ["pytester"]

SUITE = """
from bucketry_contract import ContractSuite
from tests.contract_self.test_short import WatchedBackend

class TestShort(ContractSuite):
    short = True
    backend = WatchedBackend
"""

TOUCHED: set[str] = set()


class _Watch:
    """A layer that notes which operations are called."""

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*values: object) -> object:
            TOUCHED.add(name)
            return call(*values)

        return watched


class WatchedBackend(MemoryBackend):
    """The memory driver's, watched."""

    def open(self, layers: Sequence[object]) -> Store:
        return super().open([*layers, _Watch()])


def test_it_has_at_least_60_tests_that_touch_every_operation(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(SUITE)
    TOUCHED.clear()
    result = pytester.runpytest_inprocess("-k", "bare", "-q", *PLUGINS)
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) == 0
    assert 60 <= outcomes["passed"] <= 150
    assert outcomes["deselected"] > 1000
    assert set(OPERATIONS) - TOUCHED == set()


@pytest.mark.parametrize(("arguments", "passed"), [([], 0), (["--contract-whole"], 1)])
def test_it_can_be_run_whole_on_request(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str], passed: int
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(SUITE)
    only = "bare and test_a_copy_never_has_the_lock_of_its_source"
    result = pytester.runpytest_inprocess("-k", only, "-q", *PLUGINS, *arguments)
    assert result.parseoutcomes().get("passed", 0) == passed
