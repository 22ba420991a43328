"""The pytest plugin: options, the fixtures that open a store, selection by capability, and the report."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

import pytest
from bucketry import BucketryError, Store, Unsupported
from bucketry.features import MEASURED_FEATURES

from bucketry_contract._capabilities import REQUIRED, needed_by
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._layer import PassThrough
from bucketry_contract._report import Reporter
from bucketry_contract._report_notes import add_note, notes_of
from bucketry_contract._scratch import Scratch
from bucketry_contract._test_runs import TIMEOUT, Sparing, in_order, is_left_out, opening, telling_once, time_limit
from bucketry_contract.backend import Backend

_REPORT_SUFFIXES: Final = {".json", ".md"}
_OWN_TESTS: Final = Path(__file__).parent / "test_contract.py"
_PACKAGE: Final = "bucketry_contract"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("bucketry contract suite")
    group.addoption(
        "--store", metavar="URL", help="run the contract suite on this store (with --pyargs bucketry_contract)"
    )
    group.addoption(
        "--contract-report", metavar="FILE", type=Path, help="write the compat matrix as FILE.json and FILE.md"
    )
    group.addoption("--contract-server", metavar="NAME", help="name and version of the store's server, for the report")
    group.addoption(
        "--contract-whole", action="store_true", help="run the whole suite also where its class asks for a short run"
    )
    group.addoption(
        "--contract-timeout",
        metavar="SECONDS",
        type=float,
        default=TIMEOUT,
        help=f"how long a test may take, {TIMEOUT:g} by default; 0: for ever",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker and the reporter, and refuses options that make no sense."""
    config.addinivalue_line("markers", "needs(*names): operations and features of a driver that a test needs")
    config.addinivalue_line("markers", "short: run also where only a short run of the suite is asked for")
    # The interruption of a test may strike in a finalizer, where Python only reports it; the next one ends the test.
    config.addinivalue_line("filterwarnings", "ignore:(?s).*TookTooLong:pytest.PytestUnraisableExceptionWarning")
    if config.option.pyargs and _PACKAGE in config.args and not config.option.store:
        raise pytest.UsageError("say which store the contract suite is to test: --store acme://…")
    if config.option.contract_server and not config.option.store:
        raise pytest.UsageError("--contract-server names the server of --store acme://…; a Backend says it itself")
    path: Path | None = config.option.contract_report
    if path is not None and path.suffix not in _REPORT_SUFFIXES:
        raise pytest.UsageError("--contract-report FILE is named .json or .md; both are written")
    if config.option.store:
        _leave_no_files(config)
    config.pluginmanager.register(Sparing(), "bucketry-contract-sparing")
    if not hasattr(config, "workerinput"):  # The process that collects the reports of all workers writes them down.
        config.pluginmanager.register(Reporter(path), "bucketry-contract-report")


def _leave_no_files(config: pytest.Config) -> None:
    """Has hypothesis keep what it notes of the modules' source out of the folder that somebody tests a store from."""
    folder, environment = TemporaryDirectory(), pytest.MonkeyPatch()
    environment.setenv("HYPOTHESIS_STORAGE_DIRECTORY", folder.name)
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(environment.undo)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves the suite on ``--store`` alone where there is none."""
    return True if collection_path == _OWN_TESTS and not config.option.store else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Notes of each of the suite's tests whose it is and what it needs; puts short ones first."""
    if left_out := [item for item in items if is_left_out(item)]:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not is_left_out(item)]
    for item in items:
        if isinstance(item, pytest.Function) and item.cls is not None and issubclass(item.cls, ContractTests):
            notes = notes_of(item)
            notes["suite"] = item.cls.__name__
            notes["needs"] = needed_by(item)
            notes["layering"] = item.callspec.params.get("contract_layering", "") if hasattr(item, "callspec") else ""
    items[:] = in_order(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Opens the store, within the time limit."""
    with time_limit(item, item.config.option.contract_timeout):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Runs a test within the time limit."""
    with time_limit(item, item.config.option.contract_timeout):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Removes what a test made, within the time limit."""
    with time_limit(item, item.config.option.contract_timeout):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Notes that the store cannot be opened."""
    with opening(fixturedef.argname, request):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Runs a test that needs what the driver does not declare, and has it end in ``Unsupported``."""
    if pyfuncitem.cls is None or not issubclass(pyfuncitem.cls, ContractTests):
        return (yield)
    missing = cast("list[str]", notes_of(pyfuncitem)["missing"])
    unasked = bool(missing) and set(missing) <= MEASURED_FEATURES
    try:
        with telling_once(pyfuncitem):
            answer = yield
    except Unsupported:
        if not missing:
            raise
        return True
    except (AssertionError, pytest.fail.Exception, BucketryError):
        if not unasked:
            raise
        return True
    if unasked:
        # Nothing asks for these, so that nothing can be refused: the report tells what was done without being declared.
        add_note(notes_of(pyfuncitem), "undeclared", ", ".join(missing))
        return answer
    if missing:
        pytest.fail(f"the driver does not declare {missing}, so this had to raise Unsupported, but it did not")
    return answer


@pytest.fixture(scope="class")
def contract_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The backend under test: what the test class says. Override it where the backend needs fixtures of its own."""
    backend: Backend = request.cls.backend()
    yield backend
    backend.cleanup()


@pytest.fixture(scope="class", params=["bare", "layered"])
def contract_layering(request: pytest.FixtureRequest) -> str:
    """Whether there is a layer around the driver."""
    return str(request.param)


@pytest.fixture(scope="class")
def contract_store(contract_backend: Backend, contract_layering: str) -> Iterator[Store]:
    """The store under test, bare or below a layer that changes nothing."""
    with contract_backend.open([PassThrough()] if contract_layering == "layered" else []) as store:
        if missing := [name for name in REQUIRED if name not in store.capabilities.operations]:
            pytest.fail(f"the contract suite cannot test a driver without {', '.join(missing)}")
        yield store


@pytest.fixture(scope="class")
def contract_scratch(contract_store: Store, contract_backend: Backend) -> Iterator[Scratch]:
    """Buckets of the suite's own, removed after the last test, also after an interrupt."""
    scratch = Scratch(contract_store, contract_backend)
    scratch.give_back(scratch.take())  # Without a bucket, there is no test.
    yield scratch
    if left := scratch.remove_all():
        pytest.fail(f"these buckets could not be removed: {', '.join(left)}")
