"""What becomes of a report of usage when the server ends: it is not told of, since its store is closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from bucketry import Done, Store, UsageReport
from bucketry.hookspecs import hookimpl
from bucketry_cli.listening import Endpoint
from bucketry_cli.management import Management, metrics_folder
from bucketry_cli.serve_options.management import ManagementOptions
from bucketry_http import ServerSettings
from bucketry_memory import MemoryDriver, MemorySettings
from prometheus_client import CollectorRegistry

from tests.http.client_of_urls import ask

Served = Callable[["ReportsUntilClosed"], AbstractContextManager[Callable[[], object]]]
"""Serves a store, and gives what scrapes its metrics."""

OPTIONS = ManagementOptions(management_port=0, management_host="127.0.0.1", usage_seconds=300.0)


class ReportsUntilClosed(MemoryDriver):
    """Makes a report that fails when the store closes."""

    def __init__(self) -> None:
        super().__init__(MemorySettings())
        self.reporting, self.closed = threading.Event(), threading.Event()

    @hookimpl
    def usage_report(self) -> UsageReport:
        self.reporting.set()
        assert self.closed.wait(60)
        raise RuntimeError("cannot schedule new futures after shutdown")

    @hookimpl
    def close(self) -> Done:
        self.closed.set()
        for thread in threading.enumerate():
            if thread.name == "bucketry-usage":
                thread.join(60)
        return super().close()


@contextmanager
def in_this_process(driver: ReportsUntilClosed) -> Iterator[Callable[[], object]]:
    registry = CollectorRegistry()
    with Store(driver) as store:
        management = Management(OPTIONS)
        assert management.endpoints(store, registry)
        yield lambda: list(registry.collect())
        management.close()


@contextmanager
def beside_workers(driver: ReportsUntilClosed) -> Iterator[Callable[[], object]]:
    management = Management(OPTIONS)
    announced: list[Endpoint] = []
    with (
        metrics_folder(OPTIONS),
        management.beside_workers(lambda _: Store(driver), (), ServerSettings(), announced) as hooks,
    ):
        assert hooks is not None
        bound = announced[0].listener.bound
        assert bound is not None
        yield lambda: ask(f"http://127.0.0.1:{bound.getsockname()[1]}/metrics")
    management.close()


@pytest.mark.parametrize("served", [in_this_process, beside_workers])
def test_a_report_that_fails_as_the_store_closes_is_not_told_of(
    served: Served,
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver = ReportsUntilClosed()
    caplog.set_level(logging.WARNING)
    with served(driver) as scrape:
        scrape()
        assert driver.reporting.wait(60)
    assert driver.closed.is_set()
    assert "bucketry-usage" not in {thread.name for thread in threading.enumerate()}
    assert [record.message for record in caplog.records if "usage" in record.message] == []
