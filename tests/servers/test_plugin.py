"""The message of a run without a Docker engine."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
def test_with_a_server(minio_server): ...
def test_with_another(rgw_server): ...
def test_with_neither(): ...
"""


@pytest.fixture
def without_engine(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{pytester.path}/no.sock")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take seconds to import
    monkeypatch.delenv("BUCKETRY_REQUIRE_SERVERS", raising=False)
    pytester.makeconftest('pytest_plugins = ["tests.servers.plugin"]')
    pytester.makepyfile(TESTS)
    return pytester


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n2"]], ids=["one process", "two workers"])
def test_the_last_lines_say_what_was_not_tested(without_engine: pytest.Pytester, workers: list[str]) -> None:
    result = without_engine.runpytest_subprocess("-W", "error", *workers)
    result.assert_outcomes(passed=1, skipped=2)
    closing = [line for line in result.outlines if line][-5:-1]
    assert closing[0].strip("! ") == "NOT TESTED"
    assert [line.split(" answers")[0] for line in closing[1:3]] == [
        "minio: no Docker engine",
        "rgw: no Docker engine",
    ]


def test_a_run_that_needs_no_server_says_nothing(without_engine: pytest.Pytester) -> None:
    result = without_engine.runpytest_subprocess("-k", "neither")
    result.assert_outcomes(passed=1, deselected=2)
    result.stdout.no_fnmatch_line("*NOT TESTED*")


def test_required_servers_that_are_missing_fail_the_run(
    without_engine: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETRY_REQUIRE_SERVERS", "1")
    result = without_engine.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*BUCKETRY_REQUIRE_SERVERS is set, but minio cannot be tested: no Docker engine*"])
