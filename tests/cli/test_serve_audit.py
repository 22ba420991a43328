"""`bucketry serve --audit`: the audit stream, to standard output, a file and a URL."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve_management import total
from tests.cli.test_serve_s3 import places
from tests.http.client_of_urls import ask
from tests.http.serving import eventually


def stop(process: Any) -> tuple[bytes, bytes]:
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    return bytes(out), bytes(err)


def test_standard_output_has_the_entries(spawn: Spawn) -> None:
    process = spawn(
        "serve", "--port", "0", "--s3-port", "0", "--bucket", "my-assets", "--audit", "stdout", store=None
    )  # fmt: skip
    found = places(process, b"Try it")
    objects = f"{found['REST API']}/buckets/my-assets/objects"
    assert ask(f"{objects}/a", "PUT", b"x")[0] == 201
    assert ask(f"{objects}/a")[0] == 200
    assert ask(f"{found['S3 API']}/my-assets/a")[0] == 403
    out, _ = stop(process)
    entries = [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]
    assert [(entry["port"], entry["kind"], entry["action"]) for entry in entries] == [
        ("rest", "write", "PutObject"),
        ("s3", "refusal", "GetObject"),
    ]


def test_several_processes_write_one_file(spawn: Spawn, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    options = ("--workers", "2", "--no-s3", "--audit", str(path), "--management-port", "0")
    process = spawn("serve", "--port", "0", *options, store=store_url)
    found = places(process, b"Workers")
    for number in range(10):
        ask(f"{found['REST API']}/buckets", "POST", json.dumps({"name": f"bucket{number}"}).encode(), JSON)
    assert eventually(lambda: total(found, "bucketry_audit_entries_total", outcome="written") == 10)
    stop(process)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["action"] for entry in entries] == ["CreateBucket"] * 10


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("missing/audit.jsonl", "'missing/audit.jsonl': No such file or directory"),
        ("http://user:password@example.com/", "credentials do not belong in a webhook's URL"),
        ("https://", "with a host"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused(run: Run, target: str, said: str) -> None:
    result = run("serve", "--port", "0", "--audit", target, store="memory://")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "password@" not in result.stderr


def test_a_wrong_policy_is_refused(run: Run) -> None:
    assert run("serve", "--audit-when-full", "ignore", store="memory://").exit_code == 2
    assert run("serve", "--audit-queue", "0", store="memory://").exit_code == 2
