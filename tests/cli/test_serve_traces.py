"""`bucketry serve --traces`: spans of several processes, in one trace."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Spawn
from tests.cli.test_serve_s3 import places
from tests.collector import CLIENT, ERROR, INTERNAL, SERVER, Collector, collecting
from tests.http.client_of_urls import ask
from tests.http.serving import WAIT

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with collecting() as collector:
        yield collector


def serve(
    spawn: Spawn, *options: str, store: str | None = None, last: bytes = b"S3 keys"
) -> tuple[Any, dict[str, str]]:
    s3 = () if "--no-s3" in options else ("--s3-port", "0")
    process = spawn("serve", "--port", "0", *s3, *options, store=store)
    return process, places(process, last)


def stop(process: Any) -> tuple[str, str]:
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    return out.decode(), err.decode()


def test_one_trace_leads_through_two_servers(
    spawn: Spawn, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_collector = ("--traces", "otlp", "--traces-endpoint", collector.url)
    behind, there = serve(spawn, "--bucket", "my-assets", *to_collector, "--traces-service", "back")
    for name, value in (("ACCESS_KEY", "bucketry"), ("SECRET_KEY", "bucketry-secret")):
        monkeypatch.setenv(f"BUCKETRY_MINIO_{name}", value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    store = there["S3 API"].replace("http", "minio")
    front, here = serve(spawn, "--traces", "otlp", "--log-format", "json", store=store, last=b"REST API")
    assert ask(f"{here['REST API']}/buckets/my-assets/objects/photos%2F1.jpg", "PUT", b"x", TRACED)[0] == 201
    _, err = stop(front)
    stop(behind)
    requests = {(span.resource["service.name"], span.about["bucketry.port"]): span for span in collector.of(SERVER)}
    first = requests["bucketry", "rest"]
    assert (first.name, first.parent, first.trace) == ("PutObject", PARENT, TRACE)
    in_front = [span for span in collector.spans if span.trace == TRACE and span.resource["service.name"] == "bucketry"]
    (put,) = (span for span in in_front if span.name == "put_object")
    assert (put.kind, put.parent) == (INTERNAL, first.id)
    sent = [span for span in in_front if span.kind == CLIENT]
    assert {span.parent for span in sent} == {put.id}
    received = [
        span for span in collector.of(SERVER) if span.resource["service.name"] == "back" and span.trace == TRACE
    ]
    assert {span.parent for span in received} == {span.id for span in sent}
    assert "PutObject" in {span.name for span in received}
    stored = [span for span in collector.spans if span.name == "put_object" and span.resource["service.name"] == "back"]
    assert [span.parent for span in stored] == [span.id for span in received if span.name == "PutObject"]
    lines = [json.loads(line) for line in err.splitlines() if "bucketry_http.access" in line]
    assert [line["trace_id"] for line in lines] == [TRACE]


def test_every_process_exports(spawn: Spawn, store_url: str, collector: Collector) -> None:
    options = ("--traces", "otlp", "--traces-endpoint", collector.url, "--workers", "2", "--no-s3")
    process, found = serve(spawn, *options, store=store_url, last=b"Workers")
    asked = 0
    with ExitStack() as connections:
        # The system may give one process all connections as long as that one takes them at once.
        while len(processes(collector)) < 2 and asked < 400:
            kept = [connections.enter_context(closing(connection_to(found["REST API"]))) for _ in range(8)]
            for each in kept:
                each.request("GET", f"{urlsplit(found['REST API']).path}/buckets")
            for each in kept:
                assert each.getresponse().read()
            asked += len(kept)
            collector.wait_for(asked)
    stop(process)
    requests = collector.of(SERVER)
    assert len(requests) == asked
    assert len(processes(collector)) == 2
    assert {span.parent for span in collector.of(INTERNAL)} <= {span.id for span in requests}


def processes(collector: Collector) -> set[str]:
    return {span.resource["service.instance.id"] for span in collector.of(SERVER)}


def connection_to(url: str) -> HTTPConnection:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=WAIT)
    connection.connect()
    return connection


def test_the_last_spans_are_exported_at_the_end(
    spawn: Spawn, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    process, found = serve(spawn, "--traces", "otlp", "--traces-endpoint", collector.url)
    for number in range(30):
        ask(f"{found['S3 API']}/my-assets/{number}")
    assert not collector.paths
    stop(process)
    assert len(collector.of(SERVER)) == 30


def test_a_collector_that_is_down_is_not_noticed_by_clients(spawn: Spawn, collector: Collector) -> None:
    process, found = serve(spawn, "--traces", "otlp", "--traces-endpoint", "http://127.0.0.1:1")
    for _ in range(50):
        assert ask(f"{found['REST API']}/buckets")[0] == 200
    _, err = stop(process)
    lines = err.splitlines()
    assert 1 <= len(lines) <= 4, err
    assert all("span" in line for line in lines), err


def test_a_fault_is_an_error(spawn: Spawn, collector: Collector) -> None:
    fault = ("--bucket", "my-assets", "--fault", "list_objects:unavailable")
    process, found = serve(spawn, "--traces", "otlp", "--traces-endpoint", collector.url, *fault)
    assert ask(f"{found['REST API']}/buckets/my-assets/objects")[0] == 503
    assert ask(f"{found['REST API']}/buckets/my-assets/objects/missing")[0] == 404
    stop(process)
    statuses = {span.about["http.response.status_code"]: span.status for span in collector.of(SERVER)}
    assert statuses == {503: ERROR, 404: 0}


def test_standard_output_has_a_line_for_each_span(spawn: Spawn, collector: Collector) -> None:
    process, found = serve(spawn, "--traces", "console", "--no-log-keys", "--bucket", "my-assets", last=b"Try it")
    assert ask(f"{found['REST API']}/buckets/my-assets/objects/photos%2F1.jpg", "PUT", b"x")[0] == 201
    out, err = stop(process)
    spans = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert {"PutObject", "put_object"} <= {span["name"] for span in spans}
    assert "photos" not in out
    assert not err


def test_the_ratio_decides_where_no_client_does(spawn: Spawn, collector: Collector) -> None:
    process, found = serve(spawn, "--traces", "otlp", "--traces-endpoint", collector.url, "--traces-ratio", "0")
    ask(f"{found['REST API']}/buckets")
    ask(f"{found['REST API']}/buckets", headers=TRACED)
    stop(process)
    assert [span.trace for span in collector.of(SERVER)] == [TRACE]


@pytest.fixture
def without_opentelemetry(store_url: str, tmp_path: Path) -> None:
    """As if OpenTelemetry were not installed where `spawn` starts programs: an import of it fails."""
    (tmp_path / "site" / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry'] = None\n")


def test_without_the_option_nothing_of_it_is_imported(spawn: Spawn, without_opentelemetry: None) -> None:
    process, found = serve(spawn, "--log-format", "json")
    assert ask(f"{found['REST API']}/buckets", headers=TRACED)[0] == 200
    _, err = stop(process)
    (line,) = (json.loads(line) for line in err.splitlines())
    assert line["trace_id"] == TRACE


@pytest.mark.parametrize("command", [("serve",), ("config", "check")])
def test_a_missing_extra_is_said_in_a_sentence(
    spawn: Spawn, without_opentelemetry: None, command: tuple[str, ...]
) -> None:
    process = spawn(*command, "--traces", "otlp", "--traces-endpoint", "http://localhost:4318", store=None)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert err == b"error: --traces needs OpenTelemetry\nhint: pip install 'bucketry-http[traces]'\n"
