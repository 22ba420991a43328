"""What only a process of its own can show: pipes, signals, terminals and imports."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bucketry import Store

from tests.cli.conftest import Spawn

PATIENCE = 60.0
"""How long to wait for something that is sure to come, in seconds."""

IMPORTS = """
import sys
from bucketry_cli import main
sys.argv = ["bucketry", *sys.argv[1:]]
try:
    main()
except SystemExit:
    heavy = {"litestar", "uvicorn", "bucketry_http", "rich", "bucketry_memory"}
    print("imported:", *sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, (stdout or b"").decode(), (stderr or b"").decode()


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["ls"], ["put", "file", "assets/a"]])
def test_only_serve_imports_the_http_side(store: Store, store_url: str, tmp_path: Path, arguments: list[str]) -> None:
    Path("file").write_bytes(b"x")
    root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "BUCKETRY_STORE": store_url,
        "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), root)),
    }
    command = [sys.executable, "-c", IMPORTS, *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert result.stderr.splitlines()[-1] == "imported:"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_download_leaves_nothing_half_written(
    store: Store, store_url: str, spawn: Spawn, number: signal.Signals, code: int
) -> None:
    store.put_object("assets", "big", b"x" * 4_000_000)
    Path("big").write_bytes(b"old")
    process = spawn("get", "assets/big", store=f"{store_url}?pause=0.5")
    wait_until(lambda: list(Path().glob(".bucketry-*")))
    process.send_signal(number)
    returned, stdout, stderr = finish(process)
    assert returned == code
    assert "Traceback" not in stderr
    assert stdout == ""
    assert [(path.name, path.read_bytes()) for path in Path().iterdir()] == [("big", b"old")]


def test_a_reader_that_goes_away_is_no_error_message(store: Store, spawn: Spawn) -> None:
    for number in range(3000):
        store.put_object("assets", f"{number:04}" + "x" * 60, b"")
    store.put_object("assets", "big", b"x" * 3_000_000)
    for arguments in (["ls", "assets"], ["get", "assets/big", "-"]):
        process = spawn(*arguments)
        assert process.stdout is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 1


def on_terminal(spawn: Spawn, *arguments: str) -> tuple[int, str]:
    """Runs a command whose standard error is a terminal; returns its exit code and what the terminal got."""
    master, slave = pty.openpty()
    process = spawn(*arguments, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # How Linux says that the terminal's other side is closed.
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    return process.wait(PATIENCE), shown.decode()


COLOUR = re.compile(r"\x1b\[[\d;]*3\d")


def test_a_terminal_gets_a_progress_bar(
    store: Store, spawn: Spawn, monkeypatch: pytest.MonkeyPatch, store_url: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    Path("[red]file").write_bytes(b"x" * 3_000_000)
    code, shown = on_terminal(spawn, "put", "[red]file", "assets/")
    assert code == 0
    assert "[red]file" in shown
    assert "2.9/2.9 MiB" in shown
    assert COLOUR.search(shown)
    assert "uploaded 1 object to assets/[red]file (2.9 MiB)" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    code, shown = on_terminal(spawn, "get", "assets/[red]file", "copy")
    assert code == 0
    assert "2.9/2.9 MiB" in shown
    assert not COLOUR.search(shown)
    assert Path("copy").read_bytes() == b"x" * 3_000_000


def test_without_a_terminal_there_is_no_bar(store: Store, spawn: Spawn) -> None:
    Path("file").write_bytes(b"x" * 3_000_000)
    assert finish(spawn("put", "file", "assets/a")) == (0, "", "uploaded 1 object to assets/a (2.9 MiB)\n")


def test_a_terminal_that_is_not_utf8_gets_escapes(store: Store, spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put_object("assets", "grün-✓", b"")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    process = spawn("ls", "assets")
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stderr) == (0, b"")
    assert stdout.endswith(b"  gr\xfcn-\\u2713\n")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252", "gb18030"])
def test_json_is_json_whatever_the_encoding(
    store: Store, spawn: Spawn, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    key = "é\u201c✓😀\\u00e9\n"
    store.put_object("assets", key, b"")
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    process = spawn("ls", "assets", "--json")
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stderr) == (0, b"")
    assert json.loads(stdout)["key"] == key


def test_a_memory_store_says_that_it_is_gone_afterwards(spawn: Spawn, store: Store) -> None:
    code, stdout, stderr = finish(spawn("ls", store="memory://"))
    assert (code, stdout) == (0, "")
    assert "'bucketry serve' keeps one" in stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["ls assets --json", "get assets/a -", "drivers"])
def test_a_closed_stream_is_like_one_that_leads_nowhere(
    store: Store, store_url: str, tmp_path: Path, command: str, closed: str
) -> None:
    store.put_object("assets", "a", b"content")
    result = in_shell(f"{command} {closed}", store_url, tmp_path)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["ls assets", "get assets/a -", "drivers"])
def test_a_full_disk_is_one_line_and_exit_code_1(store: Store, store_url: str, tmp_path: Path, command: str) -> None:
    store.put_object("assets", "a", b"content")
    result = in_shell(f"{command} > /dev/full", store_url, tmp_path)
    assert (result.returncode, result.stderr) == (1, b"error: No space left on device\n")


def in_shell(command: str, store_url: str, tmp_path: Path) -> subprocess.CompletedProcess[bytes]:
    path = os.pathsep.join((str(tmp_path / "site"), str(Path(__file__).parents[2])))
    environment = {**os.environ, "BUCKETRY_STORE": store_url, "PYTHONPATH": path}
    line = f"{shlex.quote(sys.executable)} -m bucketry_cli {command}"
    return subprocess.run(["/bin/sh", "-c", line], env=environment, capture_output=True, timeout=PATIENCE, check=False)
