"""``bucketry serve --store file://…``, in one process and in several."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

KEYS = {"BUCKETRY_S3_ACCESS_KEY": "own", "BUCKETRY_S3_SECRET_KEY": "a-secret-of-our-own"}


@contextmanager
def served(folder: Path, *options: str, **environ: str) -> Iterator[str]:
    """Serves the folder ``data`` below this one, and gives what the server says at its start."""
    command = [
        sys.executable,
        "-m",
        "bucketry_cli",
        "serve",
        "--store",
        "file://./data",
        "--port",
        "0",
        "--s3-port",
        "0",
    ]
    process = subprocess.Popen(
        [*command, *options],
        cwd=folder,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if line.startswith(("Workers", "Try it", "API docs")) and ("--workers" not in options or "Workers" in line):
                break
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def rest(said: str) -> str:
    found = re.search(r"REST API +(\S+)", said)
    assert found is not None, said
    return found[1]


def test_it_is_served_over_rest_without_any_setting(tmp_path: Path) -> None:
    with served(tmp_path) as said, httpx.Client(base_url=rest(said), timeout=30) as client:
        assert "no S3 endpoint, since its secret key would be the published one" in said
        assert "S3 API" not in said
        assert client.post("/buckets", json={"name": "kept"}).status_code == 201
    with served(tmp_path) as said, httpx.Client(base_url=rest(said), timeout=30) as client:
        assert [bucket["name"] for bucket in client.get("/buckets").json()] == ["kept"]


def test_several_processes_serve_one_folder(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2", "--bucket", "shared", **KEYS) as said:
        assert "S3 API" in said
        names = [f"{number}.txt" for number in range(20)]
        for name in names:  # A connection each, so that both workers get some.
            files = {"file": (name, name.encode() * 20_000)}
            assert httpx.post(f"{rest(said)}/buckets/shared/objects", files=files, timeout=30).status_code == 201
        for _ in range(4):
            found = httpx.get(f"{rest(said)}/buckets/shared/objects", timeout=30).json()
            assert sorted(entry["key"] for entry in found) == sorted(names)
    assert not list((tmp_path / "data/sessions").iterdir())
