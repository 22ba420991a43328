"""What was found out is kept, in the process and in a file, which counts only if nobody else can have written it."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bucketry import Secret
from bucketry_s3 import S3StoreSettings
from bucketry_s3.cache import Cache, forget
from bucketry_s3.found import CONSERVATIVE, Dialect, Found
from msgspec.structs import replace

from tests.s3.backend import store_on
from tests.servers.handles import Reachable

pytestmark = pytest.mark.usefixtures("no_memory")

FOUND = Found(features=("put_if_match",), algorithms=("SHA256",), dialect=Dialect(refused_keys=("a NUL",)))
SETTINGS = S3StoreSettings(location="host:9000", region="us-east-1", access_key="key", secret_key=Secret("hidden"))


def cache_at(path: Path | str, **more: Any) -> Cache:
    return Cache(replace(SETTINGS, probe_cache=str(path), **more), "user", "Server")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that says what was found out, as another process has written it."""
    path = tmp_path / "probes.json"
    cache_at(path).put(FOUND)
    forget()
    return path


def test_another_process_reads_the_cache(own_port: Reachable, requests_made: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "probes.json"
    with store_on(own_port, probe_cache=str(cache)) as store:
        found = store.capabilities.features
    forget()
    requests_made.clear()
    with store_on(own_port, probe_cache=str(cache)) as store:
        assert store.capabilities.features == found
    assert requests_made == ["GET /"]
    assert own_port.secret_key not in cache.read_text()
    assert [path.name for path in tmp_path.iterdir()] == [cache.name]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600


def test_a_cache_that_cannot_be_written_is_no_failure(own_port: Reachable, tmp_path: Path) -> None:
    with store_on(own_port, probe_cache=str(tmp_path / "missing" / "probes.json")) as store:
        assert store.capabilities.features.put_if_match


def test_what_was_found_out_is_read_again(path: Path) -> None:
    assert cache_at(path).get() == FOUND


def changed(**found: object) -> Callable[[Path], object]:
    """Writes another value into what was found out."""

    def change(path: Path) -> None:
        content = json.loads(path.read_bytes())
        (entry,) = content["servers"].values()
        entry["found"] |= found
        path.write_text(json.dumps(content))

    return change


def linked(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("another")))


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def holding(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


SPOILS: dict[str, Callable[[Path], object]] = {
    "empty": holding(b""),
    "cut": holding(b"{"),
    "a list": holding(b"[]"),
    "a number": holding(b"7"),
    "no version": holding(b'{"servers": {}}'),
    "no text": holding(b"\xff\xfe"),
    "a version that is a list": holding(b'{"version": []}'),
    "deep": holding(b'{"version": 3, "servers": ' + b'{"a":' * 100_000),
    "an unknown feature": changed(features=["no_such_feature"]),
    "a feature that is never declared": changed(features=["checksums"]),
    "features that are a number": changed(features=7),
    "an unknown algorithm": changed(algorithms=["ROT13"]),
    "an unknown kind of keys": changed(dialect={"refused_keys": ["keys that I do not like"]}),
    "an unknown pin": changed(dialect={"copy_pin": "with glue"}),
    "an unknown field": changed(colour="red"),
    "the group may write": lambda path: path.chmod(0o620),
    "everybody may write": lambda path: path.chmod(0o602),
    "a link": linked,
    "a pipe": piped,
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_what_is_not_as_this_driver_writes_it_is_made_anew(path: Path, spoil: Callable[[Path], object]) -> None:
    spoil(path)
    cache = cache_at(path)
    assert cache.get() is None
    cache.put(FOUND)
    forget()
    assert cache.get() == FOUND
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600


def test_another_users_file_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert cache_at(path).get() is None


def test_a_cache_of_another_release_is_no_surprise(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text('{"version": 999, "servers": {"host": "whatever"}}')
    assert cache_at(path).get() is None
    assert caplog.text == ""


def test_what_depends_on_user_and_way_is_not_mixed_up() -> None:
    aws = replace(SETTINGS, location="s3.eu-west-1.amazonaws.com", secure=True, region="eu-west-1")
    names = [
        Cache(settings, user, server).name
        for settings in (
            SETTINGS,
            aws,
            replace(aws, region="eu-west-2"),
            replace(aws, location="s3.dualstack.eu-west-1.amazonaws.com"),
            replace(aws, location="s3-fips.eu-west-1.amazonaws.com"),
            replace(SETTINGS, addressing="virtual"),
            replace(SETTINGS, probe_bucket="photos"),
        )
        for user in ("one", "another")
        for server in ("MinIO", "")
    ]
    assert len(set(names)) == len(names)
    assert "hidden" not in "".join(names)


def test_by_default_the_file_is_among_the_users_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    cache_at("auto").put(FOUND)
    assert stat.S_IMODE((tmp_path / "caches/bucketry").stat().st_mode) == 0o700
    assert cache_at(tmp_path / "caches/bucketry/s3-probes.json").get() == FOUND


@pytest.mark.parametrize("home", ["missing/file", "file"])
def test_without_a_home_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "missing").touch()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / home))
    cache_at("auto").put(CONSERVATIVE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "missing"]


def test_servers_do_not_wait_for_one_another() -> None:
    one, another = (Cache(SETTINGS, user, "") for user in ("one", "another"))
    begun, ended = threading.Event(), threading.Event()

    def find_out() -> None:
        begun.set()
        with one.turn():
            ended.set()

    waiting = threading.Thread(target=find_out)
    with one.turn(), another.turn():
        waiting.start()
        assert begun.wait(60)
        assert not ended.is_set()
    waiting.join()
    assert ended.is_set()
