"""Errors name what is misspelt, missing or not installed, and suggest what was probably meant."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from bucketry import (
    DriverSettings,
    InvalidDriver,
    InvalidSettings,
    Secret,
    _discovery,
    _open_store,
    open_store,
    settings,
)
from bucketry.redaction import redacted
from bucketry.settings import load_settings, parse_url, variables_of, warn_of_unknown


class NeedySettings(DriverSettings, frozen=True, kw_only=True):
    scheme = "needy"

    location: str
    access_key: str
    secret_key: Secret
    retries: int = 3


NOTHING: dict[str, str] = {}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_told", set())
    monkeypatch.setattr(settings, "_read", set())
    _discovery._find.cache_clear()


def install_only(monkeypatch: pytest.MonkeyPatch, *schemes: str) -> None:
    def installed(group: str, name: str | None = None) -> list[EntryPoint]:
        entries = [EntryPoint(scheme, f"{scheme}:Driver", group) for scheme in schemes]
        return [entry for entry in entries if name in {None, entry.name}]

    monkeypatch.setattr(_discovery, "entry_points", installed)


@pytest.mark.parametrize(
    ("url", "installed", "said"),
    [
        ("minoi://host", ["memory", "minio"], r"did you mean minio://\? \(installed: memory, minio\)"),
        ("mino://host", ["memory"], r"did you mean minio://, which pip install bucketry-minio brings\?"),
        ("minio://host", ["memory"], r"the driver for minio:// is not installed: pip install bucketry-minio \("),
        ("rgw://host", [], r"pip install bucketry-rgw \(installed: none\)"),
        ("memroy://", ["memory"], r"did you mean memory://\?"),
        ("acmee://host", ["acme", "memory"], r"did you mean acme://\?"),
        ("zzz://host", ["memory"], r"no driver is installed for zzz:// \(installed: memory\)"),
    ],
)
def test_a_scheme_without_a_driver_names_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, url: str, installed: list[str], said: str
) -> None:
    install_only(monkeypatch, *installed)
    with pytest.raises(InvalidSettings, match=said):
        open_store(url, environ=NOTHING)


def test_schemes_ignore_case() -> None:
    with open_store("MEMORY://", environ=NOTHING) as store:
        assert store.capabilities.driver == "memory"
    assert parse_url("MinIO://Host:9000/Path?A=b").scheme == "minio"
    assert parse_url("MinIO://Host:9000/Path?A=b").location == "Host:9000/Path"


@pytest.mark.parametrize(
    ("url", "environ", "said"),
    [
        (
            "needy://host",
            NOTHING,
            (
                r"needs access_key and secret_key: set BUCKETRY_NEEDY_ACCESS_KEY and "
                r"BUCKETRY_NEEDY_SECRET_KEY \(or BUCKETRY_NEEDY_SECRET_KEY_FILE\)$"
            ),
        ),
        ("needy://host", {"BUCKETRY_NEEDY_ACCESS_KEY": "a"}, r"needs secret_key: set BUCKETRY_NEEDY_SECRET_KEY"),
        (
            "needy://host",
            {"BUCKETRY_NEEDY_ACCESS_KEY": "", "BUCKETRY_NEEDY_SECRET_KEY": "hidden"},
            r"needs access_key: set BUCKETRY_NEEDY_ACCESS_KEY$",
        ),
        ("needy://", NOTHING, r"needs location and .*: name the place in the URL, as in needy://PLACE; set BUCKETRY_"),
        (
            "needy://host",
            {"BUCKETRY_NEEDY_ACCESS_KEY": "a", "BUCKETRY_NEEDY_SECRET_KYE": "hidden"},
            r"\(nothing reads BUCKETRY_NEEDY_SECRET_KYE, which is set\)$",
        ),
    ],
)
def test_a_missing_setting_names_its_variable(url: str, environ: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidSettings, match=said) as caught:
        load_settings(NeedySettings, parse_url(url), environ=environ)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("driver", ["minio", "rgw"])
def test_our_own_drivers_name_their_variables(driver: str) -> None:
    with pytest.raises(InvalidSettings, match=f"BUCKETRY_{driver.upper()}_ACCESS_KEY"):
        open_store(f"{driver}://localhost:9000", environ=NOTHING)


def test_a_variable_that_nothing_reads_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    given: dict[str, Any] = {"location": "here", "access_key": "a", "secret_key": "b"}
    environ = {
        "BUCKETRY_NEEDY_RETRYS": "5",
        "BUCKETRY_NEEDY_XYZ": "5",
        "BUCKETRY_NEEDY_SECRET_KEY_FILES": "/hidden",
        "BUCKETRY_NEEDY_SERVICE_HOST": "10.0.0.1",
        "BUCKETRY_NEEDY_PORT_80_TCP": "tcp://10.0.0.1:80",
        "BUCKETRY_NEEDY_API_PORT": "tcp://10.0.0.1:80",
        "BUCKETRY_OTHER_RETRYS": "5",
        "BUCKETRY_NEEDY_RETRIES": "2",
    }
    with caplog.at_level(logging.WARNING, "bucketry"):
        for _ in range(3):
            assert load_settings(NeedySettings, explicit=given, environ=environ).retries == 2
    assert caplog.messages == [
        "nothing reads the variable BUCKETRY_NEEDY_RETRYS (did you mean BUCKETRY_NEEDY_RETRIES?)",
        "nothing reads the variable BUCKETRY_NEEDY_SECRET_KEY_FILES (did you mean BUCKETRY_NEEDY_SECRET_KEY_FILE?)",
        "nothing reads the variable BUCKETRY_NEEDY_XYZ",
    ]


def test_a_variable_in_another_case_is_another_one(caplog: pytest.LogCaptureFixture) -> None:
    given: dict[str, Any] = {"location": "here", "access_key": "a", "secret_key": "b"}
    environ = {"bucketry_needy_retries": "5", "Bucketry_Needy_Secret_Kee": "c", "BUCKETRY_NEEDY_X_PORT": "80"}
    with caplog.at_level(logging.WARNING, "bucketry"):
        assert load_settings(NeedySettings, explicit=given, environ=environ).retries == 3
    assert caplog.messages == [
        "nothing reads the variable BUCKETRY_NEEDY_X_PORT",
        "nothing reads the variable Bucketry_Needy_Secret_Kee (did you mean BUCKETRY_NEEDY_SECRET_KEY?)",
        "nothing reads the variable bucketry_needy_retries (did you mean BUCKETRY_NEEDY_RETRIES?)",
    ]
    assert [redacted(message) for message in caplog.messages] == caplog.messages


def test_what_somebody_else_reads_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    given: dict[str, Any] = {"location": "here", "access_key": "a", "secret_key": "b"}
    environ = {"BUCKETRY_NEEDY_CURVES": "5"}
    with caplog.at_level(logging.WARNING, "bucketry"):
        warn_of_unknown(environ, {"BUCKETRY_NEEDY_CURVES"})
        load_settings(NeedySettings, explicit=given, environ=environ)
    assert not caplog.messages


def test_variables_are_those_of_the_fields_and_the_files_of_secrets() -> None:
    names = ("LOCATION", "ACCESS_KEY", "SECRET_KEY", "SECRET_KEY_FILE", "RETRIES")
    assert variables_of(NeedySettings) == {f"BUCKETRY_NEEDY_{name}" for name in names}


@pytest.mark.parametrize("target", [None, 5, b"memory://", ["memory://"]])
def test_what_is_no_url_is_named(target: Any) -> None:
    with pytest.raises(InvalidSettings, match=f"a URL or a driver's settings, not {type(target).__name__}"):
        open_store(target)


@pytest.mark.parametrize("layers", ["layer", object()])
def test_layers_that_are_no_list_are_named(layers: Any) -> None:
    with pytest.raises(InvalidDriver, match="the layers are a list"):
        open_store("memory://", layers=layers, environ=NOTHING)


def test_what_a_driver_says_when_it_cannot_be_made_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, given: NeedySettings) -> None:
        raise ValueError(f"cannot sign with {given.secret_key.reveal()}")

    kind = type("Driver", (), {"name": "needy", "Settings": NeedySettings, "__init__": refuse})
    monkeypatch.setattr(_open_store, "find_driver", lambda _: kind)
    values = {"access_key": "a", "secret_key": "hidden-and-long"}
    with pytest.raises(InvalidDriver, match=r"cannot be made: ValueError: cannot sign with \*\*\*$"):
        open_store("needy://here", settings=values, environ=NOTHING)
