"""What the log of ``bucketry serve`` says where the backend cannot be reached."""

from __future__ import annotations

import signal

import pytest

from tests.cli.conftest import Spawn
from tests.cli.test_serve import PATIENCE, ask, rest_url


@pytest.mark.parametrize("scheme", ["minio", "rgw"])
def test_each_request_is_one_line(spawn: Spawn, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv(f"BUCKETRY_{scheme.upper()}_ACCESS_KEY", "somebody")
    monkeypatch.setenv(f"BUCKETRY_{scheme.upper()}_SECRET_KEY", "somebody's secret key")
    process = spawn("serve", "--port", "0", "--no-s3", store=f"{scheme}://127.0.0.1:1")
    url = rest_url(process)
    for path in ("buckets", "buckets/my-assets/objects"):
        status, problem = ask(f"{url}/{path}")
        assert (status, isinstance(problem, dict) and problem["code"]) == (503, "unavailable")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    lines = process.stderr.read().decode().splitlines()
    assert [line.partition("GET ")[2].partition(":")[0] for line in lines] == [
        "/api/v1/storage/buckets",
        "/api/v1/storage/buckets/my-assets/objects",
    ]
