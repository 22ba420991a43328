"""A folder of objects as a store, found by its entry point as any installed driver is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from bucketry import Store, open_store
from bucketry_cli import s3_endpoint
from bucketry_cli import serve as serve_module
from bucketry_cli.app import cli
from bucketry_http import ServerSettings
from click.testing import CliRunner, Result

from tests.kept_logging import kept_logging

ROOT = Path(__file__).parents[2]

Run = Callable[..., Result]
Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes a driver look installed: ``install("acme", "module:Class")``."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(name: str, value: str) -> None:
        info = site / f"{name}_driver-1.2.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-driver\nVersion: 1.2.3\n")
        (info / "entry_points.txt").write_text(f"[bucketry.drivers]\n{name} = {value}\n")

    return install


@pytest.fixture
def store_url(tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty store, which `run` and `spawn` use as they would any other."""
    install("folder", "tests.cli.folder_driver:FolderDriver")
    install("plain", "tests.cli.folder_driver:PlainDriver")
    objects, work = tmp_path / "objects", tmp_path / "work"
    objects.mkdir()
    work.mkdir()
    monkeypatch.chdir(work)
    for name in [name for name in os.environ if name.startswith("BUCKETRY_")]:
        monkeypatch.delenv(name)
    return f"folder://{objects}"


@pytest.fixture
def shared(install: Install, store_url: str, tmp_path: Path) -> str:
    """URL of an empty store in a file, which several processes share, and which can be an access store."""
    install("sqlite", "bucketry_sqlite:SqliteDriver")
    (tmp_path / "site" / "bucketry_sqlite").symlink_to(ROOT / "examples/bucketry-sqlite/src/bucketry_sqlite")
    return f"sqlite://{tmp_path}/store.db"


@pytest.fixture
def store(store_url: str) -> Store:
    """The same store, with a bucket ``assets`` in it."""
    opened = open_store(store_url)
    opened.create_bucket("assets")
    return opened


@pytest.fixture
def run(store_url: str) -> Run:
    """Runs a command in this process: ``run("ls", "assets")``."""

    def run(*arguments: str, store: str | None = store_url, stdin: bytes | str | None = None) -> Result:
        environment = {} if store is None else {"BUCKETRY_STORE": store}
        with kept_logging():
            return CliRunner().invoke(cli, arguments, prog_name="bucketry", env=environment, input=stdin)

    return run


Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn(store_url: str, tmp_path: Path) -> Iterator[Spawn]:
    """Starts a command as a process of its own, which ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def spawn(
        *arguments: str, store: str | None = store_url, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), str(ROOT)))}
        if store is not None:
            environment["BUCKETRY_STORE"] = store
        command: Sequence[str] = (sys.executable, "-m", "bucketry_cli", *arguments)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment)
        started.append(process)
        return process

    yield spawn
    for process in started:
        process.kill()
        with process:  # Closes its pipes, and waits for it.
            pass


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ``serve`` would listen on, instead of listening."""
    seen: dict[str, Any] = {}

    def remember(
        endpoints: list[Any], headline: str, notes: tuple[tuple[str, str], ...], server: ServerSettings, _: object
    ) -> None:
        listeners = [endpoint.listener for endpoint in endpoints]
        seen.update(listening=[(listener.host, listener.port) for listener in listeners], headline=headline)
        seen.update(notes=dict(notes), server=server)

    def bind(host: str, port: int, option: str) -> socket.socket:
        # Not the ports themselves: another test may have them just now.
        return socket.create_server(("127.0.0.1", 0))

    monkeypatch.setattr(serve_module, "run", remember)
    monkeypatch.setattr(serve_module, "bind", bind)
    monkeypatch.setattr(s3_endpoint, "bind", bind)
    return seen
