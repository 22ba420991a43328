"""The minio package from npm: neither Python nor AWS's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bucketry_testing import S3Endpoint

from tests.s3_clients.programs import Program, environment_in
from tests.toolchains.paths import link_npm_packages, venv_program

pytestmark = pytest.mark.clients


def test_an_application(s3: S3Endpoint, large: Path, tmp_path: Path) -> None:
    node = Program((venv_program("node"),), environment_in(tmp_path), tmp_path)
    link_npm_packages(tmp_path)
    script = shutil.copy(Path(__file__).with_name("npm_minio.mjs"), tmp_path)
    printed = node.run(script, s3.endpoint_url, s3.access_key, s3.secret_key, "made-by-node", large)
    assert printed.strip() == "ok"
