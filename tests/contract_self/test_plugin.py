"""The plugin: its options and reports, and that it leaves nothing behind."""

from __future__ import annotations

import json
import platform
from typing import ClassVar

import pytest
from bucketry import DONE, Done
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite import ContractSuite, deleting

from tests.contract_self.backends import DriverBackend
from tests.contract_self.honest import HonestDriver

pytest_plugins = ["pytester"]

# The runs within load nothing that they do not use.
PLUGINS = ("-p", "bucketry_contract.plugin")


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


SUBJECT = """
import pytest
from bucketry_contract.suite.deleting import DeletingTests
from tests.contract_self.test_plugin import RecordingBackend

class TestDriver(DeletingTests):
    backend = RecordingBackend

    def test_that_leaves_something(self, bucket, scratch):
        scratch.create()
        bucket.put("key")
        bucket.upload("key").send(1)
        {ending}
"""


class KeepingDriver(HonestDriver):
    """Forgets nothing when it is closed, so that what is left can be counted."""

    @hookimpl
    def close(self) -> Done:
        return DONE


class RecordingBackend(DriverBackend):
    """Says what its drivers hold in the end."""

    driver = KeepingDriver
    left: ClassVar[dict[str, list[str]]] = {}
    cleanups: ClassVar[int] = 0

    def cleanup(self) -> None:
        type(self).cleanups += 1
        type(self).left = {f"driver {number}": list(driver.buckets) for number, driver in enumerate(self.opened)}


@pytest.mark.parametrize("ending", ["pass", "assert False", "raise KeyboardInterrupt"])
def test_no_bucket_is_left_behind(pytester: pytest.Pytester, ending: str) -> None:
    RecordingBackend.left, RecordingBackend.cleanups = {"not cleaned up": []}, 0
    pytester.makepyfile(SUBJECT.format(ending=ending))
    pytester.inline_run("-q", *PLUGINS, no_reraise_ctrlc=True)
    drivers = 1 if "Interrupt" in ending else 2
    assert RecordingBackend.left == {f"driver {number}": [] for number in range(drivers)}
    assert RecordingBackend.cleanups == 1


def test_a_bucket_that_cannot_be_removed_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from bucketry import AccessDenied, DONE
        from bucketry.hookspecs import hookimpl
        from bucketry_contract._contract_tests import ContractTests
        from tests.contract_self.backends import DriverBackend
        from tests.contract_self.honest import HonestDriver

        class Resisting(HonestDriver):
            @hookimpl
            def delete_bucket(self, bucket):
                raise AccessDenied

        class Backend(DriverBackend):
            driver = Resisting

        class TestDriver(ContractTests):
            backend = Backend

            def test_something(self, bucket):
                bucket.put("key")
        """
    )
    result = pytester.runpytest_inprocess("-k", "bare", *PLUGINS)
    result.assert_outcomes(passed=1, errors=1, deselected=1)
    result.stdout.fnmatch_lines(["*these buckets could not be removed: bucketry-contract-*"])


def test_a_run_on_many_processes_is_summed_up_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    pytester.makepyfile(SUBJECT.format(ending="assert False"))
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))
    result = pytester.runpytest_subprocess("-n2", "-p", "xdist", "--contract-report=out/report.md", "-q", *PLUGINS)
    result.stdout.fnmatch_lines(["contract suite: honest (TestDriver): * passed, 2 failed (bare and layered)"])
    (report,) = json.loads((pytester.path / "out" / "report.json").read_text())["drivers"]
    assert report["driver"] == "honest"
    assert report["counts"]["failed"] == len(report["failures"]) == 2
    assert report["counts"]["passed"] + 2 == result.parseoutcomes()["passed"] + result.parseoutcomes()["failed"]
    assert report["layerings"] == ["bare", "layered"]
    assert report["refused_keys"] == []
    text = (pytester.path / "out" / "report.md").read_text()
    assert "# honest" in text
    assert "| `delete_object` | yes |" in text
    assert "test_that_leaves_something" in text


def test_a_test_that_fails_as_expected_is_neither_a_failure_nor_left_out(pytester: pytest.Pytester) -> None:
    ending = 'pytest.xfail("a known difference")'
    pytester.makepyfile(SUBJECT.format(ending=ending))
    result = pytester.runpytest_inprocess("-k", "bare and something", "--contract-report=report.md", *PLUGINS)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["contract suite: honest (TestDriver): 0 passed, 0 failed, 1 failed as expected (bare)"]
    )
    (report,) = json.loads((pytester.path / "report.json").read_text())["drivers"]
    assert report["counts"] == {"passed": 0, "refused": 0, "failed": 0, "expected": 1, "skipped": 0}
    assert report["expected_failures"] == ["test_that_leaves_something: a known difference"]
    assert "0 failed, 1 more as expected, 0 were not tried" in (pytester.path / "report.md").read_text()


def test_a_test_that_is_not_run_counts_for_its_driver(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from bucketry_contract._contract_tests import ContractTests
        from tests.contract_self.backends import DriverBackend
        from tests.contract_self.honest import HonestDriver

        class Backend(DriverBackend):
            driver = HonestDriver

        class TestDriver(ContractTests):
            backend = Backend

            def test_something(self, bucket):
                bucket.put("key")

            @pytest.mark.xfail(run=False, reason="it ends the server")
            def test_something_else(self, bucket):
                bucket.put("key")
        """
    )
    result = pytester.runpytest_inprocess("-k", "bare", "--contract-report=report.json", *PLUGINS)
    assert result.ret == 0
    (report,) = json.loads((pytester.path / "report.json").read_text())["drivers"]
    assert report["driver"] == "honest"
    assert report["counts"] == {"passed": 1, "refused": 0, "failed": 0, "expected": 1, "skipped": 0}
    assert report["expected_failures"] == ["test_something_else: it ends the server"]


def test_a_test_that_takes_the_place_of_another_needs_the_same(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from bucketry_contract import needs
        from bucketry_contract._contract_tests import ContractTests
        from tests.contract_self.backends import DriverBackend
        from tests.contract_self.honest import HonestDriver

        class Backend(DriverBackend):
            driver = HonestDriver

        class Suite(ContractTests):
            @needs("put_metadata")
            def test_something(self, bucket):
                bucket.put("key")

        class TestDriver(Suite):
            backend = Backend

            @pytest.mark.xfail(strict=True, reason="it is lost")
            def test_something(self, bucket):
                assert False
        """
    )
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))
    # What another process reports comes in parts.
    result = pytester.runpytest_subprocess("-n1", "-p", "xdist", "--contract-report=report.json", *PLUGINS)
    assert result.ret == 0
    (report,) = json.loads((pytester.path / "report.json").read_text())["drivers"]
    assert report["features"]["put_metadata"]["expected"] == 2
    assert report["expected_failures"] == ["test_something: it is lost"]


def test_a_store_is_tested_by_its_url(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(
        "--pyargs",
        "bucketry_contract",
        "--store=memory://",
        "--contract-server=Acme 1.2",
        "--contract-report=acme.json",
        "-k",
        "bare and delete and not room",
        *PLUGINS,
        "-q",
    )
    assert result.ret == 0
    (report,) = json.loads((pytester.path / "acme.json").read_text())["drivers"]
    assert report["server"] == "Acme 1.2"
    assert report["python"] == platform.python_version()
    result.stdout.fnmatch_lines(["contract suite: memory (TestStore): * passed, 0 failed (bare)"])
    result.stdout.fnmatch_lines(["*not looked at: objects behind the driver's back*"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pyargs", "bucketry_contract"], "*say which store the contract suite is to test: --store*"),
        (["--contract-report=report.html"], "*--contract-report FILE is named .json or .md*"),
        (["--contract-server=Acme 1.2"], "*--contract-server names the server of --store*"),
    ],
)
def test_options_that_make_no_sense_are_refused(pytester: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = pytester.runpytest_inprocess(*arguments, *PLUGINS)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_backend_may_come_from_a_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from bucketry_contract.suite.deleting import DeletingTests
        from tests.contract_self.backends import DriverBackend

        @pytest.fixture(scope="session")
        def contract_backend(tmp_path_factory):
            return DriverBackend()

        class TestDriver(DeletingTests):
            pass
        """
    )
    result = pytester.runpytest_inprocess(*PLUGINS)
    result.assert_outcomes(passed=result.parseoutcomes()["passed"])


def test_runs_of_other_tests_say_nothing_of_the_suite(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_something(): pass")
    result = pytester.runpytest_inprocess(*PLUGINS)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*contract suite*")


def test_the_suite_has_all_tests_of_all_subjects() -> None:
    names = [name for kind in ContractSuite.__mro__ for name in vars(kind) if name.startswith("test_")]
    assert len(names) == len(set(names)), "one test hides another of the same name"
    assert deleting.DeletingTests in ContractSuite.__mro__
