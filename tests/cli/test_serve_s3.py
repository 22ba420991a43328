"""The S3 endpoint of ``bucketry serve``: where it is, who may use it, and when there is none."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from bucketry import Store
from bucketry_cli.listening import is_loopback

from tests.cli.conftest import Install, Run, Spawn
from tests.cli.folder_driver import FolderDriver, FolderSettings
from tests.cli.test_serve import PATIENCE, ask

PUBLISHED = ("bucketry", "bucketry-secret")
OWN = ("tests", "hunter2-of-these-tests")


class SpeakingSettings(FolderSettings, frozen=True, kw_only=True):
    """Of the driver below."""

    scheme = "speaking"


class SpeakingDriver(FolderDriver):
    """A folder, as if its backend spoke S3."""

    name = "speaking"
    Settings = SpeakingSettings
    s3_endpoint = True


def places(process: subprocess.Popen[bytes], last: bytes) -> dict[str, str]:
    """Waits until the server listens, and returns what it printed, by name."""
    assert process.stdout is not None
    found: dict[str, str] = {}
    for line in process.stdout:
        if matched := re.fullmatch(rb"(\S+(?: \S+)?)  +(\S.*)\n", line):
            found[matched[1].decode()] = matched[2].decode()
            if matched[1] == last:
                return found
    pytest.fail((process.stderr.read() if process.stderr else b"").decode())


def client(url: str, keys: tuple[str, str], region: str = "us-east-1") -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        region_name=region,
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_an_s3_client_and_the_rest_api_see_the_same(spawn: Spawn) -> None:
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", store=None), b"S3 keys")
    assert re.fullmatch(r"http://localhost:[1-9]\d*", served["S3 API"])
    assert served["S3 keys"] == "bucketry (secret key bucketry-secret, which is published)"
    s3 = client(served["S3 API"], PUBLISHED)
    s3.create_bucket(Bucket="my-assets")
    s3.put_object(Bucket="my-assets", Key="a", Body=b"content")
    status, objects = ask(f"{served['REST API']}/buckets/my-assets/objects")
    assert status == 200
    assert [entry["key"] for entry in objects] == ["a"]  # type: ignore[attr-defined]


def test_its_place_is_what_status_and_presigned_urls_name(spawn: Spawn) -> None:
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", "--bucket", "my-assets", store=None), b"S3 keys")
    status = ask(f"{served['REST API']}/status")[1]
    assert isinstance(status, dict)
    assert status["endpoint"] == served["S3 API"]
    presigned = ask(f"{served['REST API']}/buckets/my-assets/objects/presign", {"key": "a", "method": "PUT"})[1]
    assert isinstance(presigned, dict)
    put = urllib.request.Request(presigned["url"], b"content", method="PUT")  # noqa: S310 - our own URL
    with urllib.request.urlopen(put, timeout=PATIENCE) as answer:  # noqa: S310
        assert answer.status == 200
    content = client(served["S3 API"], PUBLISHED).get_object(Bucket="my-assets", Key="a")["Body"].read()
    assert content == b"content"


def test_own_credentials_take_the_place_of_the_published_ones(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", OWN[0])
    Path("secret").write_text(OWN[1] + "\n")
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY_FILE", "secret")
    process = spawn("serve", "--port", "0", "--s3-port", "0", "--s3-host", "0.0.0.0", store=None)  # noqa: S104
    served = places(process, b"S3 keys")
    assert served["S3 keys"] == "tests"
    assert client(served["S3 API"], OWN).list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client(served["S3 API"], PUBLISHED).list_buckets()
    client(served["S3 API"], OWN).create_bucket(Bucket="my-assets")
    presigned = ask(f"{served['REST API']}/buckets/my-assets/objects/presign", {"key": "a"})[1]
    assert "X-Amz-Credential=tests%2F" in json.dumps(presigned)


def test_each_credential_has_its_own_rights(spawn: Spawn) -> None:
    Path("bucketry.toml").write_text(
        f'[serve]\nbucket = ["my-assets", "private"]\n'
        f'[[s3_credentials]]\naccess_key = "{OWN[0]}"\nsecret_key = "{OWN[1]}"\n'
        '[[s3_credentials]]\naccess_key = "reader"\nsecret_key = "of-the-reader"\n'
        'read_only = true\nbuckets = ["my-assets"]\n'
    )
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", store=None), b"S3 keys")
    assert served["S3 keys"] == "tests, reader"
    client(served["S3 API"], OWN).put_object(Bucket="my-assets", Key="a", Body=b"content")
    reader = client(served["S3 API"], ("reader", "of-the-reader"))
    assert reader.get_object(Bucket="my-assets", Key="a")["Body"].read() == b"content"
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(Bucket="my-assets", Key="a", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.list_objects_v2(Bucket="private")


def test_users_come_from_the_settings_file(spawn: Spawn) -> None:
    reading = '{"Statement": {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}}'
    Path("bucketry.toml").write_text(
        '[serve]\nbucket = ["shared"]\n'
        f'[[s3_credentials]]\naccess_key = "{OWN[0]}"\nsecret_key = "{OWN[1]}"\nis_root = true\n'
        '[[s3_credentials]]\naccess_key = "a"\nsecret_key = "of-alice"\nuser_id = "alice"\ndisplay_name = "Alice"\n'
        '[[s3_credentials]]\naccess_key = "b"\nsecret_key = "of-bob"\nuser_id = "bob"\nemail = "bob@example.com"\n'
        f"policy = '{reading}'\n"
    )
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", store=None), b"S3 keys")
    root, alice, bob = (client(served["S3 API"], pair) for pair in (OWN, ("a", "of-alice"), ("b", "of-bob")))
    alice.create_bucket(Bucket="of-alice")
    alice.put_object(Bucket="of-alice", Key="a", Body=b"content", GrantRead="emailAddress=bob@example.com")
    assert alice.list_buckets()["Owner"] == {"ID": "alice", "DisplayName": "Alice"}
    assert [bucket["Name"] for bucket in root.list_buckets()["Buckets"]] == ["of-alice", "shared"]
    assert bob.get_object(Bucket="of-alice", Key="a")["Body"].read() == b"content"
    with pytest.raises(ClientError, match="AccessDenied"):
        bob.create_bucket(Bucket="of-bob")
    with pytest.raises(ClientError, match="AccessDenied"):
        alice.put_object(Bucket="shared", Key="a")
    presigned: Any = ask(f"{served['REST API']}/buckets/of-alice/objects/presign", {"key": "a"})[1]
    with urllib.request.urlopen(presigned["url"], timeout=PATIENCE) as answer:  # noqa: S310
        assert answer.read() == b"content"


def test_a_store_without_credentials_has_no_endpoint(spawn: Spawn, store_url: str) -> None:
    process = spawn("serve", "--port", "0", store=store_url)
    served = places(process, b"API docs")
    status = ask(f"{served['REST API']}/buckets")
    process.terminate()
    assert status == (200, [])
    assert process.stderr is not None
    assert process.stderr.read().startswith(b"note: no S3 endpoint, since nobody could use it: set BUCKETRY_S3_ACCESS_")


def test_a_third_partys_store_is_served_with_credentials(
    spawn: Spawn, store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", OWN[0])
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", OWN[1])
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", store=store_url), b"S3 keys")
    s3 = client(served["S3 API"], OWN)
    s3.put_object(Bucket="assets", Key="a", Body=b"content")
    assert store.get_object("assets", "a").read() == b"content"


def test_a_backend_that_speaks_s3_needs_none(
    spawn: Spawn, install: Install, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("speaking", "tests.cli.test_serve_s3:SpeakingDriver")
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", OWN[0])
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", OWN[1])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # No port is bound for it: that this one is in use is nobody's concern.
        port = str(taken.getsockname()[1])
        url = store_url.replace("folder://", "speaking://")
        served = places(spawn("serve", "--port", "0", "--s3-port", port, store=url), b"S3 API")
    assert served["S3 API"].startswith("the backend's own")


def test_reading_only_holds_for_s3_too(spawn: Spawn) -> None:
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", "--read-only", store=None), b"S3 keys")
    with pytest.raises(ClientError, match="AccessDenied"):
        client(served["S3 API"], PUBLISHED).create_bucket(Bucket="my-assets")


def test_faults_strike_s3_clients(spawn: Spawn) -> None:
    fault = ("--fault", "list_buckets:throttled:nth=2", "--fault", "create_bucket:latency=0.01")
    served = places(spawn("serve", "--port", "0", "--s3-port", "0", *fault, store=None), b"S3 keys")
    s3 = client(served["S3 API"], PUBLISHED)
    s3.create_bucket(Bucket="my-assets")
    assert len(s3.list_buckets()["Buckets"]) == 1
    with pytest.raises(ClientError, match="SlowDown"):
        s3.list_buckets()


@pytest.mark.parametrize("options", [("--allow-anonymous", "--host"), ("--s3-host",)])
def test_the_published_secret_is_for_this_machine_alone(run: Run, options: tuple[str, ...]) -> None:
    result = run("serve", "--port", "0", "--s3-port", "0", *options, "0.0.0.0", store=None)  # noqa: S104
    assert result.exit_code == 1
    assert "the published one" in result.stderr
    assert "BUCKETRY_S3_SECRET_KEY" in result.stderr


def test_a_port_in_use_is_named(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", "0", "--s3-port", str(port), store=None)
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: cannot listen on 127.0.0.1 port {port}: in use\n"
        "hint: stop what listens there, or give another --s3-port (0: any)\n"
    )


def key_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("BUCKETRY_S3_ACCESS_KEY", OWN[0])


def two_secrets(patch: pytest.MonkeyPatch) -> None:
    key_alone(patch)
    patch.setenv("BUCKETRY_S3_SECRET_KEY", OWN[1])
    patch.setenv("BUCKETRY_MEMORY_SECRET_KEY", "hunter2-another")


def malformed(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("BUCKETRY_S3_ACCESS_KEY", "with space")
    patch.setenv("BUCKETRY_S3_SECRET_KEY", OWN[1])


def twice(_: pytest.MonkeyPatch) -> None:
    table = f'[[s3_credentials]]\naccess_key = "{OWN[0]}"\nsecret_key = "{OWN[1]}"\n'
    Path("bucketry.toml").write_text(table * 2)


def not_a_string(_: pytest.MonkeyPatch) -> None:
    Path("bucketry.toml").write_text('[[s3_credentials]]\naccess_key = "a"\nsecret_key = ["hunter2"]\n')


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (key_alone, "an S3 credential is both"),
        (two_secrets, "'tests' has two secret keys"),
        (malformed, "an access key is 1 to 256"),
        (twice, "an access key comes twice"),
        (not_a_string, "expected a string"),
    ],
)
def test_credentials_that_cannot_be_are_refused_and_no_secret_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, mistake: Callable[[pytest.MonkeyPatch], None], says: str
) -> None:
    mistake(monkeypatch)
    result = run("--debug", "serve", "--port", "0", "--s3-port", "0", store=None)
    assert result.exit_code == 1
    assert says in result.stderr.lower() or says in result.stderr
    assert "hunter2" not in result.output


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_these_are_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "localhost.example.com", "minio"])  # noqa: S104
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)


def test_a_second_signal_ends_it_at_once_and_without_a_traceback(spawn: Spawn) -> None:
    process = spawn("serve", "--port", "0", "--s3-port", "0", store=None)
    served = places(process, b"S3 keys")
    # A connection that is kept alive is what a first signal would wait for.
    with socket.create_connection(("127.0.0.1", int(served["S3 API"].rpartition(":")[2])), timeout=PATIENCE):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stderr) == (0, b"")
