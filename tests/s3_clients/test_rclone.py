"""rclone, which is written in Go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bucketry_testing import S3Endpoint

from tests.s3_clients.programs import Program, environment_in, found, pages_of_text


@pytest.fixture(scope="module")
def rclone(s3: S3Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program, with a remote named ``b``."""
    path = found("rclone", "version", "rclone v1", "Debian's rclone")
    folder = tmp_path_factory.mktemp("rclone")
    settings = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ENDPOINT": s3.endpoint_url,
        "ACCESS_KEY_ID": s3.access_key,
        "SECRET_ACCESS_KEY": s3.secret_key,
        "REGION": s3.region,
        "CHUNK_SIZE": "5Mi",
        "UPLOAD_CUTOFF": "8Mi",
    }
    environment = environment_in(folder, **{f"RCLONE_CONFIG_B_{name}": value for name, value in settings.items()})
    return Program((path, "--config=", "--retries=1"), environment, folder)


def test_a_tree_there_and_back(rclone: Program, bucket: str, large: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    written = pages_of_text(source, 12) | {"large.bin": large.read_bytes()}
    (source / "large.bin").write_bytes(written["large.bin"])
    rclone.run("copy", source, f"b:{bucket}/tree")
    rclone.run("check", source, f"b:{bucket}/tree")
    listed = json.loads(rclone.run("lsjson", "--recursive", "--files-only", f"b:{bucket}/tree"))
    assert {entry["Path"]: entry["Size"] for entry in listed} == {name: len(text) for name, text in written.items()}
    rclone.run("copy", f"b:{bucket}/tree", target)
    assert {name: (target / name).read_bytes() for name in written} == written
    rclone.run("moveto", f"b:{bucket}/tree/large.bin", f"b:{bucket}/moved.bin")
    rclone.run("purge", f"b:{bucket}")
    assert bucket not in rclone.run("lsd", "b:")


def test_a_sync_between_buckets_and_its_versions(rclone: Program, s3: S3Endpoint, bucket: str) -> None:
    names = [f"docs {number % 5}/a+b c%2F{number:03} é&=.txt" for number in range(100)]
    for number, name in enumerate(names):
        s3.store.put_object(bucket, name, b"%d" % number)
    rclone.run("mkdir", f"b:{bucket}-copy")
    rclone.run("sync", f"b:{bucket}", f"b:{bucket}-copy")
    rclone.run("check", "--download", f"b:{bucket}", f"b:{bucket}-copy")
    listed = rclone.run("lsf", "--recursive", "--files-only", "--s3-versions", f"b:{bucket}-copy")
    assert sorted(listed.splitlines()) == sorted(names)
