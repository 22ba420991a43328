from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
from bucketry import Store

from tests.cli.conftest import Spawn

PATIENCE = 60.0
"""How long to wait for something that is sure to come, in seconds."""


def rest_url(process: subprocess.Popen[bytes]) -> str:
    """Waits until the server listens, and returns the URL of the REST API that it printed."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.fullmatch(rb"REST API  (http://127\.0\.0\.1:[1-9]\d*/api/v1/storage)\n", line):
            return found[1].decode()
    pytest.fail((process.stderr.read() if process.stderr else b"").decode())


def ask(url: str, body: object = None) -> tuple[int, object]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_where_it_says_and_ends_well_on_a_signal(spawn: Spawn, number: signal.Signals) -> None:
    process = spawn("serve", "--port", "0", "--no-s3", store=None)
    url = rest_url(process)
    available = {"available": True, "endpoint": "http://localhost:9000", "region": "us-east-1"}
    assert ask(f"{url}/status") == (200, available)
    assert ask(f"{url}/buckets", {"name": "my-assets"})[0] == 201
    process.send_signal(number)
    assert process.stdout is not None
    assert process.stderr is not None
    assert re.fullmatch(rb"API docs  http://127\.0\.0\.1:\d+/schema\n", process.stdout.read())
    assert process.stderr.read() == b""
    assert process.wait(PATIENCE) == 0


def test_the_docs_page_is_where_it_says(spawn: Spawn) -> None:
    page = rest_url(spawn("serve", "--port", "0", "--no-s3", store=None)).replace("/api/v1/storage", "/schema")
    with urllib.request.urlopen(page, timeout=PATIENCE) as answer:  # noqa: S310 - our own URL
        assert answer.headers.get_content_type() == "text/html"


def test_it_serves_any_store_for_reading_only(spawn: Spawn, store: Store, store_url: str) -> None:
    url = rest_url(spawn("serve", "--port", "0", "--read-only", store=store_url))
    status, problem = ask(f"{url}/buckets", {"name": "my-assets"})
    assert status == 403
    assert isinstance(problem, dict)
    assert problem["code"] == "access_denied"
    assert [bucket.name for bucket in store.list_buckets()] == ["assets"]


def test_a_port_in_use_is_one_clear_sentence(spawn: Spawn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = spawn("serve", "--port", str(port), store=None)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert stdout == b""
    assert stderr.decode() == (
        f"error: cannot listen on 127.0.0.1 port {port}: in use\n"
        "hint: stop what listens there, or give another --port (0: any)\n"
    )


def test_an_unknown_host_is_one_clear_sentence(spawn: Spawn) -> None:
    process = spawn("serve", "--port", "0", "--host", "no-such-host.invalid", "--no-s3", store=None)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert stderr.decode() == (
        "error: cannot listen on no-such-host.invalid port 0: no such host\n"
        "hint: give an address of this machine as --host\n"
    )
