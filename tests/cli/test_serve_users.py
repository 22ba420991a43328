"""``bucketry serve`` with users: both ports ask everybody who they are."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError
from bucketry import Store

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE
from tests.cli.test_serve_access import places

ADMIN = "the token of the admin of these tests"
ADMIN_TOKEN = ADMIN.replace(" ", "-")


class Made:
    """An access file with two users, each with a token and a key pair."""

    def __init__(self, run: Run) -> None:
        self.path = Path("access.toml").resolve()
        self._run = run
        self.tokens: dict[str, str] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        for user, role in (("alice", "write:team-a-*"), ("bob", "read:team-a-*"), ("carol", "admin:team-*")):
            self.call("user", "create", user, "--role", role)
            self.tokens[user] = self.call("token", "create", user)
            if user != "bob":
                lines = self.call("key", "create", user).splitlines()
                self.keys[user] = dict(line.split(" = ") for line in lines)

    def call(self, group: str, command: str, *rest: str) -> str:
        result = self._run(group, command, "--access-file", str(self.path), *rest)
        assert result.exit_code == 0, result.stderr
        return result.stdout.strip()


@pytest.fixture
def made(run: Run) -> Made:
    return Made(run)


def ask(url: str, token: str | None, method: str, path: str, **given: Any) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.request(method, f"{url}/{path}", headers=headers, timeout=PATIENCE, **given)


def s3(url: str, pair: dict[str, Any]) -> Any:
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **pair)


def test_two_users_at_both_ports(spawn: Spawn, made: Made) -> None:
    arguments = ("--port", "0", "--s3-port", "0", "--access-file", str(made.path), "--bucket", "team-a-1")
    process = spawn("serve", *arguments, store="memory://")
    told = places(process, "Access")
    rest, url = told["REST API"], told["S3 API"]
    assert told["Access"] == "3 users; everybody else is refused"
    assert ask(rest, None, "GET", "buckets").status_code == 401
    alice, bob, carol = (made.tokens[name] for name in ("alice", "bob", "carol"))
    assert ask(rest, carol, "POST", "buckets", json={"name": "team-b-1"}).status_code == 201
    assert [one["name"] for one in ask(rest, alice, "GET", "buckets").json()] == ["team-a-1"]
    of_alice, of_carol = s3(url, made.keys["alice"]), s3(url, made.keys["carol"])
    assert [one["Name"] for one in of_alice.list_buckets()["Buckets"]] == ["team-a-1"]
    assert [one["Name"] for one in of_carol.list_buckets()["Buckets"]] == ["team-a-1", "team-b-1"]
    of_alice.put_object(Bucket="team-a-1", Key="k", Body=b"content")
    assert ask(rest, bob, "GET", "buckets/team-a-1/objects/k").content == b"content"
    assert ask(rest, bob, "PUT", "buckets/team-a-1/objects/k", content=b"").status_code == 403
    with pytest.raises(ClientError, match="AccessDenied"):
        of_alice.get_object(Bucket="team-b-1", Key="k")
    # A store in memory would accept the published key pair, if there were no users.
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        s3(url, {"aws_access_key_id": "bucketry", "aws_secret_access_key": "bucketry-secret"}).list_buckets()
    # URLs: Alice's is signed with her own key pair. Bob has none, so his ends with his token and his rights.
    presign = "buckets/team-a-1/objects/presign"
    by_alice = ask(rest, alice, "POST", presign, json={"key": "k"}).json()["url"]
    by_bob = ask(rest, bob, "POST", presign, json={"key": "k"}).json()["url"]
    assert made.keys["alice"]["aws_access_key_id"] in by_alice
    assert [httpx.get(each).content for each in (by_alice, by_bob)] == [b"content", b"content"]
    assert ask(rest, bob, "POST", presign, json={"key": "k", "method": "PUT"}).status_code == 403
    put = ask(rest, alice, "POST", presign, json={"key": "new", "method": "PUT"}).json()["url"]
    assert httpx.put(put, content=b"x").status_code == 200
    # What is revoked ends, while the server runs.
    made.call("key", "revoke", made.keys["alice"]["aws_access_key_id"])
    made.call("token", "revoke", alice)
    assert within_patience(lambda: ask(rest, alice, "GET", "whoami").status_code == 401)
    assert httpx.get(by_alice).status_code == 403
    assert ask(rest, bob, "GET", "whoami").json()["id"] == "bob"
    assert httpx.get(by_bob).content == b"content"
    made.call("token", "revoke", bob)
    assert within_patience(lambda: httpx.get(by_bob).status_code == 403)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    log = process.stderr.read().decode()
    assert log == "", log


def within_patience(holds: Any) -> bool:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def test_urls_of_tokens_outlive_a_restart_with_a_secret(
    spawn: Spawn, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    for secret in ("a secret that lasts, 32 characters", "a secret that lasts, 32 characters", None):
        if secret is None:
            monkeypatch.delenv("BUCKETRY_URLS_SECRET")
        else:
            monkeypatch.setenv("BUCKETRY_URLS_SECRET", secret)
        port = "0" if not found else str(urlsplit(found[0]).port)
        arguments = ("--port", "0", "--s3-port", port, "--access-file", str(made.path), "--bucket", "team-a-1")
        process = spawn("serve", *arguments, store="memory://")
        rest = places(process, "Access")["REST API"]
        ask(rest, made.tokens["alice"], "PUT", "buckets/team-a-1/objects/k", content=b"content").raise_for_status()
        statuses = [httpx.get(each).status_code for each in found]
        assert statuses == [200 if secret else 403] * len(found)
        asked = ask(rest, made.tokens["bob"], "POST", "buckets/team-a-1/objects/presign", json={"key": "k"})
        found.append(asked.json()["url"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_changes_of_the_access_file_are_audited(spawn: Spawn, made: Made) -> None:
    arguments = ("--port", "0", "--no-s3", "--access-file", str(made.path), "--audit", "audit.jsonl")
    process = spawn("serve", *arguments, store="memory://")
    rest = places(process, "Access")["REST API"]
    made.call("token", "revoke", made.tokens["bob"])
    made.call("user", "create", "zoe", "--role", "read:*")
    assert within_patience(lambda: ask(rest, made.tokens["bob"], "GET", "whoami").status_code == 401)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    entries = [json.loads(line) for line in Path("audit.jsonl").read_text().splitlines()]
    said = {(one["action"], one["user"], one.get("user_credential")) for one in entries if one["port"] == "file"}
    assert said == {("DeleteToken", "bob", made.tokens["bob"].split("_")[1]), ("CreateUser", "zoe", None)}


def test_a_short_secret_of_urls_is_refused(run: Run, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_URLS_SECRET", "short")
    result = run("serve", "--port", "0", "--access-file", str(made.path), store="memory://")
    assert (result.exit_code, "the secret of presigned URLs is shorter than 32" in result.stderr) == (1, True)
    assert "short'" not in result.stderr


def test_urls_of_the_backend_are_given_out_unless_they_are_switched_off(
    spawn: Spawn, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    presign = "buckets/team-a-1/objects/presign"
    for options, status in (
        (("--no-s3",), 200),
        (("--no-s3", "--no-backend-urls"), 403),
        (("--s3-port", "0", "--no-backend-urls"), 200),
    ):
        arguments = ("--port", "0", *options, "--access-file", str(made.path), "--bucket", "team-a-1")
        rest = places(spawn("serve", *arguments, store="memory://"), "Access")["REST API"]
        assert ask(rest, made.tokens["bob"], "POST", presign, json={"key": "k"}).status_code == status


def test_users_come_from_the_settings_file_and_the_environment(
    spawn: Spawn, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Path("settings.toml")
    settings.write_text(made.path.read_text() + '\n[[groups]]\nname = "g"\nroles = ["read:*"]\n')
    settings.chmod(0o600)
    Path("token").write_text(ADMIN_TOKEN + "\n")
    monkeypatch.setenv("BUCKETRY_ADMIN_TOKEN_FILE", str(Path("token").resolve()))
    process = spawn("--config", str(settings), "serve", "--port", "0", "--no-s3", store="memory://")
    told = places(process, "Access")
    assert told["Access"].startswith("4 users")
    assert ask(told["REST API"], ADMIN_TOKEN, "GET", "whoami").json()["is_root"] is True
    assert ask(told["REST API"], made.tokens["bob"], "GET", "whoami").json()["id"] == "bob"
    # The token follows its file.
    Path("token").write_text(ADMIN_TOKEN[::-1])
    assert ask(told["REST API"], ADMIN_TOKEN[::-1], "GET", "whoami").status_code == 200
    assert ask(told["REST API"], ADMIN_TOKEN, "GET", "whoami").status_code == 401


def test_several_processes_know_the_users_and_follow_the_file(spawn: Spawn, made: Made, store: Store) -> None:
    store.create_bucket("team-a-1")
    arguments = ("--workers", "2", "--port", "0", "--no-s3", "--access-file", str(made.path))
    process = spawn("serve", *arguments)
    rest = places(process, "Access")["REST API"]
    for _ in range(10):
        assert ask(rest, None, "GET", "buckets").status_code == 401
        assert [one["name"] for one in ask(rest, made.tokens["alice"], "GET", "buckets").json()] == ["team-a-1"]
        assert ask(rest, made.tokens["bob"], "PUT", "buckets/team-a-1/objects/k").status_code == 403
    made.call("token", "revoke", made.tokens["bob"])
    # Too many wrong tokens are refused in another way.
    refused = {401, 429}
    assert within_patience(
        lambda: {ask(rest, made.tokens["bob"], "GET", "whoami").status_code for _ in range(8)} <= refused
    )
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_other_machines_need_no_word_where_there_are_users(spawn: Spawn, made: Made) -> None:
    arguments = ("--port", "0", "--no-s3", "--host", "0.0.0.0", "--access-file", str(made.path))  # noqa: S104
    assert places(spawn("serve", *arguments, store=None), "Access")["Access"].startswith("3 users")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--allow-anonymous",), 2, "--allow-anonymous lets everybody do everything, and there are users"),
        (("--reset-endpoint",), 2, "--reset-endpoint lets everybody delete everything, and there are users"),
        (("--access-file", "gone.toml"), 1, "the access file 'gone.toml' cannot be read"),
    ],
)
def test_what_contradicts_users_is_refused(
    run: Run, made: Made, options: tuple[str, ...], code: int, words: str
) -> None:
    result = run("serve", "--port", "0", "--no-s3", "--access-file", str(made.path), *options, store="memory://")
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[users]]\nid = "a"\nrole = "x"\n', "unknown field `role`"),
        ('[[users]]\nid = "a"\nroles = ["x"]\n', "is no role"),
        ('[[users]]\nid = "a"\n[[users]]\nid = "a"\n', "the user 'a' comes twice"),
        ('[[groups]]\nname = "g"\nroles = "x"\n', "Expected `array`"),
        ('[[users]]\nid = "admin"\n', "the user 'admin' comes twice"),
        (
            '[[users]]\nid = "eve"\n[[s3_credentials]]\naccess_key = "k"\nsecret_key = "s"\nuser_id = "eve"\n',
            "comes twice",
        ),
        ('[[oidc]]\nissuer = "http://example.com"\naudience = "x"\n', "https"),
        ('[[oidc]]\nissuer = "https://example.com"\n', "audience"),
        ('[[oidc]]\nissuer = "https://example.com"\naudience = "x"\nclient = "x"\n', "client"),
    ],
)
def test_a_mistake_in_the_settings_file_is_found_at_the_start(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.setenv("BUCKETRY_ADMIN_TOKEN", ADMIN_TOKEN)
    Path("settings.toml").write_text(text)
    result = run("--config", "settings.toml", "serve", "--port", "0", "--no-s3", store="memory://")
    assert (result.exit_code, words in result.stderr) == (1, True), result.stderr


def test_a_short_token_of_the_admin_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_ADMIN_TOKEN", "short")
    result = run("serve", "--port", "0", "--no-s3", store="memory://")
    assert (result.exit_code, "shorter than 32 characters" in result.stderr) == (1, True)


def test_secret_keys_in_a_settings_file_that_all_may_read_are_refused(run: Run) -> None:
    text = '[[users]]\nid = "a"\n[[users.keys]]\naccess_key = "AK"\nsecret_key = "0123456789abcdef"\n'
    Path("settings.toml").write_text(text)
    Path("settings.toml").chmod(0o644)
    result = run("--config", "settings.toml", "serve", "--port", "0", "--no-s3", store="memory://")
    assert (result.exit_code, "everybody may read the secret keys" in result.stderr) == (1, True)
    assert "0123456789abcdef" not in result.output
