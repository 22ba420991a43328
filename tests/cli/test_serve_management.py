"""`bucketry serve --management-port`: metrics and health, in one process and in several."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bucketry_access.access_file_editing import editing
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve_s3 import places
from tests.http.client_of_urls import ask
from tests.http.serving import eventually
from tests.servers.handles import MinioServer


def metrics(found: dict[str, str]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    status, _, body = ask(found["Metrics"])
    assert status == 200
    samples = (one for family in text_string_to_metric_families(body.decode()) for one in family.samples)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}


def total(found: dict[str, str], name: str, /, **labels: str) -> float:
    values = metrics(found).items()
    return sum(value for (known, pairs), value in values if known == name and labels.items() <= dict(pairs).items())


def stop(process: Any) -> bytes:
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    return bytes(err)


def test_both_ports_are_counted(spawn: Spawn) -> None:
    process = spawn(
        "serve", "--port", "0", "--s3-port", "0", "--management-port", "0", "--bucket", "my-assets", store=None
    )  # fmt: skip
    found = places(process, b"S3 keys")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/metrics", found["Metrics"])
    for _ in range(3):
        assert ask(f"{found['REST API']}/buckets")[0] == 200
    assert ask(f"{found['S3 API']}/my-assets/a")[0] == 403
    # A request ends after its response.
    assert eventually(lambda: total(found, "bucketry_requests_total") == 4)
    assert total(found, "bucketry_requests_total", port="rest", operation="ListBuckets", outcome="ok") == 3
    assert total(found, "bucketry_requests_total", port="s3", operation="GetObject", outcome="refused") == 1
    assert total(found, "bucketry_build_info", driver="memory") == 1
    assert total(found, "process_resident_memory_bytes") > 1e6
    assert eventually(lambda: total(found, "bucketry_bucket_objects", bucket="my-assets") == 0)
    assert eventually(lambda: ("bucketry_bucket_objects", (("bucket", "my-assets"),)) in metrics(found))
    status, _, body = ask(found["Health"])
    assert (status, json.loads(body)["status"]) == (200, "ready")
    assert not any(name.endswith("_created") for name, _ in metrics(found))
    stop(process)


def test_metrics_of_several_processes_add_up(spawn: Spawn, store_url: str) -> None:
    options = ("--workers", "2", "--no-s3", "--management-port", "0", "--log-format", "json")
    process = spawn("serve", "--port", "0", *options, store=store_url)
    found = places(process, b"Workers")
    for _ in range(30):
        assert ask(f"{found['REST API']}/buckets")[0] == 200
    assert eventually(lambda: total(found, "bucketry_requests_total", operation="ListBuckets") == 30)
    assert total(found, "bucketry_request_seconds_count", operation="ListBuckets") == 30
    assert total(found, "bucketry_requests_in_flight") == 0
    assert total(found, "bucketry_backend_calls_total", operation="list_buckets", outcome="ok") == 30
    limit = total(found, "bucketry_threads_limit", kind="call")
    assert limit > 0
    workers = children(process.pid)
    assert len(workers) == 2
    # One that dies is replaced. What it counted stays, and its gauges go.
    os.kill(workers[0], signal.SIGKILL)
    assert eventually(lambda: len(set(children(process.pid)) - set(workers)) == 1)
    assert eventually(lambda: total(found, "bucketry_threads_limit", kind="call") == limit)
    assert total(found, "bucketry_requests_total", operation="ListBuckets") == 30
    status, _, body = ask(found["Health"])
    assert status == 200, body
    folders = {line.split(b"=", 1)[1] for line in environment(children(process.pid)[0]) if b"MULTIPROC" in line}
    err = stop(process)
    assert len(folders) == 1
    assert not os.path.exists(folders.pop())
    (death,) = (line for line in map(json.loads, err.splitlines()) if "takes its place" in line.get("message", ""))
    assert re.fullmatch(rf"worker [12] \(process {workers[0]}\) died \(signal 9\): .*", death["message"])
    assert "worker" not in death, "the first process is none"


def test_it_is_ready_once_the_workers_are(spawn: Spawn, store_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    options = ("--workers", "2", "--no-s3", "--management-port", str(port))
    process = spawn("serve", "--port", "0", *options, store=store_url)
    seen: list[tuple[int, str]] = []

    def is_ready() -> bool:
        with suppress(OSError):
            status, _, body = ask(f"http://127.0.0.1:{port}/health/ready")
            seen.append((status, json.loads(body)["status"]))
        return bool(seen) and seen[-1][0] == 200

    assert eventually(is_ready)
    assert seen[0] == (503, "starting")
    assert set(seen[:-1]) == {(503, "starting")}
    stop(process)


def test_metrics_beside_workers_do_not_name_the_bucket_of_the_access_store(
    spawn: Spawn, minio_server: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETRY_MINIO_ACCESS_KEY", minio_server.access_key)
    monkeypatch.setenv("BUCKETRY_MINIO_SECRET_KEY", minio_server.secret_key)
    monkeypatch.setenv("BUCKETRY_ACCESS_FILE", str(tmp_path / "access.toml"))
    monkeypatch.setenv("BUCKETRY_ACCESS_BUCKET", "hidden-documents")
    with editing(tmp_path / "access.toml", create=True) as editor:
        editor.add_user("boss", is_root=True)
        token = editor.add_token("boss").text.reveal()
    options = ("--workers", "2", "--no-s3", "--management-port", "0")
    process = spawn("serve", "--port", "0", *options, store=minio_server.url.replace("http:", "minio:"))
    found = places(process, b"Access")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert ask(f"{found['REST API']}/buckets", "POST", b'{"name": "shown-in-metrics"}', headers)[0] == 201
    assert eventually(lambda: b'bucketry_bucket_objects{bucket="shown-in-metrics"}' in ask(found["Metrics"])[2])
    assert b"hidden-documents" not in ask(found["Metrics"])[2]
    stop(process)


def children(pid: int) -> list[int]:
    """The worker processes: those that the server spawned, without the one that tracks its resources."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        found = [int(text) for text in file.read().split()]
    return [child for child in found if b"spawn_main" in command(child)]


def command(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def environment(pid: int) -> list[bytes]:
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read().split(b"\0")


def test_without_the_option_there_is_no_such_port(spawn: Spawn) -> None:
    process = spawn("serve", "--port", "0", "--s3-port", "0", store=None)
    assert "Metrics" not in places(process, b"S3 keys")
    assert stop(process) == b""


def test_a_port_in_use_is_named(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", "0", "--management-port", str(port), store="memory://")
    assert result.exit_code == 1
    assert "--management-port" in result.stderr
    assert str(port) in result.stderr


@pytest.mark.parametrize("value", ["-1", "65536", "x"])
def test_a_port_that_is_none_is_refused(run: Run, value: str) -> None:
    assert run("serve", "--management-port", value, store="memory://").exit_code == 2
