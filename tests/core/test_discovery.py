"""Finding drivers by entry point: the one that is asked for, whatever the others do."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bucketry import InvalidDriver, InvalidSettings, Secret, installed_drivers, open_store

from tests.core.tiny import TinyDriver, TinySettings

Install = Callable[..., None]

NEWER = """
from tests.core.tiny import TinyDriver
class Driver(TinyDriver):
    contract_version = 99
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution on the path that claims schemes by entry point."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(distribution: str, source: str = "", **entries: str) -> None:
        module = distribution.replace("-", "_")
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        lines = [f"{scheme} = {value}" for scheme, value in entries.items()]
        (info / "entry_points.txt").write_text("\n".join(["[bucketry.drivers]", *lines, ""]))
        if source:
            (tmp_path / f"{module}.py").write_text(source)
            monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.invalidate_caches()

    return make


@pytest.fixture
def tiny(install: Install) -> None:
    install("acme-tiny", tiny="tests.core.tiny:TinyDriver")


@pytest.mark.usefixtures("tiny")
def test_a_driver_is_opened_by_its_scheme() -> None:
    with open_store("tiny://somewhere?size=3", environ={}) as store:
        assert store.capabilities.driver == "tiny"
        store.put_object("photos", "key", b"content")


@pytest.mark.usefixtures("tiny")
def test_a_settings_object_opens_its_driver() -> None:
    assert open_store(TinySettings(size=2)).capabilities.driver == "tiny"
    with pytest.raises(InvalidSettings, match="beside"):
        open_store(TinySettings(), settings={"size": 1})


@pytest.mark.usefixtures("tiny")
def test_an_unknown_scheme_lists_the_installed_ones() -> None:
    with pytest.raises(InvalidSettings, match=r"no driver is installed for acme:// \(installed: .*tiny"):
        open_store("acme://host", environ={})


@pytest.mark.usefixtures("tiny")
def test_a_broken_driver_prevents_no_other(install: Install) -> None:
    install("acme-broken", "import no_such_module_anywhere\n", broken="acme_broken:Driver")
    install("acme-exits", "raise SystemError('no licence')\n", exits="acme_exits:Driver")
    install("acme-absent", absent="acme_absent_module:Driver")
    install("acme-function", "def Driver(settings): ...\n", function="acme_function:Driver")
    install(
        "acme-newer",
        "from tests.core.tiny import TinyDriver\nclass Driver(TinyDriver):\n    contract_version = 99\n",
        newer="acme_newer:Driver",
    )
    install(
        "acme-nameless",
        "from bucketry import DriverSettings\nfrom tests.core.tiny import TinyDriver\n"
        "class Settings(DriverSettings, frozen=True, kw_only=True): ...\n"
        "class Driver(TinyDriver):\n    Settings = Settings\n",
        nameless="acme_nameless:Driver",
    )
    for scheme, said in {
        "nameless": "has settings without a scheme",
        "broken": "the driver acme_broken:Driver of acme-broken cannot be imported: ModuleNotFoundError",
        "exits": "cannot be imported: SystemError: no licence",
        "absent": "cannot be imported",
        "function": "is not a class that inherits",
        "newer": "speaks version 99 of the contract and this bucketry speaks 3",
    }.items():
        with pytest.raises(InvalidDriver, match=said):
            open_store(f"{scheme}://", environ={})
    assert open_store("tiny://", environ={}).capabilities.driver == "tiny"
    listed = {driver.name: driver for driver in installed_drivers()}
    assert listed["tiny"].problem == ""
    assert (listed["tiny"].distribution, listed["tiny"].version) == ("acme-tiny", "1.2")
    assert listed["tiny"].operations == {"put_object", "get_object", "head_object"}
    assert listed["tiny"].features == TinyDriver.features
    assert "ModuleNotFoundError" in listed["broken"].problem
    assert listed["newer"].contract_version is None


def test_features_that_only_an_instance_knows_are_not_listed(install: Install) -> None:
    install(
        "acme-late",
        "from tests.core.tiny import TinyDriver\n"
        "class Driver(TinyDriver):\n"
        "    @property\n"
        "    def features(self): return TinyDriver.features\n",
        tiny="acme_late:Driver",
    )
    (listed,) = [driver for driver in installed_drivers() if driver.name == "tiny"]
    assert (listed.problem, listed.features) == ("", None)
    assert open_store("tiny://", environ={}).capabilities.features == TinyDriver.features


def test_only_the_driver_that_is_asked_for_is_imported(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("acme-tiny", tiny="tests.core.tiny:TinyDriver")
    install("acme-unasked", "raise RuntimeError\n", unasked="acme_unasked:Driver")
    open_store("tiny://", environ={})
    assert "acme_unasked" not in sys.modules


def test_a_scheme_that_is_claimed_twice_is_refused_with_both_names(install: Install) -> None:
    install("acme-one", "", tiny="acme_one:Driver")
    install("acme-two", "", tiny="acme_two:Driver")
    with pytest.raises(InvalidDriver, match="acme-one and acme_two:Driver of acme-two"):
        open_store("tiny://", environ={})


def test_a_driver_that_is_installed_under_another_name_is_refused(install: Install) -> None:
    install("acme-other", other="tests.core.tiny:TinyDriver")
    with pytest.raises(InvalidDriver, match="installed for other:// but names itself 'tiny'"):
        open_store("other://", environ={})


def test_a_constructor_that_fails_is_reported_in_one_sentence(install: Install) -> None:
    install(
        "acme-fails",
        "from tests.core.tiny import TinyDriver\n"
        "class Driver(TinyDriver):\n"
        "    def __init__(self, settings):\n"
        "        raise OSError('no route')\n",
        tiny="acme_fails:Driver",
    )
    with pytest.raises(InvalidDriver, match="the driver 'tiny' cannot be made: OSError: no route"):
        open_store("tiny://", environ={})


@pytest.mark.usefixtures("tiny")
def test_no_secret_shows_in_a_settings_error() -> None:
    secret = "s3cr3t-value"
    for target, settings, environ in (
        (f"tiny://key:{secret}@host", {}, {}),
        (f"tiny://host?secret_key={secret}", {}, {}),
        ("tiny://host", {"secret_key": secret, "size": "many"}, {}),
        ("tiny://host", {}, {"BUCKETRY_TINY_SECRET_KEY": secret, "BUCKETRY_TINY_SIZE": "many"}),
        ("tiny://host", {"secret_key": [secret]}, {}),
    ):
        with pytest.raises(InvalidSettings) as caught:
            open_store(target, settings=settings, environ=environ)
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None
    assert secret not in repr(TinySettings(secret_key=Secret(secret)))
