"""``bucketry serve --workers``: the REST API in several processes. S3 has `test_serve_s3_workers`."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path

import pytest
from bucketry_cli import ports as ports_module
from bucketry_cli import serve as serve_module

from tests.cli.conftest import Run, Spawn
from tests.cli.test_configuration import write
from tests.cli.test_serve import PATIENCE, ask, rest_url
from tests.cli.test_serve_stopping import turns_unready
from tests.http.webhooks.receiver import receiving


def test_several_processes_serve_one_store(spawn: Spawn) -> None:
    """With readiness, the reset endpoint and a graceful end, as one process does."""
    process = spawn(
        *("serve", "--workers", "2", "--port", "0", "--no-s3", "--bucket", "assets", "--reset-endpoint"),
        *("--shutdown-delay", "1", "--grace-seconds", "1"),
    )
    url = rest_url(process)
    for _ in range(10):
        assert ask(f"{url}/buckets/assets/objects")[0] == 200
    put = urllib.request.Request(f"{url}/buckets/assets/objects/a", b"content", method="PUT")  # noqa: S310 - our own URL
    with urllib.request.urlopen(put, timeout=PATIENCE) as response:  # noqa: S310
        assert response.status == 201
    reset = urllib.request.Request(url.replace("/api/v1/storage", "/_bucketry/reset"), b"", method="POST")  # noqa: S310
    with urllib.request.urlopen(reset, timeout=PATIENCE) as response:  # noqa: S310
        assert response.status == 204
    for _ in range(10):
        assert ask(f"{url}/buckets/assets/objects") == (200, [])
    process.send_signal(signal.SIGTERM)
    assert turns_unready(url)
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_each_process_sends_its_events_to_webhooks(spawn: Spawn, tmp_path: Path) -> None:
    with receiving() as receiver:
        (tmp_path / "settings.toml").write_text(f'[[webhooks]]\nurl = "{receiver.url}"\nname = "images"\n')
        process = spawn(
            *("--config", str(tmp_path / "settings.toml"), "serve", "--workers", "2", "--port", "0"),
            *("--bucket", "assets", "--reset-endpoint", "--webhook", receiver.url),
        )
        url = rest_url(process)
        for number in range(10):
            put = urllib.request.Request(f"{url}/buckets/assets/objects/{number}", b"content", method="PUT")  # noqa: S310
            with urllib.request.urlopen(put, timeout=PATIENCE):  # noqa: S310
                pass
        assert ask(url.replace("/api/v1/storage", "/_bucketry/events"))[0] == 409
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert {taken.key for taken in receiver.accepted} == {str(number) for number in range(10)}


def test_a_second_signal_ends_all_at_once(spawn: Spawn) -> None:
    process = spawn("serve", "--workers", "2", "--port", "0", "--shutdown-delay", "3600")
    url = rest_url(process)
    process.send_signal(signal.SIGTERM)
    assert turns_unready(url)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No port is bound and no store is opened."""
    monkeypatch.setattr(serve_module, "bind", lambda *_: pytest.fail("a port is bound"))
    monkeypatch.setattr(ports_module, "open_store", lambda *_, **__: pytest.fail("a store is opened"))


@pytest.mark.usefixtures("nothing_starts")
def test_memory_has_one_process(run: Run) -> None:
    result = run("serve", "--workers", "2", "--port", "0", "--no-s3", store="memory://")
    assert result.exit_code == 1
    assert "memory:// keeps its objects in one process" in result.stderr
    assert "leave --workers away" in result.stderr


@pytest.mark.usefixtures("nothing_starts")
def test_none_of_several_stores_may_keep_its_objects_in_one_process(run: Run, store_url: str) -> None:
    tables = [
        '[[stores]]\nname = "near"\nurl = "memory://"\nbuckets = ["near-*"]\n',
        f'[[stores]]\nname = "far"\nurl = "{store_url}"\ndefault = true\n',
    ]
    write("".join(tables))
    result = run("serve", "--workers", "2", "--port", "0", "--no-s3", store=None)
    assert result.exit_code == 1
    assert "memory:// keeps its objects in one process" in result.stderr


@pytest.mark.usefixtures("nothing_starts")
def test_faults_have_one_process(run: Run) -> None:
    result = run("serve", "--workers", "2", "--port", "0", "--fault", "put_object:throttled:nth=2")
    assert result.exit_code == 1
    assert "--fault goes with one process alone" in result.stderr
