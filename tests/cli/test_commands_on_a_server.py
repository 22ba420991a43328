"""The command line as a client of ``bucketry serve``: the S3 API that it prints is a store."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from bucketry_cli.listening import is_everywhere, url_of

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE, ask
from tests.cli.test_serve_s3 import places


def shell(command: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_the_command_that_it_prints_works_as_it_is(spawn: Spawn) -> None:
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", "--bucket", "my-assets", store=None), b"Try it")
    assert served["Try it"] == f"{shlex.quote(sys.executable)} -m bucketry_cli --store {served['S3 API']} ls"
    done = shell(served["Try it"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("  my-assets\n")


def test_its_url_is_the_one_setting_of_all_commands(
    spawn: Spawn, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = spawn("serve", "--port", "0", "--s3-port", "0", "--bucket", "my-assets", store=None)
    url = places(process, b"S3 keys")["S3 API"]
    # What is set for a MinIO server says nothing about this one.
    monkeypatch.setenv("BUCKETRY_MINIO_ACCESS_KEY", "another")
    monkeypatch.setenv("BUCKETRY_MINIO_SECRET_KEY", "of-another-server")
    Path("a.txt").write_text("content")
    for store in (url, url.upper().replace("LOCALHOST", "localhost"), url + "/"):
        assert run("put", "a.txt", "my-assets", store=store).exit_code == 0
        assert run("ls", "my-assets", store=store).stdout.rstrip().endswith("a.txt")
        assert run("get", "my-assets/a.txt", "-", store=store).stdout == "content"
        assert "deleted 1 object" in run("rm", "my-assets/a.txt", store=store).stderr
        assert run("usage", "my-assets", store=store).exit_code == 0
    assert run("mb", "other-assets", store=url).exit_code == 0
    assert run("rb", "other-assets", store=url).exit_code == 0


def test_own_credentials_are_found_where_the_server_finds_them(
    spawn: Spawn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("secret").write_text("of-these-tests-0\n")
    Path("bucketry.toml").write_text('[[s3_credentials]]\naccess_key = "tests"\nsecret_key_file = "secret"\n')
    url = places(spawn("serve", "--port", "0", "--s3-port", "0", store=None), b"S3 keys")["S3 API"]
    assert run("mb", "my-assets", store=url).exit_code == 0
    Path("secret").write_text("of-these-tests-1\n")
    assert run("ls", store=url).stdout.endswith("  my-assets\n"), "both read the file again"
    Path("bucketry.toml").unlink()
    refused = run("ls", store=url)
    assert refused.exit_code == 1
    assert "Access is denied" in refused.stderr
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", "tests")
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", "of-these-tests-1")
    assert run("ls", store=url).exit_code == 0


def test_the_pair_and_the_region_of_the_store_itself_are_found_too(
    spawn: Spawn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETRY_MEMORY_ACCESS_KEY", "tests")
    monkeypatch.setenv("BUCKETRY_MEMORY_SECRET_KEY", "of-these-tests-2")
    Path("bucketry.toml").write_text('[drivers.memory]\nregion = "eu-central-1"\n')
    url = places(spawn("serve", "--port", "0", "--s3-port", "0", store=None), b"S3 keys")["S3 API"]
    assert run("mb", "my-assets", store=url).exit_code == 0
    assert run("ls", store=url).stdout.endswith("  my-assets\n")
    assert run("ls", store=url + "?region=us-west-2").exit_code == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://store.example.com:9000", "no credentials are given for the S3 endpoint on store.example.com"),
        ("https://10.0.0.1", "BUCKETRY_S3_ACCESS_KEY"),
        ("http://localhost:9000/my-assets", "host and port alone: http://localhost:9000"),
        ("http://", "host and port alone"),
        ("http://localhost:9000?regoin=x", "regoin"),
        ("http://key:secret@localhost:9000", "credentials do not belong in a store URL"),
    ],
)
def test_an_endpoint_that_cannot_be_used_says_why(run: Run, url: str, said: str) -> None:
    result = run("ls", store=url)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "key:secret" not in result.stderr


def test_serve_does_not_stand_in_front_of_itself(run: Run) -> None:
    result = run("serve", store="http://localhost:9000")
    assert result.exit_code == 2
    assert "a driver's store" in result.stderr


def test_on_all_addresses_it_names_one_that_others_can_use(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", "tests")
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", "of-these-tests")
    process = spawn(
        "serve", "--host", "0.0.0.0", "--allow-anonymous", "--port", "0", "--s3-port", "0", "--bucket", "my-assets",  # noqa: S104
        store=None,
    )  # fmt: skip
    served = places(process, b"Clients")
    assert "--s3-public-endpoint" in served["Clients"]
    status = ask(f"{served['REST API']}/status")[1]
    presigned = ask(f"{served['REST API']}/buckets/my-assets/objects/presign", {"key": "a"})[1]
    assert isinstance(status, dict)
    assert isinstance(presigned, dict)
    assert status["endpoint"] == served["S3 API"]
    assert presigned["url"].startswith(served["S3 API"] + "/")
    for text in (*served.values(), str(status), str(presigned)):
        for local in ("localhost", "127.0.0.1", "0.0.0.0", "[::]", "::1"):  # noqa: S104
            assert local not in text


def test_the_addresses_that_stand_for_all() -> None:
    assert [is_everywhere(host) for host in ("0.0.0.0", "::", "")] == [True] * 3  # noqa: S104
    assert not any(map(is_everywhere, ("127.0.0.1", "::1", "10.0.0.1", "example.com", "localhost")))


def test_of_loopback_the_name_stays_localhost() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as bound:
        assert url_of("127.0.0.1", bound, "http") == f"http://localhost:{bound.getsockname()[1]}"
    with socket.create_server(("0.0.0.0", 0)) as bound:  # noqa: S104
        assert "localhost" not in url_of("0.0.0.0", bound, "http")  # noqa: S104


def test_a_variable_that_nothing_reads_is_reported(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROT", "S3_ACESS_KEY", "FOLDER_LABLE", "MINOI_REGION", "QUX", "REST_PORT", "FOLDER_SECRET_KEY"):
        monkeypatch.setenv(f"BUCKETRY_{name}", "hidden")
    monkeypatch.setenv("bucketry_store", "hidden")
    for name in ("BUCKETRY_READ_ONLY", "BUCKETRY_FOLDER_LABEL", "BUCKETRY_MINIO_REGION", "BUCKETRY_REQUIRE_SERVERS"):
        monkeypatch.setenv(name, "1")
    process = spawn("ls")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert b"hidden" not in out + err
    assert err.decode().splitlines() == [
        "nothing reads the variable BUCKETRY_FOLDER_LABLE (did you mean BUCKETRY_FOLDER_LABEL?)",
        "nothing reads the variable BUCKETRY_MINOI_REGION (did you mean BUCKETRY_MINIO_REGION?)",
        "nothing reads the variable BUCKETRY_PROT (did you mean BUCKETRY_PORT?)",
        "nothing reads the variable BUCKETRY_QUX",
        "nothing reads the variable BUCKETRY_REST_PORT (did you mean BUCKETRY_S3_PORT?)",
        "nothing reads the variable BUCKETRY_S3_ACESS_KEY (did you mean BUCKETRY_S3_ACCESS_KEY?)",
        "nothing reads the variable bucketry_store (did you mean BUCKETRY_STORE?)",
    ]
    assert os.environ["BUCKETRY_QUX"] == "hidden"


def test_every_variable_of_serve_is_known_there(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"S3_HOST": "127.0.0.1", "S3_DOMAIN": "s3.test", "S3_CHECK_ORIGINS": "1"}.items():
        monkeypatch.setenv(f"BUCKETRY_{name}", value)
    # A service called bucketry has these set in every pod of its namespace.
    monkeypatch.setenv("BUCKETRY_PORT", "tcp://10.0.0.1:8000")
    monkeypatch.setenv("BUCKETRY_S3_PORT", "tcp://10.0.0.1:9000")
    Path("bucketry.toml").write_text("[serve]\nport = 0\ns3_port = 0\n")
    process = spawn("serve", store="memory://")
    assert process.stdout is not None
    assert process.stdout.readline().decode().startswith("bucketry serves")
    process.terminate()
    assert process.communicate(timeout=PATIENCE)[1] == b""


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('access_key = "a"', "and has neither"),
        (
            'access_key = "a"\nsecret_key = "b"\nsecret_key_file = "c"',
            "and has both",
        ),
        ('access_key = "a"\nsecret_key_file = "missing"', "secret_key_file in [[s3_credentials]] of 'a'"),
        ('access_key = "a"\nsecret_key_file = "empty"', "it is empty"),
    ],
)
def test_a_credential_has_one_secret(run: Run, table: str, said: str) -> None:
    Path("empty").write_text("")
    Path("bucketry.toml").write_text(f"[[s3_credentials]]\n{table}\n")
    result = run("serve", "--port", "0", "--s3-port", "0", store="memory://")
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize("access_key", ["bucketry", "another"])
def test_the_published_secret_serves_no_store_that_somebody_keeps(run: Run, access_key: str) -> None:
    Path("bucketry.toml").write_text(
        f'[[s3_credentials]]\naccess_key = "own"\nsecret_key = "a-secret-of-our-own"\n'
        f'[[s3_credentials]]\naccess_key = "{access_key}"\nsecret_key = "bucketry-secret"\n'
    )
    result = run("serve", "--port", "0", "--s3-port", "0")
    assert result.exit_code == 1
    assert "the published secret key serves memory:// alone, and this store is folder://" in result.stderr
