"""s3cmd."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bucketry import (
    LifecycleExpiration,
    LifecycleSettings,
    LoggingSettings,
    PolicySettings,
    RequestPaymentSettings,
    WebsiteSettings,
)
from bucketry.bucket_settings import LogTarget
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


LIFECYCLE = """<?xml version="1.0" ?>
<LifecycleConfiguration>
  <Rule>
    <ID>old</ID>
    <Prefix>a/</Prefix>
    <Status>Enabled</Status>
    <Expiration>
      <Days>3</Days>
    </Expiration>
  </Rule>
</LifecycleConfiguration>
"""


def test_settings_of_a_bucket(s3cmd: Program, s3: S3Endpoint, tmp_path: Path) -> None:
    bucket, name = "set-by-s3cmd", "s3://set-by-s3cmd"
    s3cmd.run("mb", name)
    (tmp_path / "rules.xml").write_text(LIFECYCLE)
    s3cmd.run("setlifecycle", tmp_path / "rules.xml", name)
    assert "<ID>old</ID>" in s3cmd.run("getlifecycle", name)
    s3cmd.run("expire", "--expiry-days=9", name)
    (rule,) = s3.store.get_bucket_settings(bucket, LifecycleSettings).rules
    assert rule.expiration == LifecycleExpiration(days=9)
    s3cmd.run("dellifecycle", name)
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    (tmp_path / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3cmd.run("setpolicy", tmp_path / "policy.json", name)
    assert "s3:PutObject" in s3cmd.run("info", name)
    s3cmd.run("delpolicy", name)
    s3cmd.run("ws-create", "--ws-index=index.html", name)
    assert "index.html" in s3cmd.run("ws-info", name)
    s3cmd.run("ws-delete", name)
    s3cmd.run("payer", "--requester-pays", name)
    s3cmd.run("accesslog", f"--access-logging-target-prefix={name}/logs/", name)
    assert s3.store.get_bucket_settings(bucket, RequestPaymentSettings).payer == "Requester"
    assert s3.store.get_bucket_settings(bucket, LoggingSettings).target == LogTarget(bucket=bucket, prefix="logs/")
    for kind in (LifecycleSettings, PolicySettings, WebsiteSettings):
        assert s3.store.get_bucket_settings(bucket, kind) == kind()
