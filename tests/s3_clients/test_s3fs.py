"""s3fs, through which pandas, dask and others read and write."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucketry_testing import S3Endpoint

from tests.s3_clients.programs import Program, environment_in
from tests.toolchains.paths import venv_program

pytestmark = pytest.mark.clients


def test_an_application(s3: S3Endpoint, bucket: str, tmp_path: Path) -> None:
    python = Program((venv_program("python"),), environment_in(tmp_path), tmp_path)
    script = Path(__file__).with_name("s3fs_files.py")
    assert python.run(script, s3.endpoint_url, s3.access_key, s3.secret_key, bucket).strip() == "ok"
