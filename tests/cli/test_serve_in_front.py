"""``bucketry serve --s3``: our S3 port in front of a backend that has one of its own."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from bucketry import open_store

from tests.cli.conftest import Install, Run, Spawn
from tests.cli.test_serve import PATIENCE, ask
from tests.cli.test_serve_s3 import OWN, PUBLISHED, client, places
from tests.http.test_memory_use import memory
from tests.servers.handles import Server
from tests.servers.looking import raw_client

MIB = 1024**2
USERS = f"""
[[s3_credentials]]
access_key = "{OWN[0]}"
secret_key = "{OWN[1]}"
is_root = true
[[s3_credentials]]
access_key = "a"
secret_key = "of-alice"
user_id = "alice"
[[s3_credentials]]
access_key = "b"
secret_key = "of-bob"
user_id = "bob"
"""


class Backend:
    """A server, and the bucket for the access store of one test."""

    def __init__(self, server: Server, kind: str) -> None:
        self.url = f"{kind}://{server.url.removeprefix('http://')}"
        self.server_url = server.url
        self.client: Any = raw_client(server)
        self.access_bucket = f"bucketry-access-{uuid4()}"

    def names(self) -> list[str]:
        return [bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]]


@pytest.fixture(params=["minio", "rgw"])
def backend(request: pytest.FixtureRequest, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    server: Server = request.getfixturevalue(f"{request.param}_server")
    # After `store_url`, which removes our variables.
    for name in ("access_key", "secret_key"):
        monkeypatch.setenv(f"BUCKETRY_{request.param}_{name}".upper(), getattr(server, name))
    found = Backend(server, request.param)
    yield found
    with open_store(found.url) as store:
        for name in set(found.names()) & {found.access_bucket, f"of-{found.access_bucket}"}:
            store.delete_objects(name, [each.key for each in store.iter_objects(name)])
            store.delete_bucket(name)


def test_the_port_its_place_and_its_users_are_ours(spawn: Spawn, backend: Backend) -> None:
    Path("bucketry.toml").write_text(f'[serve]\naccess_bucket = "{backend.access_bucket}"\n{USERS}')
    served = places(spawn("serve", "--s3", "--port", "0", "--s3-port", "0", store=backend.url), b"S3 keys")
    status: Any = ask(f"{served['REST API']}/status")[1]
    assert status["endpoint"] == served["S3 API"]
    root, alice, bob = (client(served["S3 API"], pair) for pair in (OWN, ("a", "of-alice"), ("b", "of-bob")))
    bucket = f"of-{backend.access_bucket}"
    alice.create_bucket(Bucket=bucket)
    alice.put_object(Bucket=bucket, Key="a", Body=b"content")
    with pytest.raises(ClientError, match="AccessDenied"):
        bob.get_object(Bucket=bucket, Key="a")
    alice.put_object_acl(Bucket=bucket, Key="a", ACL="authenticated-read")
    assert bob.get_object(Bucket=bucket, Key="a")["Body"].read() == b"content"
    assert [each["Name"] for each in alice.list_buckets()["Buckets"]] == [bucket]
    assert bob.list_buckets()["Buckets"] == []
    assert backend.access_bucket in backend.names()
    seen = [each["Name"] for each in root.list_buckets()["Buckets"]]
    assert (bucket in seen, backend.access_bucket in seen) == (True, False)
    listed: Any = ask(f"{served['REST API']}/buckets")[1]
    assert backend.access_bucket not in [each["name"] for each in listed]
    presigned: Any = ask(f"{served['REST API']}/buckets/{bucket}/objects/presign", {"key": "a"})[1]
    assert presigned["url"].startswith(served["S3 API"])
    with urllib.request.urlopen(presigned["url"], timeout=PATIENCE) as response:  # noqa: S310
        assert response.read() == b"content"


def test_unset_and_not_wanted_it_is_the_backends(spawn: Spawn, backend: Backend) -> None:
    Path("bucketry.toml").write_text(USERS)
    unset = places(spawn("serve", "--port", "0", "--s3-port", "0", store=backend.url), b"S3 API")
    assert unset["S3 API"].startswith("the backend's own")
    status: Any = ask(f"{unset['REST API']}/status")[1]
    assert status["endpoint"] == backend.server_url
    without = places(spawn("serve", "--no-s3", "--port", "0", store=backend.url), b"API docs")
    assert "S3 API" not in without


def test_a_public_endpoint_is_what_clients_are_told(spawn: Spawn, backend: Backend) -> None:
    Path("bucketry.toml").write_text(f'[serve]\naccess_bucket = "{backend.access_bucket}"\n{USERS}')
    options = ("--s3-port", "0", "--s3-public-endpoint", "https://s3.example.com")
    served = places(spawn("serve", "--s3", "--port", "0", *options, store=backend.url), b"S3 keys")
    status: Any = ask(f"{served['REST API']}/status")[1]
    assert status["endpoint"] == "https://s3.example.com"
    bucket = f"of-{backend.access_bucket}"
    client(served["S3 API"], OWN).create_bucket(Bucket=bucket)
    presigned: Any = ask(f"{served['REST API']}/buckets/{bucket}/objects/presign", {"key": "a"})[1]
    assert presigned["url"].startswith(f"https://s3.example.com/{bucket}/a?")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_large_bodies_stream_through(spawn: Spawn, backend: Backend, tmp_path: Path) -> None:
    """Both ways, the server holds a part of the body at most."""
    Path("bucketry.toml").write_text(f'[serve]\naccess_bucket = "{backend.access_bucket}"\n{USERS}')
    process = spawn("serve", "--s3", "--port", "0", "--s3-port", "0", store=backend.url)
    s3 = client(places(process, b"S3 keys")["S3 API"], OWN)
    bucket, size, file = f"of-{backend.access_bucket}", 96 * MIB, tmp_path / "large"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="small", Body=bytes(MIB))
    before = memory(process.pid, "VmRSS")
    with file.open("wb") as content:
        content.truncate(size)
    with file.open("rb") as content:
        s3.put_object(Bucket=bucket, Key="large", Body=content)
    came = sum(map(len, s3.get_object(Bucket=bucket, Key="large")["Body"].iter_chunks(MIB)))
    assert came == size
    assert memory(process.pid, "VmHWM") - before < 64 * MIB


@pytest.fixture
def speaking(install: Install, store_url: str) -> str:
    """The URL of a store whose backend speaks S3."""
    install("speaking", "tests.cli.test_serve_s3:SpeakingDriver")
    return store_url.replace("folder://", "speaking://")


def test_a_port_that_nobody_could_use_is_refused(run: Run, speaking: str) -> None:
    result = run("serve", "--s3", "--port", "0", "--s3-port", "0", store=speaking)
    assert result.exit_code == 1
    assert "--s3 asks for an S3 endpoint that nobody could use" in result.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--access-store", "memory://"), "memory:// cannot be the access store: it keeps nothing"),
        (("--access-store", "nowhere://"), "nowhere"),
        (("--s3-public-endpoint", "s3.example.com"), "--s3-public-endpoint cannot be used"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, backend: Backend, options: tuple[str, ...], says: str) -> None:
    Path("bucketry.toml").write_text(USERS)
    result = run("serve", "--s3", "--port", "0", "--s3-port", "0", *options, store=backend.url)
    assert result.exit_code == 1
    assert says in result.stderr


def test_the_published_secret_never_serves_a_backend(run: Run, backend: Backend) -> None:
    Path("bucketry.toml").write_text(
        f'[[s3_credentials]]\naccess_key = "{PUBLISHED[0]}"\nsecret_key = "{PUBLISHED[1]}"\n'
    )
    result = run("serve", "--s3", "--port", "0", "--s3-port", "0", store=backend.url)
    assert result.exit_code == 1
    assert "the published secret key serves memory:// alone" in result.stderr


def test_a_store_that_keeps_access_itself_needs_no_other(run: Run, store_url: str) -> None:
    result = run("serve", "--port", "0", "--s3-port", "0", "--access-store", store_url, store="memory://")
    assert result.exit_code == 1
    assert "memory:// keeps itself who may use it" in result.stderr
