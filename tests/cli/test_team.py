"""A team: two users with tokens and keys, a third who comes from an OIDC issuer, MinIO and Ceph RGW behind one server.

Each sees and does exactly what its roles say, on both ports; the audit stream tells the story; the metrics add up.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import ClientError
from bucketry import ObjectToDelete, open_store
from bucketry_access import create_token
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import Spawn
from tests.cli.test_serve_s3 import client, places
from tests.http.serving import eventually
from tests.servers.handles import MinioServer, RgwServer

PATIENCE = 30
CLIENT_ID = "bucketry"


class Person(NamedTuple):
    """A user with both ways in.

    Attributes:
        token: For the REST API.
        pair: For the S3 port.
    """

    token: str
    pair: tuple[str, str]


class Team(NamedTuple):
    """The server, and who uses it."""

    rest: str
    s3: str
    metrics: str
    audit: Path
    access_file: Path
    ada: Person
    ben: Person
    carol: str
    on_minio: str
    on_rgw: str

    def ask(self, method: str, path: str, token: str | None, **more: Any) -> httpx.Response:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return httpx.request(method, f"{self.rest}{path}", headers=headers, timeout=PATIENCE, **more)

    def story(self) -> list[tuple[str, ...]]:
        """Who did what to which bucket, as the audit stream tells it, with the status."""
        entries = [json.loads(line) for line in self.audit.read_text().splitlines()]
        told = ("principal", "kind", "action", "bucket", "status")
        return [tuple(str(each.get(field, "")) for field in told) for each in entries]


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def issuer() -> Iterator[str]:
    """A real provider, as a process of its own."""
    port = _free_port()
    carol = json.dumps({"sub": "carol", "groups": ["auditors"]})
    command = (sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--user-claims", carol)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            assert eventually(lambda: _responds(f"{url}/.well-known/openid-configuration"))
            yield url
        finally:
            process.terminate()


def _responds(url: str) -> bool:
    try:
        return httpx.get(url, timeout=PATIENCE).status_code == 200
    except httpx.HTTPError:
        return False


def log_in(issuer: str, sub: str) -> str:
    """Logs a user in with the authorization code flow, as a command line does, and returns the ID token."""
    redirect = "http://localhost/callback"
    query = {"client_id": CLIENT_ID, "redirect_uri": redirect, "response_type": "code", "scope": "openid profile"}
    with httpx.Client(base_url=issuer, timeout=PATIENCE) as browser:
        sent = browser.post("/oauth2/authorize", params=query, data={"sub": sub})
        code = httpx.URL(sent.headers["location"]).params["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
        given = browser.post("/oauth2/token", data=form, auth=(CLIENT_ID, "any"))
    token: str = given.json()["id_token"]
    return token


@pytest.fixture
def team(
    spawn: Spawn,
    issuer: str,
    minio_server: MinioServer,
    rgw_server: RgwServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Team]:
    run = uuid4().hex[:8]
    ada, ben = (create_token() for _ in range(2))
    access_file = tmp_path / "access.toml"
    access_file.write_text(f"""
[[users]]
id = "ada"
roles = ["admin:m-{run}-*"]
keys = [{{access_key = "ADA", secret_key = "the secret key of ada"}}]
tokens = [{{id = "{ada.token.id}", sha256 = "{ada.token.sha256}"}}]

[[users]]
id = "ben"
roles = ["read:m-{run}-*/public/", "admin:r-{run}-*"]
keys = [{{access_key = "BEN", secret_key = "the secret key of ben"}}]
tokens = [{{id = "{ben.token.id}", sha256 = "{ben.token.sha256}"}}]

[[groups]]
name = "auditors"
roles = ["read:?-{run}-*"]
""")
    access_file.chmod(0o600)
    urls = {}
    for kind, server in (("minio", minio_server), ("rgw", rgw_server)):
        urls[kind] = f"{kind}://{server.url.removeprefix('http://')}"
        for name in ("access_key", "secret_key"):
            monkeypatch.setenv(f"BUCKETRY_{kind}_{name}".upper(), getattr(server, name))
    access_bucket = f"access-{run}"
    Path("bucketry.toml").write_text(f"""
[serve]
access_file = "{access_file}"
access_store = "{urls["minio"]}"
access_bucket = "{access_bucket}"
audit = "{tmp_path / "audit.jsonl"}"

[[stores]]
name = "minio"
url = "{urls["minio"]}"
buckets = ["m-*"]
default = true

[[stores]]
name = "rgw"
url = "{urls["rgw"]}"
buckets = ["r-*"]

[[oidc]]
issuer = "{issuer}"
audience = "{CLIENT_ID}"
""")
    process = spawn(
        "serve", "--s3", "--port", "0", "--s3-port", "0", "--management-port", "0", "--log-level", "debug",
        store=None, stderr=subprocess.PIPE,
    )  # fmt: skip
    found = places(process, b"S3 API")
    yield Team(
        rest=found["REST API"],
        s3=found["S3 API"],
        metrics=found["Metrics"],
        audit=tmp_path / "audit.jsonl",
        access_file=access_file,
        ada=Person(ada.text.reveal(), ("ADA", "the secret key of ada")),
        ben=Person(ben.text.reveal(), ("BEN", "the secret key of ben")),
        carol=log_in(issuer, "carol"),
        on_minio=f"m-{run}-photos",
        on_rgw=f"r-{run}-films",
    )
    for kind, bucket in (("minio", f"m-{run}-photos"), ("rgw", f"r-{run}-films"), ("minio", access_bucket)):
        with open_store(urls[kind]) as store:
            if bucket in {each.name for each in store.list_buckets()}:
                store.delete_objects(bucket, [ObjectToDelete(each.key) for each in store.iter_objects(bucket)])
                store.delete_bucket(bucket)


def refused(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        response: Any = error.response
        return bool(response["Error"]["Code"] in {"AccessDenied", "403"})
    return False


def test_each_does_what_its_roles_say(team: Team) -> None:
    ada, ben = client(team.s3, team.ada.pair), client(team.s3, team.ben.pair)
    photos, films = team.on_minio, team.on_rgw
    secret, public = "private/a.jpg", "public/b.jpg"

    # Ada makes her bucket on MinIO by S3, Ben his on RGW by REST; neither may do the other's.
    ada.create_bucket(Bucket=photos)
    assert refused(ben.create_bucket, Bucket=f"{photos}-2")
    assert team.ask("POST", "/buckets", team.ben.token, json={"name": films}).status_code == 201
    assert team.ask("POST", "/buckets", team.ada.token, json={"name": f"{films}-2"}).status_code == 403

    ada.put_object(Bucket=photos, Key=secret, Body=b"secret")
    assert team.ask("PUT", f"/buckets/{photos}/objects/{public}", team.ada.token, content=b"public").status_code == 201
    ben.put_object(Bucket=films, Key="film", Body=b"film")

    # Each sees what is theirs to see, on both ports.
    def seen(token: str) -> set[str]:
        return {each["name"] for each in team.ask("GET", "/buckets", token).json()} & {photos, films}

    assert seen(team.ada.token) == {photos}
    assert seen(team.carol) == {photos, films}
    assert {each["Name"] for each in ada.list_buckets()["Buckets"]} == {photos}
    assert films in {each["Name"] for each in ben.list_buckets()["Buckets"]}

    # Ben reads below public/ alone.
    assert ben.get_object(Bucket=photos, Key=public)["Body"].read() == b"public"
    assert refused(ben.get_object, Bucket=photos, Key=secret)
    assert team.ask("GET", f"/buckets/{photos}/objects/{public}", team.ben.token).content == b"public"
    assert team.ask("GET", f"/buckets/{photos}/objects/{secret}", team.ben.token).status_code == 403
    assert refused(ben.put_object, Bucket=photos, Key=public, Body=b"x")
    assert refused(ada.get_object, Bucket=films, Key="film")

    # Carol comes from the issuer, and her group may read.
    assert team.ask("GET", "/whoami", team.carol).json()["id"] == "carol"
    for bucket, key in ((photos, secret), (films, "film")):
        assert team.ask("GET", f"/buckets/{bucket}/objects/{key}", team.carol).status_code == 200
        assert team.ask("PUT", f"/buckets/{bucket}/objects/{key}", team.carol, content=b"x").status_code == 403
        assert team.ask("DELETE", f"/buckets/{bucket}/objects", team.carol, params={"key": key}).status_code == 403


def test_a_presigned_url_has_no_more_rights_than_its_maker(team: Team) -> None:
    photos = team.on_minio
    client(team.s3, team.ada.pair).create_bucket(Bucket=photos)
    path = f"/buckets/{photos}/objects/presign"
    asked = {"key": "public/a", "method": "PUT"}
    url = team.ask("POST", path, team.ada.token, json=asked).json()["url"]
    assert url.startswith(team.s3)
    assert httpx.put(url, content=b"content", timeout=PATIENCE).status_code == 200
    assert team.ask("POST", path, team.ben.token, json=asked).status_code == 403
    assert team.ask("POST", path, team.carol, json=asked).status_code == 403
    url = team.ask("POST", path, team.ben.token, json={"key": "public/a"}).json()["url"]
    assert httpx.get(url, timeout=PATIENCE).content == b"content"
    assert team.ask("POST", path, team.ben.token, json={"key": "private/a"}).status_code == 403


def test_who_is_nobody_is_told_so(team: Team) -> None:
    head, _, signature = team.carol.split(".")
    for token in (None, "bkt_aaaaaaaaaaaa_" + "a" * 43, f"{team.ada.token[:-1]}!", f"{head}.e30.{signature}", "x"):
        response = team.ask("GET", "/buckets", token)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert httpx.get(f"{team.rest.partition('/api/')[0]}/health/live", timeout=PATIENCE).status_code == 200


def test_a_token_that_is_taken_away_ends(team: Team) -> None:
    assert team.ask("GET", "/whoami", team.ben.token).json()["id"] == "ben"
    text = re.sub(r'(id = "ben".*?)tokens = \[.*?\]\n', r"\1", team.access_file.read_text(), flags=re.DOTALL)
    changed = team.access_file.with_name("new.toml")
    changed.write_text(text)
    changed.chmod(0o600)
    os.replace(changed, team.access_file)
    assert eventually(lambda: team.ask("GET", "/whoami", team.ben.token).status_code == 401)
    assert team.ask("GET", "/whoami", team.ada.token).status_code == 200


def test_the_audit_stream_tells_the_story_and_the_metrics_add_up(team: Team) -> None:
    photos = team.on_minio
    ada, ben = client(team.s3, team.ada.pair), client(team.s3, team.ben.pair)
    ada.create_bucket(Bucket=photos)
    ada.put_object(Bucket=photos, Key="public/a", Body=b"content")
    assert refused(ben.put_object, Bucket=photos, Key="public/a", Body=b"other")
    team.ask("PUT", f"/buckets/{photos}/objects/b", team.carol, content=b"x")
    team.ask("POST", f"/buckets/{photos}/objects/presign", team.ada.token, json={"key": "public/a"})
    team.ask("DELETE", f"/buckets/{photos}/objects", team.ada.token, params={"key": "public/a"})
    assert team.ask("GET", f"/buckets/{photos}/objects/public/none", team.ada.token).status_code == 404
    told = [
        ("ada", "write", "CreateBucket", photos, "200"),
        ("ada", "write", "PutObject", photos, "200"),
        ("ben", "refusal", "PutObject", photos, "403"),
        ("carol", "refusal", "PutObject", photos, "403"),
        ("ada", "presign", "PresignGetObject", photos, "200"),
        ("ada", "delete", "DeleteObject", photos, "204"),
    ]
    assert eventually(lambda: len(team.story()) >= len(told))
    assert team.story() == told
    written = team.audit.read_text()
    for secret in (team.ada.token, team.carol, team.ada.pair[1], "X-Amz-Signature"):
        assert secret not in written
    samples = [
        one
        for family in text_string_to_metric_families(httpx.get(team.metrics, timeout=PATIENCE).text)
        for one in family.samples
        if one.name == "bucketry_requests_total"
    ]
    by_port = {port: sum(one.value for one in samples if one.labels["port"] == port) for port in ("rest", "s3")}
    assert by_port == {"rest": 4, "s3": 3}
