"""Each fall-back of docs/platforms.md works: the call that other systems lack is taken away."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from bucketry import open_store
from bucketry.layers import Quota
from bucketry.quotas import QuotaRule
from bucketry_access import editing
from bucketry_http.server.flow import bound_sending
from bucketry_http.server.process_memory import keep_freed_memory
from bucketry_http.server.server import new_loop

from tools import check_platforms


def test_the_page_names_every_call() -> None:
    assert check_platforms.written() == check_platforms.found()
    assert "http/src/bucketry_http/server/flow.py" in check_platforms.found()


def test_a_call_that_is_missing_elsewhere_is_found() -> None:
    source = (
        "import os, socket as s\nfrom signal import SIGHUP\nos.fork()\ngetattr(s, 'SO_REUSEPORT', None)\nos.getpid()\n"
    )
    found = {f"{module}.{name}": check_platforms.missing(module, name) for module, name in check_platforms.used(source)}
    assert {name: set(systems) for name, systems in found.items() if systems} == {
        "os.fork": {"Windows"},
        "signal.SIGHUP": {"Windows"},
        "socket.SO_REUSEPORT": {"Windows"},
    }
    assert check_platforms.missing("os", "posix_fadvise") == {"Windows", "macOS"}
    assert check_platforms.missing("os", "getpid") == set()


def test_without_locks_and_owners_the_access_file_is_still_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.delattr(os, "chown")
    monkeypatch.delattr(os, "O_CLOEXEC")
    path = tmp_path / "access.toml"
    with editing(path, create=True) as editor:
        editor.add_user("alice")
    assert "alice" in path.read_text()


def test_without_locks_a_quota_holds_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with open_store("memory://", layers=[Quota(QuotaRule(buckets="*", max_objects=1))]) as store:
        store.create_bucket("assets")
        store.put_object("assets", "a", b"")


def test_without_the_kernels_timeout_the_server_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def bound() -> bool:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, *address)
            try:
                return bound_sending(transport, 5)
            finally:
                transport.close()
                await asyncio.sleep(0)

    assert asyncio.run(bound()) is hasattr(socket, "TCP_USER_TIMEOUT")
    monkeypatch.delattr(socket, "TCP_USER_TIMEOUT", raising=False)
    assert asyncio.run(bound()) is False


def test_without_uvloop_the_loop_is_asyncios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = new_loop()
    loop.close()
    assert type(loop).__module__.startswith("asyncio")


def test_without_glibc_memory_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("ctypes.CDLL", None)  # to call it would fail
    keep_freed_memory()
