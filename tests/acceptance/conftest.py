"""A served API, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.client import Client


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of ``bucketry serve --store memory://`` in a process of its own."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BUCKETRY_")}
    command = [sys.executable, "-m", "bucketry_cli", "serve", "--store", "memory://", "--port", "0", "--s3-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, text=True) as server:
        assert server.stdout is not None
        try:
            lines = iter(server.stdout.readline, "")
            url = next(line.split()[-1] for line in lines if line.startswith("REST API"))
            s3_url = next(line.split()[-1] for line in lines if line.startswith("S3 API"))
            with closing(Client(url, s3_url)) as client:
                yield client
        finally:
            server.terminate()
            server.communicate(timeout=60)
    assert server.returncode == 0
