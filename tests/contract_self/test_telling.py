"""The report of a run on a broken driver: it names the fault first, in few lines, and always at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from bucketry import (
    BucketInfo,
    CreateBucketOptions,
    Deleted,
    GetOptions,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    OpenedObject,
    PageOptions,
    PartPage,
    PutOptions,
    UploadListOptions,
    UploadPage,
)
from bucketry.hookspecs import hookimpl

from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import Stored

pytest_plugins = ["pytester"]

# The runs within load nothing that they do not use.
OPTIONS = ("-p", "bucketry_contract.plugin", "-p", "no:cacheprovider", "-ra", "--no-header")

MOST_LINES = 250
"""A run on a driver with one fault says what it is in fewer lines."""

PATIENCE = 240
"""Seconds. A guard against runs that never end; all of these take a few."""

RUN = """
from {subject_module} import {subject}
from tests.contract_self.backends import DriverBackend
from tests.contract_self.test_telling import {driver}

class Backend(DriverBackend):
    driver = {driver}

class TestWrong({subject}):
    backend = Backend
"""


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "400")  # pytest cuts what it sums up to the width of the terminal.


def run(
    pytester: pytest.Pytester, driver: type[HonestDriver], *options: str, subject: str = "ContractSuite"
) -> pytest.RunResult:
    """Runs the suite on a driver; what it says must be short, and it must end."""
    module = "bucketry_contract" if subject == "ContractSuite" else "bucketry_contract.suite.model"
    pytester.makepyfile(RUN.format(driver=driver.__name__, subject=subject, subject_module=module))
    began = time.monotonic()
    result = pytester.runpytest_inprocess(*OPTIONS, *options)
    assert time.monotonic() - began < PATIENCE
    return result


def first_failure(result: pytest.RunResult) -> str:
    return next(line for line in result.outlines if line.startswith(("FAILED", "ERROR ")))


class LacksAHookimpl(HonestDriver):
    def head_object(self, bucket: str, key: str, options: Any) -> ObjectInfo:
        return super().head_object(bucket, key, options)


class CannotReachItsServer(HonestDriver):
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        raise ConnectionRefusedError


class ForgetsToReturn(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Any, options: PutOptions) -> ObjectInfo:
        super().put_object(bucket, key, body, options)
        return None  # type: ignore[return-value]


class QuotesItsEtags(HonestDriver):
    def etag(self, pieces: Any) -> str:
        return f'"{super().etag(pieces)}"'


class _WaitsInTheEnd:
    def __del__(self) -> None:
        time.sleep(1.2)


class WaitsInAFinalizer(HonestDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        waiting = _WaitsInTheEnd()
        del waiting
        time.sleep(60)
        return super().get_object(bucket, key, options)


class WaitsForEver(HonestDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        threading.Event().wait()
        raise AssertionError


class HangsInCleaningUp(HonestDriver):
    @hookimpl
    def delete_objects(self, bucket: str, objects: Any, options: Any) -> Any:
        threading.Event().wait()


class GivesContentThatNeverEnds(HonestDriver):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        while True:
            yield b"x" * 1024


class ListsForEver(HonestDriver):
    """Each page leads to another one, of objects, parts and uploads."""

    def page(self, bucket: str, entries: list[str], options: ListOptions) -> ObjectPage:
        page = super().page(bucket, entries, options)
        return msgspec.structs.replace(page, cursor=page.cursor or self.encode(options.prefix))

    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        page = super().list_parts(bucket, key, upload_id, options)
        return msgspec.structs.replace(page, cursor=page.cursor or "1")

    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        page = super().list_multipart_uploads(bucket, options)
        return msgspec.structs.replace(page, cursor=page.cursor or "0")


class IsSlowAndWrong(HonestDriver):
    """So slow that hypothesis would look for a smaller example for minutes."""

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: Any) -> Deleted:
        time.sleep(0.02)
        if len(self.bucket(bucket).objects) > 1:
            self.bucket(bucket).objects.clear()
        return super().delete_object(bucket, key, options)

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Any, options: PutOptions) -> ObjectInfo:
        time.sleep(0.02)
        return super().put_object(bucket, key, body, options)


def test_a_driver_that_cannot_be_opened_fails_once(pytester: pytest.Pytester) -> None:
    result = run(pytester, LacksAHookimpl)
    outcomes = result.parseoutcomes()
    assert outcomes["errors"] == 1
    assert outcomes["skipped"] > 900
    assert "passed" not in outcomes
    assert len(result.outlines) < MOST_LINES
    assert "head_object without @hookimpl" in first_failure(result)
    result.stdout.fnmatch_lines(["SKIPPED * not run: the store cannot be opened, as the first error says"])


def test_a_driver_that_cannot_reach_its_server_fails_once(pytester: pytest.Pytester) -> None:
    result = run(pytester, CannotReachItsServer, "-k", "bare")
    assert result.parseoutcomes()["errors"] == 1
    assert len(result.outlines) < MOST_LINES
    assert "ConnectionRefusedError" in first_failure(result)


def test_a_hook_that_forgets_its_return_fails_once_and_is_named(pytester: pytest.Pytester) -> None:
    result = run(pytester, ForgetsToReturn, "-k", "bare")
    assert len(result.outlines) < MOST_LINES
    assert "test_an_object_can_be_put" in first_failure(result)
    assert "put_object of the driver 'honest' returned None" in first_failure(result)
    assert sum("a return is missing" in line for line in result.outlines if line.startswith("FAILED")) == 1


def test_quotes_around_etags_are_named_first(pytester: pytest.Pytester) -> None:
    result = run(pytester, QuotesItsEtags, "--tb=no", "-k", "bare", "--maxfail=3")
    assert "test_an_object_can_be_put" in first_failure(result)
    assert "the etag has quotes around it" in first_failure(result)


def test_a_run_on_quoted_etags_ends(pytester: pytest.Pytester) -> None:
    result = run(pytester, QuotesItsEtags, "--tb=no", "-k", "bare and increment")
    assert result.parseoutcomes()["failed"] == 1


def test_calls_that_never_return_end_the_run(pytester: pytest.Pytester) -> None:
    result = run(pytester, WaitsForEver, "--contract-timeout=0.5", "--tb=no", "-k", "bare")
    assert result.parseoutcomes()["failed"] == 3
    assert "test_an_object_can_be_read" in first_failure(result)
    assert "took longer than 0.5 seconds" in first_failure(result)
    result.stdout.fnmatch_lines(["SKIPPED * not run: 3 tests took too long"])


def test_calls_that_are_interrupted_where_python_only_reports_it_fail_as_others_do(pytester: pytest.Pytester) -> None:
    result = run(pytester, WaitsInAFinalizer, "--contract-timeout=0.5", "--tb=no", "-k", "bare")
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], outcomes.get("errors", 0)) == (3, 0)


def test_calls_that_never_return_while_a_bucket_is_emptied_end_the_run(pytester: pytest.Pytester) -> None:
    result = run(pytester, HangsInCleaningUp, "--contract-timeout=0.5", "--tb=no", "-k", "bare")
    assert "errors" in result.parseoutcomes()
    assert result.parseoutcomes()["skipped"] > 500


def test_content_and_listings_that_never_end_end_the_run(pytester: pytest.Pytester) -> None:
    for driver in (GivesContentThatNeverEnds, ListsForEver):
        result = run(
            pytester,
            driver,
            "--contract-timeout=60",
            "--tb=no",
            "-k",
            "bare and (can_be or listed or page or parts_are or read_alone)",
        )
        assert result.parseoutcomes()["failed"] > 3
        assert not [line for line in result.outlines if "took longer" in line]


def test_a_smaller_example_is_looked_for_not_too_long(pytester: pytest.Pytester) -> None:
    result = run(pytester, IsSlowAndWrong, subject="ModelTests")
    assert result.parseoutcomes()["failed"] == 2
    assert "took longer" not in result.stdout.str()
    assert "Flaky" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*state = Machine()*"])


def test_short_tests_run_first_and_the_model_last(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(RUN.format(driver="HonestDriver", subject="ContractSuite", subject_module="bucketry_contract"))
    result = pytester.runpytest_inprocess(*OPTIONS, "--collect-only", "-q")
    names = [line.rpartition("::")[2] for line in result.outlines if "::" in line]
    assert names[0] == "test_a_bucket_can_be_created_and_deleted[bare]"
    layered = names.index("test_a_bucket_can_be_created_and_deleted[layered]")
    of_bare, of_layered = names[:layered], names[layered:]
    assert all("layered" not in name for name in of_bare)
    assert all("layered" in name for name in of_layered)
    assert all("test_any_sequence" in name for name in of_bare[-2:])
    first_large = next(place for place, name in enumerate(of_bare) if "test_a_large_" in name or "thousand" in name)
    assert first_large > of_bare.index("test_a_deleted_object_is_gone[bare]")
