"""Settings from a configuration file are the weakest: the environment and the URL win over them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from bucketry import DriverSettings, InvalidSettings, Secret, open_store
from bucketry.settings import load_settings, parse_url

from tests.core.tiny import TinySettings


def test_the_later_wins_of_defaults_environment_url_and_explicit() -> None:
    defaults = {"location": "default", "size": 1, "verbose": True, "secret_key": "default"}
    environ = {"BUCKETRY_TINY_LOCATION": "environment", "BUCKETRY_TINY_SIZE": "2", "BUCKETRY_TINY_SECRET_KEY": "env"}
    settings = load_settings(
        TinySettings, parse_url("tiny://?size=3&verbose=false"), {"verbose": True}, environ, defaults
    )
    assert (settings.location, settings.size, settings.verbose) == ("environment", 3, True)
    assert settings.secret_key is not None
    assert settings.secret_key.reveal() == "env"


def test_defaults_stand_where_nothing_else_is_said_and_are_not_changed() -> None:
    defaults = {"size": 7}
    assert load_settings(TinySettings, environ={}, defaults=defaults).size == 7
    assert defaults == {"size": 7}


def test_an_unknown_default_is_an_error_that_names_what_is_known() -> None:
    with pytest.raises(InvalidSettings, match=r"`sise`.*'tiny' knows: location, size, verbose, secret_key"):
        load_settings(TinySettings, environ={}, defaults={"sise": 7})


def test_a_settings_object_stands_alone() -> None:
    settings: DriverSettings = TinySettings()
    with pytest.raises(InvalidSettings, match="in the settings object"):
        open_store(settings, defaults={"size": 7})


class PlatformSettings(TinySettings, frozen=True, kw_only=True):
    @classmethod
    def from_environment(cls, environ: Mapping[str, str], given: Mapping[str, object]) -> Mapping[str, object]:
        found = {"location": environ["PLATFORM_HOST"], "size": "5", "secret_key": environ["PLATFORM_SECRET"]}
        return {**found, "verbose": sorted(given) == ["size"]}


def test_what_a_platform_says_wins_over_defaults_alone() -> None:
    environ = {"PLATFORM_HOST": "platform", "PLATFORM_SECRET": "hidden", "BUCKETRY_TINY_SIZE": "3"}
    defaults = {"location": "default", "size": 1}
    settings = load_settings(PlatformSettings, parse_url("tiny://"), None, environ, defaults)
    assert (settings.location, settings.size) == ("platform", 3)
    assert settings.verbose, "what bucketry's own terms say was not given"
    assert settings.secret_key is not None
    assert settings.secret_key.reveal() == "hidden"
    assert "hidden" not in repr(settings)


def test_what_a_platform_says_may_be_malformed_too() -> None:
    environ = {"PLATFORM_HOST": "platform", "PLATFORM_SECRET": "hidden", "BUCKETRY_TINY_SIZE": "many"}
    with pytest.raises(InvalidSettings) as caught:
        load_settings(PlatformSettings, environ=environ)
    assert "hidden" not in str(caught.value)


def test_a_caller_may_give_a_secret_as_one() -> None:
    settings = load_settings(TinySettings, None, {"secret_key": Secret("hidden")}, {})
    assert settings.secret_key == Secret("hidden")
