"""The minio package from npm: neither Python nor AWS's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from bucketry_testing import S3Endpoint

from tests.s3_clients.programs import Program, environment_in
from tests.servers.plugin import not_tested

PACKAGE = "minio@8.0.7"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Node.js in a folder with the package installed."""
    npm, program = shutil.which("npm"), shutil.which("node")
    if npm is None or program is None:
        not_tested("npm's minio", "node and npm are not installed (install Debian's nodejs and npm)")
    folder = tmp_path_factory.mktemp("node")
    flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(
        [npm, "install", *flags, PACKAGE], check=False, cwd=folder, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        not_tested("npm's minio", f"npm cannot install {PACKAGE}: {done.stdout}{done.stderr}")
    return Program((program,), environment_in(folder), folder)


def test_an_application(node: Program, s3: S3Endpoint, large: Path) -> None:
    script = node.folder / "application.mjs"
    shutil.copy(Path(__file__).with_name("npm_minio.mjs"), script)
    printed = node.run(script, s3.endpoint_url, s3.access_key, s3.secret_key, "made-by-node", large)
    assert printed.strip() == "ok"
