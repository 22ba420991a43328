"""s3cmd."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bucketry_testing import S3Endpoint

from tests.s3_clients.programs import Program, environment_in, found, pages_of_text


@pytest.fixture(scope="module")
def s3cmd(s3: S3Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program. Its own settings say what the documented command leaves out: the keys, HTTP, and path style."""
    path = found("s3cmd", "--version", "s3cmd version 2", "Debian's s3cmd")
    folder = tmp_path_factory.mktemp("s3cmd")
    host = urlsplit(s3.endpoint_url).netloc
    settings = {
        "access_key": s3.access_key,
        "secret_key": s3.secret_key,
        "bucket_location": s3.region,
        "host_bucket": host,
        "use_https": "False",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (folder / ".s3cfg").write_text("\n".join(["[default]", *lines]))
    return Program((path, f"--host={host}"), environment_in(folder), folder)


def test_the_documented_command(s3cmd: Program, s3: S3Endpoint, bucket: str) -> None:
    s3.store.put_object(bucket, "images/cat.jpg", b"x" * 10)
    s3.store.put_object(bucket, "readme.md", b"x" * 20)
    documented = Program(s3cmd.command[:1], s3cmd.environment, s3cmd.folder)
    listed = documented.run("ls", f"s3://{bucket}/", f"--host={urlsplit(s3.endpoint_url).netloc}")
    assert [line.split()[-2:] for line in listed.splitlines()] == [
        ["DIR", f"s3://{bucket}/images/"],
        ["20", f"s3://{bucket}/readme.md"],
    ]


def test_buckets(s3cmd: Program) -> None:
    s3cmd.run("mb", "s3://made-by-s3cmd")
    assert "s3://made-by-s3cmd" in s3cmd.run("ls")
    assert "made-by-s3cmd" in s3cmd.run("info", "s3://made-by-s3cmd")
    s3cmd.run("rb", "s3://made-by-s3cmd")
    assert "s3://made-by-s3cmd" not in s3cmd.run("ls")


def test_a_tree_there_and_back(s3cmd: Program, s3: S3Endpoint, bucket: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    written = pages_of_text(source, 5)
    target.mkdir()
    s3cmd.run("sync", f"{source}/", f"s3://{bucket}/tree/")
    assert {info.key for info in s3.store.iter_objects(bucket)} == {f"tree/{name}" for name in written}
    s3cmd.run("sync", f"s3://{bucket}/tree/", f"{target}/")
    assert {name: (target / name).read_bytes() for name in written} == written
    s3cmd.run("del", "--recursive", "--force", f"s3://{bucket}/")
    assert s3cmd.run("ls", f"s3://{bucket}") == ""


def test_a_large_file_in_parts(s3cmd: Program, s3: S3Endpoint, bucket: str, large: Path, tmp_path: Path) -> None:
    s3cmd.run("put", "--multipart-chunk-size-mb=5", large, f"s3://{bucket}/large.bin")
    assert s3.store.head_object(bucket, "large.bin").etag.endswith("-4")
    s3cmd.run("cp", f"s3://{bucket}/large.bin", f"s3://{bucket}/copy.bin")
    s3cmd.run("get", f"s3://{bucket}/copy.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == large.read_bytes()
