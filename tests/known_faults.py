"""What servers are known to do wrong where the driver cannot mend it: their tests are expected to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import pytest

SuiteT = TypeVar("SuiteT", bound=type)


def with_known_faults(server: str, faults: Mapping[str, str], *, always: bool = True) -> Callable[[SuiteT], SuiteT]:
    """Returns a decorator that expects these tests of a suite to fail.

    A test with several cases may fail in some of them only; so may one of races, or of random cases.

    Args:
        server: What has the faults, with its version.
        faults: What it does, by the name of the test.
        always: Whether the suite runs on this server alone, so that a test of one case always fails.
    """

    def add(suite: SuiteT) -> SuiteT:
        for name, fault in faults.items():
            setattr(suite, name, _expected_to_fail(getattr(suite, name), f"{server} {fault}", always=always))
        return suite

    return add


def _expected_to_fail(test: Callable[..., Any], reason: str, *, always: bool) -> Callable[..., Any]:
    marks: list[pytest.Mark] = getattr(test, "pytestmark", [])

    @wraps(test)
    def run(*arguments: Any, **fixtures: Any) -> None:
        test(*arguments, **fixtures)

    has_cases = any(mark.name == "parametrize" for mark in marks)
    is_random = any(word in test.__name__ for word in ("_many_", "_any_", "_at_once_"))
    expected = pytest.mark.xfail(strict=always and not (has_cases or is_random), reason=reason).mark
    run.pytestmark = [*marks, expected]  # type: ignore[attr-defined]
    return run
