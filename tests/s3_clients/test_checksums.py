"""Uploads with checksums by the SDKs themselves: in headers, in trailers, of parts and of whole objects.

minio-go is what mc, restic and many others stand on.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bucketry_testing import S3Endpoint

from tests.s3_clients.go_programs import go_program
from tests.s3_clients.programs import Program, environment_in
from tests.toolchains.paths import link_npm_packages, venv_program

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent


def check(program: Program, *arguments: str | Path, s3: S3Endpoint, bucket: str) -> None:
    """Run a program, which ends with "ok"."""
    assert program.run(*arguments, s3.access_key, s3.secret_key, bucket).strip() == "ok"
    assert not list(s3.store.iter_multipart_uploads(bucket))


def test_boto3(s3: S3Endpoint, bucket: str, tmp_path: Path) -> None:
    python = Program((venv_program("python"),), environment_in(tmp_path), tmp_path)
    check(python, HERE / "boto3_checksums.py", s3.endpoint_url, s3=s3, bucket=bucket)


def test_the_aws_sdk_for_javascript(s3: S3Endpoint, bucket: str, tmp_path: Path) -> None:
    node = Program((venv_program("node"),), environment_in(tmp_path), tmp_path)
    link_npm_packages(tmp_path)
    check(node, shutil.copy(HERE / "js_checksums.mjs", tmp_path), s3.endpoint_url, s3=s3, bucket=bucket)


def test_the_aws_sdk_for_go(s3: S3Endpoint, bucket: str, tmp_path: Path) -> None:
    program = go_program((HERE / "go_checksums.go").read_text(), tmp_path)
    check(program, s3.endpoint_url, s3=s3, bucket=bucket)


def test_minio_go(s3: S3Endpoint, bucket: str, tmp_path: Path) -> None:
    program = go_program((HERE / "minio_go.go").read_text(), tmp_path)
    check(program, urlsplit(s3.endpoint_url).netloc, s3=s3, bucket=bucket)
