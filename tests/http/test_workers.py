"""Several processes that serve the same on the same sockets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from bucketry_http.server.server import bind
from bucketry_http.server.workers import MAX_DEATHS, RETRY_SECONDS, Workers, WorkersFailed

from tests.http.serving import WAIT, eventually
from tests.http.worker_apps import broken, short_lived, unfit

ROOT = Path(__file__).parents[2]


def pid_behind(port: int) -> int | None:
    """Asks on a connection of its own; ``None`` if it breaks."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=WAIT) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        said = b""
        while piece := client.recv(4096):
            said += piece
        if said.startswith(b"HTTP/1.1 200 "):
            return int(said.rpartition(b"\r\n")[2])
    return None


MAIN = """
from bucketry_http.server.server import bind
from bucketry_http.server.settings import ServerSettings
from bucketry_http.server.workers import Workers
from tests.http.worker_apps import opened_unless_told

if __name__ == "__main__":
    sockets = [bind("127.0.0.1", 0) for _ in range(2)]
    ready = lambda: print(*(bound.getsockname()[1] for bound in sockets), flush=True)
    Workers(opened_unless_told, sockets, 2, on_ready=ready, settings=ServerSettings(grace_seconds=1)).run()
"""


@pytest.fixture
def parent_of_two_ports(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process with two workers, and their two ports."""
    script = tmp_path / "parent.py"
    script.write_text(MAIN)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ, cwd=tmp_path) as process:
        assert process.stdout is not None
        yield process, [int(port) for port in process.stdout.readline().split()]
        process.kill()


@pytest.fixture
def parent(
    parent_of_two_ports: tuple[subprocess.Popen[str], list[int]],
) -> tuple[subprocess.Popen[str], int]:
    """The same, and one of their ports."""
    process, ports = parent_of_two_ports
    return process, ports[0]


def serving(port: int) -> set[int]:
    """The processes that serve, as many requests find them."""
    found = {pid_behind(port) for _ in range(30)}
    return {pid for pid in found if pid is not None}


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_all_of_them_serve_and_end_with_their_parents_signal(parent: tuple[subprocess.Popen[str], int]) -> None:
    process, port = parent
    assert eventually(lambda: len(serving(port)) == 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    assert pid_behind(port) is None


def test_workers_obey_their_parent_alone(parent: tuple[subprocess.Popen[str], int]) -> None:
    """A terminal's Ctrl-C reaches all processes: if workers obeyed it too, the parent's word would be the second."""
    process, port = parent
    assert eventually(lambda: len(serving(port)) == 2)
    for pid in (pids := serving(port)):
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
    assert serving(port) <= pids
    process.send_signal(signal.SIGINT)
    assert process.wait(WAIT) == 0


def test_one_that_dies_is_replaced_on_all_ports(
    parent_of_two_ports: tuple[subprocess.Popen[str], list[int]],
) -> None:
    process, ports = parent_of_two_ports
    assert eventually(lambda: [len(serving(port)) for port in ports] == [2, 2])
    before = serving(ports[0])
    assert serving(ports[1]) <= before
    os.kill(min(before), signal.SIGKILL)
    assert eventually(lambda: all(serving(port) - before for port in ports))
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    assert [pid_behind(port) for port in ports] == [None, None]


def test_one_that_cannot_start_does_not_end_those_that_serve(
    parent: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    process, port = parent
    assert eventually(lambda: len(serving(port)) == 2)
    (tmp_path / "broken").touch()
    dead, left = sorted(serving(port))
    os.kill(dead, signal.SIGKILL)
    # Several tries fail meanwhile, and another worker would end the server if each were a death.
    ends = time.monotonic() + RETRY_SECONDS + 1
    while time.monotonic() < ends:
        assert serving(port) == {left}
        time.sleep(0.2)
    assert process.poll() is None
    (tmp_path / "broken").unlink()
    assert eventually(lambda: len(serving(port)) == 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0


def test_workers_end_when_their_parent_is_gone(parent: tuple[subprocess.Popen[str], int]) -> None:
    process, port = parent
    assert eventually(lambda: len(serving(port)) == 2)
    pids = serving(port)
    process.kill()
    assert eventually(lambda: not any(map(is_alive, pids)))


def test_a_worker_that_does_not_start_ends_the_server() -> None:
    begun = time.monotonic()
    with pytest.raises(WorkersFailed, match=r"before it was ready \(exit code 1\)"):
        Workers(broken, [bind("127.0.0.1", 0)], 2).run()
    assert time.monotonic() < begun + WAIT


def test_a_worker_says_in_one_sentence_why_it_cannot_serve(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkersFailed, match=r"before it was ready \(exit code 1\)"):
        Workers(unfit, [bind("127.0.0.1", 0)], 1).run()
    said = capfd.readouterr().err
    assert "cannot serve: The settings are not valid: the key does not belong to the certificate" in said
    assert "Traceback" not in said


def test_workers_that_die_again_and_again_end_the_server() -> None:
    with pytest.raises(WorkersFailed, match=rf"{MAX_DEATHS + 1} workers died within 60 seconds .*exit code 7"):
        Workers(short_lived, [bind("127.0.0.1", 0)], 2).run()
