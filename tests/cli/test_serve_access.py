"""Who reaches what ``bucketry serve`` serves: hosts, pages, and everybody on the network."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE

PAGE = "https://app.example.com"
BUCKET = json.dumps({"name": "planted"}).encode()


def places(process: subprocess.Popen[bytes], last: str) -> dict[str, str]:
    """Waits until the server listens, and returns all that it says, by name."""
    assert process.stdout is not None
    found = {}
    for line in process.stdout:
        name, _, text = line.decode().rstrip().partition("  ")
        found[name] = text.strip()
        if name == last:
            return found
    pytest.fail((process.stderr.read() if process.stderr else b"").decode())


def send(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def create(url: str, **headers: str) -> int:
    return send(url, "POST", "/api/v1/storage/buckets", BUCKET, **{"Content_Type": "application/json", **headers})[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - to be refused
@pytest.mark.parametrize("options", [(), ("--no-allow-anonymous",)])
def test_it_is_open_to_the_network_only_when_told_so(run: Run, host: str, options: tuple[str, ...]) -> None:
    result = run("serve", "--port", "0", "--no-s3", "--host", host, *options, store=None)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "asks nobody for credentials" in result.stderr
    assert "--allow-anonymous" in result.stderr
    assert "--host 127.0.0.1" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [((), "may read, change and delete everything"), (("--read-only",), "may read everything")],
)
def test_it_then_says_what_that_means(spawn: Spawn, options: tuple[str, ...], words: str) -> None:
    arguments = ("--port", "0", "--no-s3", "--host", "0.0.0.0", "--allow-anonymous", *options)  # noqa: S104
    told = places(spawn("serve", *arguments, store=None), "Access")["Access"]
    assert "everybody" in told
    assert words in told


def test_the_variable_and_the_file_say_it_too(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bucketry.toml").write_text('[serve]\nhost = "0.0.0.0"\nallow_anonymous = true\n')
    assert places(spawn("serve", "--port", "0", "--no-s3", store=None), "Access")
    Path("bucketry.toml").unlink()
    monkeypatch.setenv("BUCKETRY_ALLOW_ANONYMOUS", "1")
    assert places(spawn("serve", "--port", "0", "--no-s3", "--host", "0.0.0.0", store=None), "Access")  # noqa: S104


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "localhost"])
def test_this_machine_alone_needs_no_word(spawn: Spawn, host: str) -> None:
    process = spawn("serve", "--port", "0", "--no-s3", "--host", host, store=None)
    assert "Access" not in places(process, "API docs")


def test_a_name_of_this_machine_that_it_listens_on_is_a_host(spawn: Spawn) -> None:
    # Debian's hosts file gives the machine's own name a loopback address.
    name = socket.gethostname()
    try:
        if not socket.gethostbyname(name).startswith("127."):
            pytest.skip(f"{name} is not a loopback name here")
    except OSError:
        pytest.skip(f"{name} leads nowhere here")
    url = places(spawn("serve", "--port", "0", "--no-s3", "--host", name, store=None), "API docs")["REST API"]
    assert send(url, "GET", "/health/live", Host=name)[0] == 200
    assert send(url, "GET", "/health/live", Host="evil.example")[0] == 421


def test_both_ports_and_the_reset_check_the_host(spawn: Spawn) -> None:
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", "--reset-endpoint", store=None), "S3 keys")
    assert create(served["REST API"]) == 201
    rebound = "rebound.evil.example:8000"
    for place, method, path in (
        ("REST API", "GET", "/api/v1/storage/buckets"),
        ("REST API", "POST", "/_bucketry/reset"),
        ("REST API", "GET", "/_bucketry/reset"),
        ("S3 API", "GET", "/"),
    ):
        status, _, content = send(served[place], method, path, Host=rebound, Origin=f"http://{rebound}")
        assert status == 421
        assert b"--allowed-host" in content
    assert b"planted" in send(served["REST API"], "GET", "/api/v1/storage/buckets")[2]


@pytest.mark.parametrize("where", ["option", "variable", "file"])
def test_hosts_and_origins_are_allowed(spawn: Spawn, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    options: tuple[str, ...] = ()
    if where == "option":
        options = ("--allowed-host", "a.example.com", "--allowed-host", "*.b.example.com", "--cors-origin", PAGE)
    elif where == "variable":
        monkeypatch.setenv("BUCKETRY_ALLOWED_HOST", "a.example.com *.b.example.com")
        monkeypatch.setenv("BUCKETRY_CORS_ORIGIN", PAGE)
    else:
        text = f'[serve]\nallowed_host = ["a.example.com", "*.b.example.com"]\ncors_origin = ["{PAGE}"]\n'
        Path("bucketry.toml").write_text(text)
    served = places(
        spawn("serve", "--port", "0", "--s3-port", "0", "--reset-endpoint", *options, store=None), "S3 keys"
    )
    for host, expected in (("a.example.com:1", 200), ("x.b.example.com", 200), ("b.example.com", 421)):
        assert send(served["REST API"], "GET", "/health/live", Host=host)[0] == expected
        assert (send(served["S3 API"], "GET", "/", Host=host)[0] == 421) == (expected == 421)
    assert create(served["REST API"], Origin=PAGE) == 201
    assert create(served["REST API"], Origin="https://evil.example") == 403
    status, headers, _ = send(served["REST API"], "POST", "/_bucketry/reset", Origin=PAGE)
    assert (status, headers["access-control-allow-origin"]) == (204, PAGE)
    assert send(served["REST API"], "GET", "/api/v1/storage/buckets")[2] == b"[]"


def test_a_public_endpoint_is_a_host_of_the_s3_port(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_MEMORY_PUBLIC_ENDPOINT", "https://files.example.com")
    arguments = ("--port", "0", "--s3-port", "0", "--s3-domain", "s3.example.com")
    served = places(spawn("serve", *arguments, store=None), "S3 keys")
    # Not signed; the last one names a bucket that does not exist.
    for host, status in (("files.example.com", 403), ("s3.example.com", 403), ("my-assets.s3.example.com", 404)):
        assert send(served["S3 API"], "GET", "/", Host=host)[0] == status
    assert send(served["S3 API"], "GET", "/", Host="files.example.net")[0] == 421
    assert send(served["REST API"], "GET", "/health/live", Host="files.example.com")[0] == 421


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8000"])
def test_a_reset_may_come_from_a_page_of_this_machine(spawn: Spawn, origin: str) -> None:
    url = places(spawn("serve", "--port", "0", "--no-s3", "--reset-endpoint", store=None), "Reset")["Reset"]
    assert create(url) == 201
    for name, value in (("Origin", "null"), ("Origin", "http://evil.example"), ("Sec_Fetch_Site", "cross-site")):
        assert send(url, "POST", "/_bucketry/reset", b"", **{name: value})[0] == 403
    assert b"planted" in send(url, "GET", "/api/v1/storage/buckets")[2]
    assert send(url, "POST", "/_bucketry/reset", Origin=origin)[0] == 204
    assert send(url, "GET", "/api/v1/storage/buckets")[2] == b"[]"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--allowed-host", "http://a.example.com"), "cannot be an allowed host"),
        (("--cors-origin", "app.example.com"), "cannot be an allowed origin"),
        (("--cors-origin", "null"), "cannot be an allowed origin"),
        (("--allowed-host", "b\xfccher.example"), "names beyond ASCII as xn--"),
        (("--s3-domain", "S3.example.com"), "is not a host name in lower case"),
        (("--s3-region", "eu west"), "a region is 1 to 128 letters"),
    ],
)
def test_a_mistake_is_found_at_the_start(run: Run, options: tuple[str, ...], words: str) -> None:
    for s3 in (("--s3-port", "0"), ("--no-s3",)):
        result = run("serve", "--port", "0", *s3, *options, store=None)
        assert result.exit_code == 2
        assert words in result.stderr
        assert f"Invalid value for '{options[0]}': " in result.stderr


def test_the_check_of_origins_on_s3_can_be_turned_off(spawn: Spawn) -> None:
    found = {}
    for option in ("--s3-check-origins", "--no-s3-check-origins"):
        process = spawn("serve", "--port", "0", "--s3-port", "0", "--bucket", "things", option, store=None)
        url = places(process, "S3 keys")["S3 API"]
        found[option] = send(url, "PUT", signed_target(url), b"x", Origin="http://evil.example")[0]
    assert found == {"--s3-check-origins": 403, "--no-s3-check-origins": 200}


def signed_target(url: str) -> str:
    import boto3
    from botocore.client import Config

    arguments: dict[str, Any] = {"aws_access_key_id": "bucketry", "aws_secret_access_key": "bucketry-secret"}
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **arguments)
    presigned = client.generate_presigned_url("put_object", Params={"Bucket": "things", "Key": "a"})
    return presigned.removeprefix(url)
