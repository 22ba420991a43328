"""s5cmd, which runs many requests at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bucketry_testing import S3Endpoint, s3_endpoint

from tests.s3_clients.programs import Program, environment_in, pages_of_text
from tests.toolchains.paths import venv_program

pytestmark = pytest.mark.clients

KEYS = 400


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Endpoint]:
    with s3_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def s5cmd(s3: S3Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program, with credentials in its environment alone."""
    folder = tmp_path_factory.mktemp("s5cmd")
    environment = environment_in(
        folder,
        AWS_ACCESS_KEY_ID=s3.access_key,
        AWS_SECRET_ACCESS_KEY=s3.secret_key,
        AWS_REGION=s3.region,
    )
    command = (venv_program("s5cmd"), "--retry-count", "0", "--endpoint-url", s3.endpoint_url)
    return Program(command, environment, folder)


def contents(s3: S3Endpoint, bucket: str) -> dict[str, bytes]:
    found = {}
    for info in s3.store.iter_objects(bucket):
        with s3.store.get_object(bucket, info.key) as opened:
            found[info.key] = opened.read()
    return found


def test_a_sync_between_buckets_loses_nothing(s5cmd: Program, s3: S3Endpoint, bucket: str) -> None:
    names = [f"docs {number % 7}/a+b c%2F{number:03} é&=?#.txt" for number in range(KEYS)]
    for number, name in enumerate(names):
        s3.store.put_object(bucket, name, b"%d" % number)
    s5cmd.run("mb", f"s3://{bucket}-copy")
    s5cmd.run("sync", f"s3://{bucket}/*", f"s3://{bucket}-copy/")
    assert len(contents(s3, f"{bucket}-copy")) == KEYS
    assert contents(s3, f"{bucket}-copy") == contents(s3, bucket)
    assert s5cmd.run("sync", f"s3://{bucket}/*", f"s3://{bucket}-copy/") == ""


def test_a_tree_there_and_back(s5cmd: Program, s3: S3Endpoint, bucket: str, large: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    written = pages_of_text(source, 12) | {"large.bin": large.read_bytes()}
    (source / "large.bin").write_bytes(written["large.bin"])
    s5cmd.run("cp", "--part-size", "5", f"{source}/", f"s3://{bucket}/tree/")
    assert contents(s3, bucket) == {f"tree/{name}": content for name, content in written.items()}
    s5cmd.run("cp", f"s3://{bucket}/tree/*", f"{target}/")
    assert {name: (target / name).read_bytes() for name in written} == written
    s5cmd.run("mv", f"s3://{bucket}/tree/large.bin", f"s3://{bucket}/moved+here.bin")
    s5cmd.run("rm", f"s3://{bucket}/tree/*")
    assert list(contents(s3, bucket)) == ["moved+here.bin"]


def test_a_pipe_and_a_cat(s5cmd: Program, s3: S3Endpoint, bucket: str) -> None:
    s5cmd.run("pipe", f"s3://{bucket}/piped.txt", stdin=b"piped")
    assert s5cmd.run("cat", f"s3://{bucket}/piped.txt") == "piped"
    assert "piped.txt" in s5cmd.run("ls", "--all-versions", f"s3://{bucket}/*")
    s5cmd.run("rm", "--all-versions", f"s3://{bucket}/*")
    assert contents(s3, bucket) == {}
