"""Servers in processes: they store objects, and end with the process that answers for them."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.containers import Owner
from tests.servers.looking import raw_client
from tests.servers.programs import MOTO, VERSITYGW, LocalServer, Program, ProgramMissing, end_programs, start_program

pytestmark = pytest.mark.clients


@pytest.fixture
def owner_process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


@pytest.fixture
def server(owner_process: subprocess.Popen[bytes], tmp_path: Path) -> LocalServer:
    return start_program(VERSITYGW, Owner(owner_process.pid, tmp_path))


@pytest.mark.parametrize("fixture", ["moto_server", "seaweedfs_server", "versitygw_server"])
def test_it_stores_objects(fixture: str, request: pytest.FixtureRequest) -> None:
    server: LocalServer = request.getfixturevalue(fixture)
    client = raw_client(server)
    client.create_bucket(Bucket=f"stores-{server.pid}")
    client.put_object(Bucket=f"stores-{server.pid}", Key="a/b", Body=b"content")
    assert client.get_object(Bucket=f"stores-{server.pid}", Key="a/b")["Body"].read() == b"content"
    assert server.version[0].isdecimal()


def gone(folder: str) -> bool:
    deadline = time.monotonic() + 30
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not Path(folder).exists()


def leave_by_kill(process: subprocess.Popen[bytes], _: LocalServer, __: Path) -> None:
    process.kill()
    process.wait()


def end_all(_: subprocess.Popen[bytes], __: LocalServer, folder: Path) -> None:
    end_programs(folder)


def stop_it(_: subprocess.Popen[bytes], server: LocalServer, __: Path) -> None:
    server.stop()


@pytest.mark.parametrize("end", [leave_by_kill, end_all, stop_it])
def test_it_ends_and_leaves_nothing(
    end: Callable[[subprocess.Popen[bytes], LocalServer, Path], None],
    owner_process: subprocess.Popen[bytes],
    server: LocalServer,
    tmp_path: Path,
) -> None:
    end(owner_process, server, tmp_path)
    assert gone(server.folder)
    assert {path.suffix for path in tmp_path.iterdir()} == {".log"}
    with pytest.raises(ConnectionRefusedError):
        _connected(server)


def _connected(server: LocalServer) -> None:
    parts = urlsplit(server.url)
    socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()


def test_what_is_not_installed_is_said(tmp_path: Path) -> None:
    program: Program = MOTO._replace(path=tmp_path / "missing")
    with pytest.raises(ProgramMissing, match="make clients"):
        start_program(program, Owner(1, tmp_path))


def test_a_server_that_ends_at_once_is_an_error_with_its_words(
    tmp_path: Path, owner_process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    program: Program = VERSITYGW._replace(arguments=lambda *_: ["--no-such-option"])
    with pytest.raises(RuntimeError, match="no-such-option"):
        start_program(program, Owner(owner_process.pid, tmp_path))
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
