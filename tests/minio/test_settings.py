"""Settings: what is refused, where secrets come from, and that they never show."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucketry import InvalidSettings, Secret, Store, open_store
from bucketry_minio import MinioDriver, MinioSettings

SECRET = "the-secret-of-this-store"
KEYS: dict[str, object] = {"access_key": "access", "secret_key": SECRET}


def _open(url: str, **settings: object) -> Store:
    return open_store(url, settings=KEYS | settings, environ={})


@pytest.mark.parametrize(
    "location",
    ["", "host:0", "host:70000", "host:port", "http://host", "host/path", "ho st", "a b:1", "-", "host:9000:1"],
)
def test_a_location_that_is_no_host_and_port_is_refused(location: str) -> None:
    with pytest.raises(InvalidSettings):
        _open("minio://", location=location)


@pytest.mark.parametrize("location", ["host", "host:9000", "127.0.0.1:1", "[::1]:9000", "a.b-c.example:65535"])
def test_a_host_with_or_without_a_port_is_a_location(location: str) -> None:
    with _open(f"minio://{location}") as store:
        assert store.capabilities.driver == "minio"


@pytest.mark.parametrize(
    "settings",
    [
        {"public_endpoint": "s3.example.com"},
        {"public_endpoint": "ftp://s3.example.com"},
        {"public_endpoint": "https://user:pass@s3.example.com"},
        {"public_endpoint": "https://s3.example.com/?a=b"},
        {"public_endpoint": "https://s3.example.com:0"},
        {"region": "no region"},
        {"region": ""},
        {"access_key": ""},
        {"access_key": "a,b"},
        {"secret_key": ""},
        {"part_size": 5 * 1024**2 - 1},
        {"part_size": 5 * 1024**3 + 1},
        {"upload_threads": 0},
        {"upload_threads": 65},
        {"retries": -1},
        {"retries": 11},
        {"connect_timeout": 0},
        {"read_timeout": -1},
        {"usage_list_limit": -1},
        {"max_connections": 0},
        {"ca_file": "/some/ca.pem"},
        {"unknown": "x"},
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        _open("minio://host:9000", **settings)
    assert SECRET not in str(caught.value)


def test_credentials_are_needed() -> None:
    with pytest.raises(InvalidSettings, match="access_key"):
        open_store("minio://host:9000", environ={})


def test_a_secret_does_not_belong_in_the_url() -> None:
    with pytest.raises(InvalidSettings, match="BUCKETRY_MINIO_SECRET_KEY"):
        open_store("minio://host:9000?access_key=a&secret_key=b", environ={})


def test_credentials_come_from_the_environment_and_from_a_mounted_file(tmp_path: Path) -> None:
    mounted = tmp_path / "secret"
    mounted.write_text(SECRET + "\n")
    for secret in ({"BUCKETRY_MINIO_SECRET_KEY": SECRET}, {"BUCKETRY_MINIO_SECRET_KEY_FILE": str(mounted)}):
        with open_store("minio://host:9000", environ={"BUCKETRY_MINIO_ACCESS_KEY": "access", **secret}) as store:
            url = store.presign("bucket", "key").url
        with _open("minio://host:9000") as other:
            assert url.split("X-Amz-Date")[0] == other.presign("bucket", "key").url.split("X-Amz-Date")[0]


def test_no_repr_shows_a_secret() -> None:
    settings = MinioSettings(
        location="host", access_key="access", secret_key=Secret(SECRET), session_token=Secret("token-" + SECRET)
    )
    driver = MinioDriver(settings)
    for shown in (settings, driver, vars(driver), driver._connection, vars(driver._connection), driver._presigner):
        assert SECRET not in repr(shown)
        assert SECRET not in str(shown)
    driver.close()


def test_a_ca_file_that_cannot_be_read_is_refused_when_the_store_opens(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pem", tmp_path):
        with pytest.raises(InvalidSettings, match="ca_file"):
            _open("minio://host:9000", secure=True, ca_file=str(path))
    no_certificate = tmp_path / "empty.pem"
    no_certificate.write_text("no certificate")
    with pytest.raises(InvalidSettings, match="ca_file"):
        _open("minio://host:9000", secure=True, ca_file=str(no_certificate))
