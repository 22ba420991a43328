"""MinIO's client, mc, which signs with trailing checksums."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from bucketry import EncryptionSettings, LifecycleSettings, NotificationSettings, PolicySettings, Tag, TagSettings
from bucketry_testing import S3Endpoint

from tests.s3_clients.programs import Program, environment_in, pages_of_text
from tests.toolchains.paths import built_program

pytestmark = pytest.mark.clients

ALGORITHMS = ["CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256"]


@pytest.fixture(scope="module")
def mc(s3: S3Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program, with an alias named ``b``."""
    folder = tmp_path_factory.mktemp("mc")
    address = urlsplit(s3.endpoint_url)
    alias = f"{address.scheme}://{s3.access_key}:{quote(s3.secret_key, safe='')}@{address.netloc}"
    environment = environment_in(folder, MC_HOST_b=alias, MC_CONFIG_DIR=str(folder))
    return Program((built_program("mc"), "--quiet"), environment, folder)


def content(s3: S3Endpoint, bucket: str, key: str) -> bytes:
    with s3.store.get_object(bucket, key) as opened:
        return opened.read()


@pytest.mark.parametrize("size", [0, 5, 11 * 1024**2])
def test_a_pipe(mc: Program, s3: S3Endpoint, bucket: str, large: Path, size: int) -> None:
    sent = large.read_bytes()[:size]
    mc.run("pipe", "--part-size", "5MiB", f"b/{bucket}/piped.bin", stdin=sent)
    assert content(s3, bucket, "piped.bin") == sent
    assert not list(s3.store.iter_multipart_uploads(bucket))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pipe_with_a_checksum(mc: Program, s3: S3Endpoint, bucket: str, large: Path, algorithm: str) -> None:
    sent = large.read_bytes()[: 11 * 1024**2]
    mc.run("pipe", "--part-size", "5MiB", "--checksum", algorithm, f"b/{bucket}/piped.bin", stdin=sent)
    assert content(s3, bucket, "piped.bin") == sent


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_copy_with_a_checksum(mc: Program, s3: S3Endpoint, bucket: str, large: Path, algorithm: str) -> None:
    small = mc.folder / "small.txt"
    small.write_bytes(b"hello")
    for file in (small, large):
        mc.run("cp", "--checksum", algorithm, file, f"b/{bucket}/")
        assert content(s3, bucket, file.name) == file.read_bytes()
        back = mc.folder / "back.bin"
        mc.run("cp", f"b/{bucket}/{file.name}", back)
        assert back.read_bytes() == file.read_bytes()


def test_the_checksum_is_kept(mc: Program, s3: S3Endpoint, bucket: str) -> None:
    (mc.folder / "small.txt").write_bytes(b"hello")
    mc.run("cp", "--checksum", "SHA256", mc.folder / "small.txt", f"b/{bucket}/")
    said = json.loads(mc.run("stat", "--json", f"b/{bucket}/small.txt"))
    assert said["size"] == 5
    assert said["checksum"]["SHA256"] == base64.b64encode(hashlib.sha256(b"hello").digest()).decode()


def test_a_tree_there_and_back(mc: Program, s3: S3Endpoint, bucket: str, tmp_path: Path) -> None:
    written = pages_of_text(tmp_path / "source", 12)
    mc.run("mirror", tmp_path / "source", f"b/{bucket}/tree")
    assert {info.key for info in s3.store.iter_objects(bucket)} == {f"tree/{name}" for name in written}
    mc.run("mb", f"b/{bucket}-copy")
    mc.run("mirror", f"b/{bucket}", f"b/{bucket}-copy")
    mc.run("mirror", f"b/{bucket}-copy/tree", tmp_path / "target")
    assert {name: (tmp_path / "target" / name).read_bytes() for name in written} == written
    assert mc.run("diff", f"b/{bucket}", f"b/{bucket}-copy") == ""
    mc.run("rm", "--recursive", "--force", f"b/{bucket}")
    assert mc.run("ls", "--recursive", f"b/{bucket}") == ""


def test_versions_of_a_bucket_that_has_none(mc: Program, s3: S3Endpoint, bucket: str) -> None:
    s3.store.put_object(bucket, "a+b c.txt", b"x")
    listed = [json.loads(line) for line in mc.run("ls", "--versions", "--json", f"b/{bucket}").splitlines()]
    assert [(line["key"], line["size"]) for line in listed] == [("a+b c.txt", 1)]
    mc.run("rm", "--versions", "--recursive", "--force", f"b/{bucket}")
    assert list(s3.store.iter_objects(bucket)) == []


def test_a_presigned_upload_and_tags(mc: Program, s3: S3Endpoint, bucket: str) -> None:
    mc.run("pipe", "--tags", "a=1&b=2", f"b/{bucket}/tagged.txt", stdin=b"x")
    assert s3.store.get_object_tagging(bucket, "tagged.txt") == {"a": "1", "b": "2"}
    mc.run("tag", "set", f"b/{bucket}/tagged.txt", "c=3")
    assert s3.store.get_object_tagging(bucket, "tagged.txt") == {"c": "3"}
    said = json.loads(mc.run("share", "download", "--json", f"b/{bucket}/tagged.txt"))
    assert said["share"].startswith(f"{s3.endpoint_url}/{bucket}/tagged.txt?")


def test_settings_of_a_bucket(mc: Program, s3: S3Endpoint) -> None:
    mc.run("mb", "--with-lock", "b/set-by-mc")
    bucket = "b/set-by-mc"
    assert "enabled" in mc.run("version", "info", bucket)
    mc.run("retention", "set", "--default", "governance", "30d", bucket)
    assert "GOVERNANCE" in mc.run("retention", "info", "--default", bucket)
    mc.run("ilm", "rule", "add", "--expire-days", "30", "--prefix", "logs/", bucket)
    mc.run("ilm", "rule", "add", "--noncurrent-expire-days", "3", "--noncurrent-expire-newer", "2", bucket)
    mc.run("ilm", "rule", "add", "--expire-delete-marker", bucket)
    exported = json.loads(mc.run("ilm", "rule", "export", bucket))["Rules"]
    stored = s3.store.get_bucket_settings("set-by-mc", LifecycleSettings).rules
    assert [rule["ID"] for rule in exported] == [rule.id for rule in stored]
    mc.run("tag", "set", bucket, "a=b&c=d")
    # mc sends them in no certain order.
    tags = s3.store.get_bucket_settings("set-by-mc", TagSettings).tags
    assert set(tags) == {Tag(key="a", value="b"), Tag(key="c", value="d")}
    mc.run("tag", "remove", bucket)
    mc.run("encrypt", "set", "sse-s3", bucket)
    assert "sse-s3" in mc.run("encrypt", "info", bucket)
    mc.run("encrypt", "clear", bucket)
    mc.run("anonymous", "set", "download", bucket)
    assert "download" in mc.run("anonymous", "get", bucket)
    mc.run("anonymous", "set", "none", bucket)
    mc.run("event", "add", bucket, "arn:minio:sqs::PRIMARY:webhook", "--event", "put,delete")
    assert "s3:ObjectCreated:*" in mc.run("event", "list", bucket)
    mc.run("event", "rm", bucket, "--force")
    for kind in (TagSettings, EncryptionSettings, PolicySettings, NotificationSettings):
        assert s3.store.get_bucket_settings("set-by-mc", kind) == kind()
