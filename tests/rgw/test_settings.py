"""Settings, also as Rook gives them."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucketry import InvalidSettings, open_store
from bucketry.settings import load_settings, parse_url
from bucketry_rgw import RgwSettings

USER = {
    "AccessKey": "user-key",
    "SecretKey": "user-secret",
    "Endpoint": "https://rook-ceph-rgw-store.rook-ceph.svc:443",
}
CLAIM = {
    "AWS_ACCESS_KEY_ID": "claim-key",
    "AWS_SECRET_ACCESS_KEY": "claim-secret",
    "BUCKET_HOST": "rook-ceph-rgw-store.rook-ceph.svc",
    "BUCKET_PORT": "80",
    "BUCKET_NAME": "claimed",
    "BUCKET_REGION": "us-west-1",
    "BUCKET_SUBREGION": "",
}


def load(environ: dict[str, str], url: str = "rgw://", **explicit: object) -> RgwSettings:
    return load_settings(RgwSettings, parse_url(url), explicit, environ)


def shown(settings: RgwSettings) -> tuple[str, str, str]:
    return settings.endpoint, settings.access_key, settings.secret_key.reveal()


def mount(folder: Path, values: dict[str, str]) -> str:
    for name, value in values.items():
        (folder / name).write_text(value)
    return str(folder)


def test_the_variables_of_an_object_store_user() -> None:
    settings = load(USER)
    assert shown(settings) == ("https://rook-ceph-rgw-store.rook-ceph.svc:443", "user-key", "user-secret")
    assert "user-secret" not in repr(settings)


def test_the_variables_of_a_bucket_claim() -> None:
    settings = load(CLAIM)
    assert shown(settings) == ("http://rook-ceph-rgw-store.rook-ceph.svc:80", "claim-key", "claim-secret")
    assert settings.region == "us-west-1"


def test_a_claim_on_the_port_of_https_speaks_tls() -> None:
    assert load(CLAIM | {"BUCKET_PORT": "443"}).endpoint == "https://rook-ceph-rgw-store.rook-ceph.svc:443"
    assert load(CLAIM | {"BUCKET_PORT": ""}).endpoint == "http://rook-ceph-rgw-store.rook-ceph.svc"


@pytest.mark.parametrize("values", [USER, CLAIM], ids=["user", "claim"])
def test_mounted_files(values: dict[str, str], tmp_path: Path) -> None:
    folder = mount(tmp_path, {name: f"{value}\n" for name, value in values.items()})
    expected = shown(load(values))
    assert shown(load({"BUCKETRY_RGW_ROOK_DIR": folder})) == expected
    assert shown(load({}, f"rgw://?rook_dir={folder}")) == expected
    assert shown(load({}, rook_dir=folder)) == expected


def test_files_win_over_variables_and_a_user_over_a_claim(tmp_path: Path) -> None:
    assert load(USER | CLAIM).access_key == "user-key"
    assert load(USER, rook_dir=mount(tmp_path, CLAIM)).access_key == "claim-key"


def test_what_is_said_in_our_own_terms_wins() -> None:
    environ = USER | {"BUCKETRY_RGW_ACCESS_KEY": "own-key"}
    settings = load(environ, "rgw://localhost:8080?region=eu", connect_timeout=1.5)
    assert shown(settings) == ("http://localhost:8080", "own-key", "user-secret")
    assert (settings.region, settings.connect_timeout) == ("eu", 1.5)
    assert load(environ, "rgw://?secure=false").endpoint == "http://rook-ceph-rgw-store.rook-ceph.svc:443"


def test_defaults_lose_to_rook() -> None:
    defaults = {"access_key": "default", "secret_key": "default", "location": "default"}
    assert load_settings(RgwSettings, parse_url("rgw://"), {}, USER, defaults).access_key == "user-key"


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUCKET_HOST"])
def test_half_a_claim_is_none(missing: str) -> None:
    # A developer's own AWS keys are nothing to show to a gateway.
    values = {name: value for name, value in CLAIM.items() if name != missing}
    with pytest.raises(InvalidSettings, match=r"needs .*: "):
        load(values, "rgw://localhost:8080")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="rook_dir holds neither"):
        load({}, rook_dir=str(tmp_path))


@pytest.mark.parametrize("endpoint", ["rook:80", "ftp://rook", "http://user:pw@rook", "http://"])
def test_an_endpoint_that_is_no_url_is_refused_and_not_repeated(endpoint: str) -> None:
    with pytest.raises(InvalidSettings, match="Endpoint is a URL") as caught:
        load(USER | {"Endpoint": endpoint})
    assert "user-secret" not in str(caught.value)
    assert "pw@" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"location": "http://host"}, "location"),
        ({"location": "host:70000"}, "location"),
        ({"region": "a b"}, "region"),
        ({"admin_path": "a/b"}, "admin_path"),
        ({"part_size": 1}, "part_size"),
        ({"lookup_threads": 0}, "lookup_threads"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"public_endpoint": "s3.example.com"}, "public_endpoint"),
        ({"ca_file": "/ca.pem"}, "secure=true"),
        ({"secret_key": ""}, "needs secret_key"),
        ({"swift_user": "a:b"}, "go together"),
        ({"swift_secret": "s"}, "go together"),
        ({"swift": "x"}, "unknown setting"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(settings: dict[str, object], message: str) -> None:
    given = {"location": "127.0.0.1:7480", "access_key": "a", "secret_key": "b"} | settings
    with pytest.raises(InvalidSettings, match=message):
        load_settings(RgwSettings, None, given, {})


def test_a_ca_file_that_is_not_there_is_refused_when_the_store_opens() -> None:
    settings = {"access_key": "a", "secret_key": "b", "secure": True, "ca_file": "/no/such/ca.pem"}
    with pytest.raises(InvalidSettings, match="ca_file"):
        open_store("rgw://127.0.0.1:1", settings=settings, environ={})
