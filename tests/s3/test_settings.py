"""Settings: where the server is, how buckets are addressed, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucketry import InvalidSettings, Secret, Store, open_store
from bucketry_s3 import S3StoreSettings

PUBLIC = "public_endpoint=https://s3.example.com"
KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "not/shown", "probe": False}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def opened(url: str, **more: object) -> Store:
    return open_store(url, settings={**KEYS, **more}, environ={})


@pytest.mark.parametrize(
    ("query", "endpoint"),
    [
        ("", "https://s3.us-east-1.amazonaws.com"),
        ("?region=eu-central-1", "https://s3.eu-central-1.amazonaws.com"),
        ("?region=eu-central-1&dual_stack=true", "https://s3.dualstack.eu-central-1.amazonaws.com"),
        ("?region=us-west-2&fips=true", "https://s3-fips.us-west-2.amazonaws.com"),
        ("?region=us-west-2&fips=true&dual_stack=true", "https://s3-fips.dualstack.us-west-2.amazonaws.com"),
        ("?region=cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_aws_is_found_by_its_region(query: str, endpoint: str) -> None:
    with opened(f"s3://{query}") as store:
        url = store.presign("photos", "cat").url
        assert url.startswith(endpoint.replace("://", "://photos.") + "/cat?")


def test_the_region_may_come_from_the_users_files(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nregion = ap-south-1\n")
    with opened("s3://") as store:
        assert store.presign("photos", "cat").url.startswith("https://photos.s3.ap-south-1.amazonaws.com/cat?")


@pytest.mark.parametrize(
    ("url", "bucket", "begins"),
    [
        ("s3://", "photos", "https://photos.s3.us-east-1.amazonaws.com/cat?"),
        ("s3://", "my.photos", "https://s3.us-east-1.amazonaws.com/my.photos/cat?"),
        ("s3://?addressing=path", "photos", "https://s3.us-east-1.amazonaws.com/photos/cat?"),
        ("s3://host:9000", "photos", "http://host:9000/photos/cat?"),
        ("s3://host:9000?addressing=virtual", "photos", "http://photos.host:9000/cat?"),
        ("s3://host:9000?addressing=virtual", "my.photos", "http://my.photos.host:9000/cat?"),
        ("s3://host?addressing=virtual&secure=true", "my.photos", "https://host/my.photos/cat?"),
        ("s3://host:9000?public_endpoint=https://s3.example.com", "photos", "https://s3.example.com/photos/cat?"),
        ("s3://?public_endpoint=https://s3.example.com", "photos", "https://s3.example.com/photos/cat?"),
        (f"s3://host?addressing=virtual&{PUBLIC}", "photos", "https://photos.s3.example.com/cat?"),
        (f"s3://host?addressing=virtual&{PUBLIC}", "my.photos", "https://s3.example.com/my.photos/cat?"),
    ],
)
def test_buckets_are_addressed_by_path_or_by_host(url: str, bucket: str, begins: str) -> None:
    with opened(url) as store:
        assert store.presign(bucket, "cat").url.startswith(begins)


@pytest.mark.parametrize(
    ("url", "more", "message"),
    [
        ("s3://host:9000?fips=true", {}, "are for AWS"),
        ("s3://host:9000?dual_stack=true", {}, "are for AWS"),
        ("s3://?region=mars-north-1&fips=true&dual_stack=maybe", {}, "dual_stack"),
        ("s3://host:9000?addressing=dns", {}, "addressing"),
        ("s3://host:9000?colour=red", {}, "colour"),
        ("s3://host:99999", {}, "s3://host:9000"),
        ("s3://host:9000", {"secret_key": ""}, "BUCKETRY_S3_SECRET_KEY"),
        ("s3://host:9000", {"access_key": ""}, "BUCKETRY_S3_ACCESS_KEY"),
        ("s3://host:9000", {"access_key": "", "secret_key": "", "session_token": "t"}, "session_token"),
        ("s3://host:9000?profile=work", {}, "not both"),
        ("s3://host:9000?probe_bucket=No", {}, "probe_bucket"),
        ("s3://host:9000?lookup_threads=0", {}, "lookup_threads"),
        ("s3://host:9000?secret_key=s", {}, "does not belong in a store URL"),
        ("s3://host:9000?ca_file=missing.pem", {}, "secure=true"),
        ("s3://host:9000?secure=true&ca_file=missing.pem", {}, "ca_file cannot be used"),
    ],
)
def test_what_cannot_be_is_refused(url: str, more: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        opened(url, **more)


def test_secrets_are_not_shown() -> None:
    token = Secret("nor/this")
    settings = S3StoreSettings(
        location="host:9000", access_key="a", secret_key=Secret("not/shown"), session_token=token
    )
    assert "not/shown" not in repr(settings)
    assert "nor/this" not in repr(settings)
