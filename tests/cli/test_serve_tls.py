"""``bucketry serve`` with a certificate: both ports, the URLs that it tells, and several processes."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> tuple[str, str]:
    issued = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return str(chain), str(key)


def told(process: subprocess.Popen[bytes]) -> dict[str, str]:
    """Returns what the server says of itself, up to the REST API's place."""
    assert process.stdout is not None
    found = {}
    for line in process.stdout:
        name, _, text = line.decode().rstrip("\n").partition("  ")
        found[name] = text.strip()
        if name in {"S3 keys", "Access", "Workers"}:
            return found
    pytest.fail((process.stderr.read() if process.stderr else b"").decode())


def ask(authority: trustme.CA, url: str, body: object = None) -> Any:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as response:  # noqa: S310
        content = response.read()
    return json.loads(content) if content.startswith((b"{", b"[")) else content


def test_both_ports_are_encrypted_and_all_urls_say_so(
    spawn: Spawn, authority: trustme.CA, files: tuple[str, str]
) -> None:
    process = spawn(
        *(
            "serve",
            "--port",
            "0",
            "--s3-port",
            "0",
            "--bucket",
            "assets",
            "--tls-cert",
            files[0],
            "--tls-key",
            files[1],
        ),
        store=None,
    )
    places = told(process)
    rest, s3 = places["REST API"], places["S3 API"]
    assert re.fullmatch(r"https://127\.0\.0\.1:\d+/api/v1/storage", rest)
    assert re.fullmatch(r"https://localhost:\d+", s3)
    assert ask(authority, f"{rest}/status")["endpoint"] == s3
    signed = ask(authority, f"{rest}/buckets/assets/objects/presign", {"key": "a", "method": "PUT"})
    assert signed["url"].startswith(f"{s3}/assets/a?")
    put = urllib.request.Request(signed["url"], b"content", method="PUT")  # noqa: S310 - our own URL
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with urllib.request.urlopen(put, timeout=PATIENCE, context=context) as response:  # noqa: S310
        assert response.status == 200
    assert ask(authority, f"{rest}/buckets/assets/objects/a") == b"content"


def test_several_processes_are_encrypted_too(
    spawn: Spawn, authority: trustme.CA, files: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both ports."""
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", "tests")
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", "hunter2-of-these-tests")
    options = ("--workers", "2", "--port", "0", "--s3-port", "0")
    process = spawn("serve", *options, "--tls-cert", files[0], "--tls-key", files[1])
    places = told(process)
    assert places["S3 API"].startswith("https://")
    for _ in range(6):
        assert ask(authority, f"{places['REST API']}/buckets") == []
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask(authority, f"{places['S3 API']}/")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--tls-cert", "{certificate}"), "'{certificate}' of the TLS key has none in PEM"),
        (("--tls-cert", "nowhere.pem"), "'nowhere.pem' of the TLS certificate cannot be read: No such file"),
    ],
)
def test_a_server_that_cannot_encrypt_does_not_start(
    run: Run, files: tuple[str, str], arguments: tuple[str, ...], message: str
) -> None:
    names = {"certificate": files[0], "key": files[1]}
    result = run("serve", "--port", "0", "--s3-port", "0", *(text.format(**names) for text in arguments), store=None)
    assert result.exit_code == 1
    assert message.format(**names) in result.stderr
