"""How ``bucketry serve`` ends on signals."""

from __future__ import annotations

import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.cli.conftest import Spawn
from tests.cli.test_serve import PATIENCE, rest_url


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


def test_times_are_not_negative(spawn: Spawn) -> None:
    process = spawn("serve", "--grace-seconds", "-1", store=None)
    assert process.wait(PATIENCE) == 2
