"""The management port: metrics and health."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bucketry import Status, Store, StoreStatus
from bucketry_http import Listener, Server, ServerSettings
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.telemetry.management import ManagementApp
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.http.client_of_urls import ask
from tests.http.s3.serving import WAIT, memory_store
from tests.http.serving import eventually


@contextmanager
def managed(store: Store, *, ready_seconds: float = 5.0, **settings: Any) -> Iterator[tuple[str, Server]]:
    registry = CollectorRegistry()
    Counter("bucketry_tests", "A counter.", registry=registry).inc(3)
    ready = threading.Event()
    app = ManagementApp(registry, StoreCalls(store, call_threads=1, transfer_threads=1), ready_seconds=ready_seconds)
    server = Server([Listener(app, port=0)], lambda _: ready.set(), ServerSettings(**settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield server.urls[0], server
    finally:
        server.stop(abort=True)
        thread.join()


def with_status(store: Store, status: Callable[[], Status]) -> Store:
    store.status = status  # type: ignore[method-assign]
    return store


def test_metrics_are_what_prometheus_reads() -> None:
    with memory_store() as store, managed(store) as (url, _):
        status, headers, body = ask(f"{url}/metrics")
        assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
        found = {sample.name: sample for family in parse(body.decode()) for sample in family.samples}
        assert found["bucketry_tests_total"].value == 3
        assert found["bucketry_store_available"].labels == {"store": "memory"}
        assert found["bucketry_store_available"].value == 1
        assert found["bucketry_build_info"].labels["driver"] == "memory"
        for odd in ("application/openmetrics-text; version=a", "text/plain; version=x;;;", "\xff", ";,;", "*/*;q=x"):
            assert ask(f"{url}/metrics", headers={"Accept": odd})[0] == 200
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        status, headers, body = ask(f"{url}/metrics", headers=accept)
        assert headers["content-type"].startswith("application/openmetrics-text")
        families = parse_open(body.decode())  # type: ignore[no-untyped-call]
        assert any(family.name == "bucketry_tests" for family in families)


def test_health() -> None:
    with memory_store() as store, managed(store) as (url, _):
        status, _, body = ask(f"{url}/health/live")
        assert (status, json.loads(body)) == (200, {"status": "live"})
        status, headers, body = ask(f"{url}/health/ready")
        assert status == 200
        assert json.loads(body) == {"status": "ready", "stores": [{"name": "memory", "ready": True, "reason": ""}]}
        assert headers["cache-control"] == "no-store"


def test_a_store_that_is_down_is_named_with_the_reason() -> None:
    down = Status(available=False, endpoint="memory://", region="", detail="the disk is on fire")
    with memory_store() as store, managed(with_status(store, lambda: down)) as (url, _):
        status, _, body = ask(f"{url}/health/ready")
        assert status == 503
        expected = {"name": "memory", "ready": False, "reason": "the disk is on fire"}
        assert json.loads(body) == {"status": "not ready", "stores": [expected]}
        assert ask(f"{url}/health/live")[0] == 200
        assert b'bucketry_store_available{store="memory"} 0.0' in ask(f"{url}/metrics")[2]


def test_each_of_several_stores_is_named() -> None:
    def one(name: str, *, available: bool) -> StoreStatus:
        detail = "" if available else f"{name} is down"
        return StoreStatus(name=name, available=available, endpoint="", region="", detail=detail)

    some = Status(
        available=True,
        endpoint="",
        region="",
        detail="old is down",
        stores=(one("new", available=True), one("old", available=False)),
    )
    # Its other buckets can be served. Without this instance they could not.
    with memory_store() as store, managed(with_status(store, lambda: some)) as (url, _):
        status, _, body = ask(f"{url}/health/ready")
        assert status == 200
        assert json.loads(body)["stores"] == [
            {"name": "new", "ready": True, "reason": ""},
            {"name": "old", "ready": False, "reason": "old is down"},
        ]
        figures = ask(f"{url}/metrics")[2]
        assert b'bucketry_store_available{store="new"} 1.0' in figures
        assert b'bucketry_store_available{store="old"} 0.0' in figures


def test_a_store_that_fails_is_named_too() -> None:
    with memory_store() as store, managed(store) as (url, _):
        store.close()
        status, _, body = ask(f"{url}/health/ready")
        assert status == 503
        (found,) = json.loads(body)["stores"]
        assert (found["name"], found["ready"], found["reason"] != "") == ("memory", False, True)
        assert ask(f"{url}/metrics")[0] == 200


def test_a_store_that_hangs_holds_nothing_up() -> None:
    go_on = threading.Event()

    def hang() -> Any:
        go_on.wait(WAIT)
        raise AssertionError("nobody waits for it")

    with memory_store(inline=False) as store, managed(with_status(store, hang), ready_seconds=0.1) as (url, _):
        try:
            status, _, body = ask(f"{url}/health/ready")
            assert status == 503
            assert "did not answer within 0.1 seconds" in json.loads(body)["stores"][0]["reason"]
            assert ask(f"{url}/health/live")[0] == 200
            assert ask(f"{url}/metrics")[0] == 200
        finally:
            go_on.set()


def test_a_server_that_stops_is_not_ready() -> None:
    with memory_store() as store, managed(store, shutdown_delay=30.0) as (url, server):
        server.stop()
        assert eventually(lambda: ask(f"{url}/health/ready")[0] == 503)
        assert json.loads(ask(f"{url}/health/ready")[2]) == {"status": "stopping"}
        assert ask(f"{url}/health/live")[0] == 200
        assert ask(f"{url}/metrics")[0] == 200


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metrics/x", "/health", "/api/v1/storage/buckets", "/%6detrics/"])
def test_there_is_nothing_else(path: str) -> None:
    with memory_store() as store, managed(store) as (url, _):
        assert ask(url + path)[0] == 404


def test_other_methods_are_refused() -> None:
    with memory_store() as store, managed(store) as (url, _):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            status, headers, _ = ask(f"{url}/metrics", method)
            assert (status, headers["allow"]) == (405, "GET, HEAD")
        status, headers, body = ask(f"{url}/health/live", "HEAD")
        assert (status, body, headers["content-length"]) == (200, b"", "17")
