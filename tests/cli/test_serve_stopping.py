"""How ``bucketry serve`` ends on signals."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Spawn
from tests.cli.test_serve import PATIENCE, rest_url
from tests.http.client_of_urls import ask


def readiness(url: str) -> int:
    try:
        with urllib.request.urlopen(url.replace("/api/v1/storage", "/health/ready"), timeout=PATIENCE) as response:  # noqa: S310 - our own URL
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def turns_unready(url: str) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if readiness(url) == 503:
            return True
        time.sleep(0.02)
    return False


def test_readiness_ends_first(spawn: Spawn, tmp_path: Path) -> None:
    file = tmp_path / "delay.toml"
    file.write_text("[serve]\nshutdown_delay = 2\ngrace_seconds = 5.5\n")
    process = spawn("serve", "--port", "0", "--no-s3", "--config", str(file), store=None)
    url = rest_url(process)
    assert readiness(url) == 200
    process.send_signal(signal.SIGTERM)
    assert turns_unready(url)
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_a_second_signal_does_not_wait(spawn: Spawn) -> None:
    process = spawn("serve", "--port", "0", "--no-s3", "--shutdown-delay", "3600", store=None)
    url = rest_url(process)
    process.send_signal(signal.SIGTERM)
    assert turns_unready(url)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_signal_loses_no_record(spawn: Spawn, store_url: str, tmp_path: Path, workers: str) -> None:
    audit = tmp_path / "audit.jsonl"
    options = ("--no-s3", "--shutdown-delay", "3600", "--log-format", "json", "--audit", str(audit))
    process = spawn("serve", "--port", "0", "--bucket", "my-assets", "--workers", workers, *options, store=store_url)
    url = rest_url(process)
    process.send_signal(signal.SIGTERM)
    assert turns_unready(url)
    assert ask(f"{url}/buckets/my-assets/objects/last", "PUT", b"x")[0] == 201
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert [json.loads(line)["key"] for line in audit.read_text().splitlines()] == ["last"]
    assert b'"key":"last"' in err


def test_times_are_not_negative(spawn: Spawn) -> None:
    process = spawn("serve", "--grace-seconds", "-1", store=None)
    assert process.wait(PATIENCE) == 2
