"""Limits of ``bucketry serve``."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE, ask, rest_url
from tests.cli.test_serve_s3 import places
from tests.http.client_of_urls import ask as ask_url


def put(url: str, key: str, size: int) -> int:
    sent = urllib.request.Request(f"{url}/buckets/assets/objects/{key}", b"x" * size, method="PUT")  # noqa: S310
    try:
        with urllib.request.urlopen(sent, timeout=PATIENCE) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("workers", ["1", "2"])
def test_all_processes_keep_a_quota_together(spawn: Spawn, tmp_path: Path, workers: str) -> None:
    (tmp_path / "settings.toml").write_text('[[quotas]]\nbuckets = "as*"\nmax_size_bytes = 1000\nmax_objects = 100\n')
    process = spawn(
        *("--config", str(tmp_path / "settings.toml"), "serve", "--workers", workers, "--port", "0"),
        *("--no-s3", "--bucket", "assets"),
    )
    url = rest_url(process)
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda number: put(url, f"{number}", 70), range(40)))
    assert sorted(statuses) == [201] * 14 + [507] * 26
    listed = ask(f"{url}/buckets/assets/objects")[1]
    assert isinstance(listed, list)
    assert len(listed) == 14
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_the_size_of_objects_is_an_option(spawn: Spawn) -> None:
    process = spawn("serve", "--port", "0", "--no-s3", "--bucket", "assets", "--max-object-size", "100")
    url = rest_url(process)
    assert (put(url, "fits", 100), put(url, "large", 101)) == (201, 413)


def test_the_size_of_documents_is_an_option(spawn: Spawn) -> None:
    process = spawn("serve", "--port", "0", "--no-s3", "--max-json-bytes", "2000")
    url, start, end = rest_url(process), b'{"name": "assets"', b"}"
    for size, status in ((2000, 201), (2001, 413)):
        body = start + b" " * (size - len(start + end)) + end
        sent = urllib.request.Request(  # noqa: S310
            f"{url}/buckets", body, {"Content-Type": "application/json"}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) if status == 413 else nullcontext() as error:
            urllib.request.urlopen(sent, timeout=PATIENCE).close()  # noqa: S310
        if error is not None:
            assert error.value.code == status
            error.value.close()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("max_objects = 1", "a quota is for buckets or for owners"),
        ('buckets = "a"\nowners = "b"', "a quota is for buckets or for owners"),
        ('buckets = "assets"\nmax_objects = -1', "max_objects of the quota for 'assets' is not a number from 0"),
        ('buckets = "a"\nmax_bytes = 1', "unknown: 'quotas.max_bytes'"),
    ],
)
def test_a_quota_that_is_not_valid_is_refused(run: Run, tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "settings.toml").write_text(f"[[quotas]]\n{table}\n")
    result = run("--config", str(tmp_path / "settings.toml"), "serve", "--port", "0", store=None)
    assert result.exit_code != 0
    assert message in result.stderr
    assert "settings.toml" in result.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_all_processes_keep_a_rate_together(spawn: Spawn, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", "tests")
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", "hunter2-of-these-tests")
    process = spawn(
        *("serve", "--workers", workers, "--port", "0", "--s3-port", "0", "--bucket", "assets"),
        *("--address-requests", "0.01", "--address-concurrency", "64"),
    )
    found = places(process, b"S3 keys")
    # One in a hundred seconds, whichever process gets it, and on whichever port.
    assert [put(found["REST API"], f"{number}", 1) for number in range(12)] == [201] + [429] * 11
    refused = [ask_url(f"{found['S3 API']}/assets/1") for _ in range(6)]
    assert [(status, b"<Code>SlowDown</Code>" in body) for status, _, body in refused] == [(503, True)] * 6


def test_a_rate_that_is_not_valid_is_refused(run: Run) -> None:
    result = run("serve", "--port", "0", "--address-bytes", "5", store=None)
    assert result.exit_code != 0
    assert "address_bytes is at least 65536 bytes a second" in result.stderr
