"""SIGHUP: ``bucketry serve`` reads its settings again, and goes on serving whatever they say."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import trustme

from tests.cli.conftest import Spawn
from tests.cli.test_serve import PATIENCE, ask, rest_url

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")


class Told:
    """What a server says on standard error."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        self._process = process
        self.text = ""

    def waits_for(self, words: str, *, times: int = 1) -> bool:
        """Waits until the words have come; returns whether they ever did."""
        deadline = time.monotonic() + PATIENCE
        assert self._process.stderr is not None
        while self.text.count(words) < times:
            if time.monotonic() > deadline:
                return False
            self.text += (self._process.stderr.read() or b"").decode()
            time.sleep(0.02)
        return True


def write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


@pytest.mark.parametrize("count", [1, 2])
def test_what_can_change_changes_and_the_rest_is_said(spawn: Spawn, tmp_path: Path, count: int) -> None:
    file = tmp_path / "settings.toml"
    write(file, '[serve]\nlog_level = "warning"\nport = 0\n')
    process = spawn("serve", "--config", str(file), "--no-s3", "--workers", str(count), "--bucket", "assets")
    url = rest_url(process)
    told = Told(process)
    hook = '[[webhooks]]\nurl = "http://127.0.0.1:9/hunter2"\n'
    write(file, f'[serve]\nlog_level = "info"\nport = 1\nworkers = 9\n{hook}')
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("changed, and used from the next start on: --port, [webhooks]")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the settings were read again")
    write(file, "[serve]\nport = 'x'\n")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the settings stay as they were: the settings file")
    write(file, "[serve]\ngrace_seconds = -1\n")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the settings stay as they were: Invalid value for '--grace-seconds'")
    assert ask(f"{url}/buckets/assets/objects") == (200, [])
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert "hunter2" not in told.text
    assert "Traceback" not in told.text


@pytest.mark.parametrize("count", [1, 2])
def test_a_certificate_that_cannot_be_used_is_said_at_once(spawn: Spawn, tmp_path: Path, count: int) -> None:
    issued = trustme.CA().issue_cert("localhost")
    pem = tmp_path / "tls.pem"
    pem.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    process = spawn("serve", "--port", "0", "--no-s3", "--workers", str(count), "--tls-cert", str(pem))
    assert process.stdout is not None
    while b"API docs" not in process.stdout.readline():
        assert process.poll() is None
    told = Told(process)
    write(pem, "nothing")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the TLS certificate stays as it was", times=count)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
