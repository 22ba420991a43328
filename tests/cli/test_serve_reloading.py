"""SIGHUP: ``bucketry serve`` reads its settings again, and goes on serving whatever they say."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from functools import cache
from pathlib import Path

import httpx
import pytest
import trustme
from bucketry import Secret
from bucketry_access import NewToken, create_token
from bucketry_http import S3Credential
from types_boto3_s3 import S3Client

from tests.cli.conftest import Spawn
from tests.cli.test_serve import PATIENCE, ask, rest_url
from tests.cli.test_serve_access import places
from tests.cli.test_serve_management import children
from tests.cli.test_serve_users import within_patience
from tests.http.s3.users import client, status_of

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")


class Told:
    """What a server says on standard error."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        self._process = process
        self.text = ""

    def waits_for(self, words: str, *, times: int = 1) -> bool:
        """Waits until the words have come; returns whether they ever did."""
        deadline = time.monotonic() + PATIENCE
        assert self._process.stderr is not None
        while self.text.count(words) < times:
            if time.monotonic() > deadline:
                return False
            self.text += (self._process.stderr.read() or b"").decode()
            time.sleep(0.02)
        return True


def write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


@pytest.mark.parametrize("count", [1, 2])
def test_what_can_change_changes_and_the_rest_is_said(spawn: Spawn, tmp_path: Path, count: int) -> None:
    file = tmp_path / "settings.toml"
    write(file, '[serve]\nlog_level = "warning"\nport = 0\n')
    process = spawn("serve", "--config", str(file), "--no-s3", "--workers", str(count), "--bucket", "assets")
    url = rest_url(process)
    told = Told(process)
    hook = '[[webhooks]]\nurl = "http://127.0.0.1:9/hunter2"\n'
    write(file, f'[serve]\nlog_level = "info"\nport = 1\nworkers = 9\n{hook}')
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("changed, and used from the next start on: --port, [webhooks]")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the settings were read again")
    write(file, "[serve]\nport = 'x'\n")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the settings stay as they were: the settings file")
    write(file, "[serve]\ngrace_seconds = -1\n")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the settings stay as they were: Invalid value for '--grace-seconds'")
    assert ask(f"{url}/buckets/assets/objects") == (200, [])
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert "hunter2" not in told.text
    assert "Traceback" not in told.text


def user(name: str, role: str, made: NewToken) -> str:
    token = f'[[users.tokens]]\nid = "{made.token.id}"\nsha256 = "{made.token.sha256}"\n'
    return f'[[users]]\nid = "{name}"\nroles = ["{role}"]\n{token}'


@pytest.mark.parametrize("count", [1, 2])
def test_users_of_the_file_come_change_and_go(spawn: Spawn, tmp_path: Path, count: int) -> None:
    file = tmp_path / "settings.toml"
    ann, ben = create_token(), create_token()
    write(file, user("ann", "read:*", ann))
    process = spawn(
        "serve", "--config", str(file), "--port", "0", "--no-s3", "--workers", str(count), "--bucket", "things"
    )
    url, told = rest_url(process), Told(process)

    def statuses(*tokens: NewToken, method: str = "GET") -> set[tuple[int, ...]]:
        """Asks often enough for each process to respond."""
        headers = [{"Authorization": f"Bearer {token.text.reveal()}"} for token in tokens]
        place = f"{url}/buckets/things/objects/k"
        asked = [
            tuple(httpx.request(method, place, headers=each, timeout=PATIENCE).status_code for each in headers)
            for _ in range(1 if count == 1 else 12)
        ]
        # A process that had too many wrong tokens says so for a while, and nothing about the users.
        return {each for each in asked if 429 not in each}

    def becomes(expected: tuple[int, ...], *tokens: NewToken, method: str = "GET") -> bool:
        deadline = time.monotonic() + PATIENCE
        while (found := statuses(*tokens, method=method)) != {expected} and time.monotonic() < deadline:
            time.sleep(0.1)
        return found == {expected}

    assert statuses(ann, ben) == {(404, 401)}
    write(file, user("ann", "write:*", ann) + user("ben", "read:*", ben))
    process.send_signal(signal.SIGHUP)
    assert becomes((201, 403), ann, ben, method="PUT")
    for number, wrong in enumerate(('[[users]]\nid = "ann"\n', "roles = 1\n", '[[groups]]\nname = ""\n'), 1):
        write(file, user("ann", "read:*", ann) + wrong)
        process.send_signal(signal.SIGHUP)
        assert told.waits_for("the settings stay as they were", times=number)
    assert statuses(ann, ben, method="PUT") == {(201, 403)}
    write(file, user("ben", "read:*", ben))
    process.send_signal(signal.SIGHUP)
    assert becomes((401, 200), ann, ben)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert told.waits_for("the settings stay as they were", times=3)
    assert told.text.count("\n") == 3, told.text


def test_a_worker_that_takes_anothers_place_has_the_same_users(spawn: Spawn, tmp_path: Path) -> None:
    """Whatever stands in the file by then: nobody has said that it is to be read."""
    file = tmp_path / "settings.toml"
    ann, ben = create_token(), create_token()
    write(file, user("ann", "read:*", ann))
    process = spawn(
        "serve",
        "--config",
        str(file),
        "--port",
        "0",
        "--no-s3",
        "--workers",
        "2",
        "--bucket",
        "things",
        "--log-level",
        "info",
    )
    url, told = rest_url(process), Told(process)

    def statuses() -> set[tuple[int, ...]]:
        """Asks each process, without a token too."""
        headers = [*({"Authorization": f"Bearer {token.text.reveal()}"} for token in (ann, ben)), {}]
        # Too many wrong tokens are refused in another way.
        kinds = {429: 401}
        asked = ([httpx.get(f"{url}/buckets", headers=each, timeout=PATIENCE) for each in headers] for _ in range(12))
        return {tuple(kinds.get(response.status_code, response.status_code) for response in each) for each in asked}

    def replace_worker(number: int) -> None:
        before = children(process.pid)
        os.kill(before[0], signal.SIGKILL)
        assert told.waits_for("another one takes its place", times=number)
        assert told.waits_for("starting in process", times=2 + number)
        assert within_patience(lambda: len(children(process.pid)) == 2)

    write(file, "")
    replace_worker(1)
    assert statuses() == {(200, 401, 401)}
    write(file, "[serve")
    replace_worker(2)
    assert statuses() == {(200, 401, 401)}
    write(file, user("ben", "read:*", ben))
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the settings were read again")
    write(file, user("ann", "read:*", ann))
    replace_worker(3)
    assert within_patience(lambda: statuses() == {(401, 200, 401)})
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert "Traceback" not in told.text


def test_credentials_of_the_file_come_change_and_go(spawn: Spawn, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"

    def credential(name: str, more: str = "") -> str:
        return f'[[s3_credentials]]\naccess_key = "{name}"\nsecret_key = "the secret of {name}"\n{more}'

    def statuses(*names: str) -> list[int]:
        return [status_of(client_of(name).create_bucket, Bucket="things") for name in names]

    @cache
    def client_of(name: str) -> S3Client:
        return client(url, S3Credential(access_key=name, secret_key=Secret(f"the secret of {name}")))

    write(file, credential("first"))
    process = spawn("serve", "--config", str(file), "--port", "0", "--s3-port", "0", store="memory://")
    url, told = places(process, "S3 API")["S3 API"], Told(process)
    assert statuses("first", "second") == [200, 403]
    write(file, credential("first", "read_only = true\n") + credential("second"))
    process.send_signal(signal.SIGHUP)
    assert within_patience(lambda: statuses("first", "second") == [403, 200])
    for number, wrong in enumerate((credential("second"), '[[s3_credentials]]\naccess_key = "third"\n'), 1):
        write(file, credential("second") + wrong)
        process.send_signal(signal.SIGHUP)
        assert told.waits_for("the settings stay as they were", times=number)
    assert statuses("first", "second") == [403, 200]
    # What the REST API presigns with is taken away, as is said.
    write(file, credential("second"))
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("do not work until the next start: they are signed with 'first'")
    assert within_patience(lambda: statuses("first", "second") == [403, 200])
    assert status_of(client_of("first").list_buckets) == 403
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert "the secret of" not in told.text


@pytest.mark.parametrize("count", [1, 2])
def test_a_certificate_that_cannot_be_used_is_said_at_once(spawn: Spawn, tmp_path: Path, count: int) -> None:
    issued = trustme.CA().issue_cert("localhost")
    pem = tmp_path / "tls.pem"
    pem.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    process = spawn("serve", "--port", "0", "--no-s3", "--workers", str(count), "--tls-cert", str(pem))
    assert process.stdout is not None
    while b"API docs" not in process.stdout.readline():
        assert process.poll() is None
    told = Told(process)
    write(pem, "nothing")
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("the TLS certificate stays as it was", times=count)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
