"""Whatever is logged, and whatever goes wrong: no secret, session token or signature is written anywhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cli.conftest import Spawn
from tests.cli.test_serve_s3 import places

ACCESS, SECRET = "speaker", "s3cr3t/of+the=speaker"
OTHER_SECRET = "another-s3cr3t-in-the-file"
TOKEN = "t0ken/of+a=session//which-is-long"
WRONG = "a-wr0ng-secret-of-a-client"


class Searched:
    """What was written, and what must not be in it."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.forbidden = {SECRET, OTHER_SECRET, TOKEN, WRONG}

    def add(self, where: str, text: str | bytes) -> None:
        self.texts.append((where, text.decode("utf-8", "replace") if isinstance(text, bytes) else text))

    def forbid_signatures(self, *texts: str) -> None:
        """Takes the signatures out of URLs and headers that were sent."""
        for text in texts:
            query = dict(parse_qsl(urlsplit(text).query)) if "://" in text else {}
            found = [value for name, value in query.items() if name.lower() in {"x-amz-signature", "signature"}]
            found += [text.rpartition("Signature=")[2]] if "Signature=" in text and "://" not in text else []
            found += [text.rpartition(":")[2]] if text.startswith("AWS ") else []
            assert found, text
            self.forbidden.update(found)

    def check(self) -> None:
        assert len(self.texts) > 3
        for secret in self.forbidden:
            assert len(secret) > 10
            forms = {secret, quote(secret), quote(secret, safe=""), unquote(secret), json.dumps(secret)[1:-1]}
            forms.add(base64.b64encode(secret.encode()).decode().rstrip("="))
            for where, text in self.texts:
                assert not [form for form in forms if form in text], (where, text[:3000])


class Served(NamedTuple):
    process: Any
    rest: str
    s3: str
    metrics: str


@pytest.fixture
def searched() -> Iterator[Searched]:
    searched = Searched()
    yield searched
    searched.check()


@pytest.fixture(params=["text", "json"])
def served(request: pytest.FixtureRequest, spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> Served:
    Path("secret").write_text(SECRET + "\n")
    Path("bucketry.toml").write_text(
        f'[[s3_credentials]]\naccess_key = "other"\nsecret_key = "{OTHER_SECRET}"\n'
    )  # fmt: skip
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", ACCESS)
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY_FILE", "secret")
    process = spawn(
        "--debug", "serve", "--port", "0", "--s3-port", "0", "--bucket", "my-assets", "--log-level", "debug",
        "--log-format", request.param, "--audit", "audit.jsonl", "--management-port", "0", "--traces", "console",
        "--fault", "get_object:unavailable:prefix=fails", store=None,
    )  # fmt: skip
    found = places(process, b"S3 keys")
    return Served(process, found["REST API"], found["S3 API"], found["Metrics"])


def client(served: Served, secret: str = SECRET, **settings: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, **settings)
    return boto3.client(
        "s3",
        endpoint_url=served.s3,
        aws_access_key_id=ACCESS,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=config,
        aws_session_token=TOKEN if settings.get("user_agent_extra") else None,
    )


def watch(s3: Any, searched: Searched) -> Any:
    """Notes each signature that a client sends."""

    def sent(request: Any, **_: Any) -> None:
        if "Authorization" in request.headers:
            value = request.headers["Authorization"]
            searched.forbid_signatures(value.decode() if isinstance(value, bytes) else value)

    s3.meta.events.register("before-send.s3", sent)
    return s3


def ask(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    """Sends a request, and returns all that comes: status line, headers and content."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, url.split(parts.netloc, 1)[1], body, headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return f"{response.status} {response.headers}".encode() + content


def signed_v2(method: str, path: str, secret: str) -> str:
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    string = f"{method}\n\n\n{date}\n{path}"
    digest = hmac.new(secret.encode(), string.encode(), hashlib.sha1).digest()
    return f"AWS {ACCESS}:{base64.b64encode(digest).decode()}"


def form(fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    part = '--sep\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    pieces = [part.format(name, value) for name, value in fields.items()]
    pieces += ['--sep\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\ncontent\r\n--sep--\r\n']
    return "".join(pieces).encode(), {"Content-Type": "multipart/form-data; boundary=sep"}


def attempts(s3: Any, number: int) -> Iterator[str]:
    """Yields what a client gets for calls that succeed, or fail in the store, or for want of an object or a bucket."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("put_object", {"Bucket": "my-assets", "Key": f"key{number}", "Body": b"content"}),
        ("get_object", {"Bucket": "my-assets", "Key": "fails"}),
        ("get_object", {"Bucket": "my-assets", "Key": "missing"}),
        ("list_objects_v2", {"Bucket": "missing"}),
    ]
    for name, arguments in calls:
        try:
            yield repr(getattr(s3, name)(**arguments))
        except ClientError as error:
            yield repr(error.response)


def test_a_server_at_its_most_talkative_writes_no_secret(served: Served, searched: Searched) -> None:
    kinds: list[tuple[str, dict[str, Any]]] = [
        (SECRET, {}),
        (WRONG, {}),
        (SECRET, {"user_agent_extra": "token"}),
        (SECRET, {"signature_version": "s3"}),
    ]
    for number, (secret, settings) in enumerate(kinds):
        s3 = watch(client(served, secret, **settings), searched)
        for answer in attempts(s3, number):
            searched.add("S3 response", answer)
        urls = [
            s3.generate_presigned_url("get_object", {"Bucket": "my-assets", "Key": key}, ExpiresIn=60)
            for key in ("key0", "fails", "missing")
        ]
        searched.forbid_signatures(*urls)
        for url in urls:
            searched.add("presigned", ask(url))
            searched.add("presigned, other method", ask(url, "DELETE"))
            searched.add("presigned, altered", ask(url.replace("my-assets", "other-assets")))
            searched.add("presigned, malformed", ask(url + "&X-Amz-Expires=x&x=%ff"))
            searched.add("at the wrong port", ask(served.rest.split("/api")[0] + "/" + url.split("/", 3)[3]))
    for secret in (SECRET, WRONG):
        header = signed_v2("GET", "/my-assets/key0", secret)
        searched.forbid_signatures(header)
        searched.add("version 2", ask(f"{served.s3}/my-assets/key0", headers={"Authorization": header}))
    stop(served, searched)


def test_form_uploads_write_no_secret(served: Served, searched: Searched) -> None:
    for secret, version in ((SECRET, "s3v4"), (WRONG, "s3v4"), (SECRET, "s3"), (WRONG, "s3")):
        s3 = client(served, secret, signature_version=version)
        made = s3.generate_presigned_post("my-assets", "form", ExpiresIn=60)
        signature = made["fields"].get("x-amz-signature") or made["fields"]["signature"]
        searched.forbidden.add(signature)
        for changes in ({}, {"key": "another"}, {"policy": "no policy"}, {"x-amz-security-token": TOKEN}):
            searched.add("form", ask(f"{served.s3}/my-assets", "POST", *form({**made["fields"], **changes})))
    stop(served, searched)


PATHS = ("/status", "/buckets", "/buckets/my-assets", "/buckets/my-assets/objects/a", "/buckets/no/objects/%ff", "/x")


def test_the_rest_api_writes_no_secret(served: Served, searched: Searched) -> None:
    json_type = {"Content-Type": "application/json"}
    answer = ask(f"{served.rest}/buckets/my-assets/objects/presign", "POST", b'{"key": "a"}', json_type)
    url = json.loads(answer[answer.index(b'{"url"') :])["url"]
    searched.forbid_signatures(url)
    for path in PATHS:
        searched.add("REST", ask(f"{served.rest}{path}?{urlsplit(url).query}"))
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Amz-Security-Token": TOKEN}
        searched.add("REST", ask(f"{served.rest}{path}", headers=headers))
    stop(served, searched)


def stop(served: Served, searched: Searched) -> None:
    searched.add("metrics", ask(served.metrics))
    served.process.send_signal(signal.SIGTERM)
    out, err = served.process.communicate(timeout=60)
    assert b"INFO" in err
    assert b"bucketry_http.access" in err
    audit = Path("audit.jsonl").read_bytes()
    assert audit.startswith(b"{")
    searched.add("audit", audit)
    assert b'"kind": "SpanKind.SERVER"' in out
    searched.add("standard output", out)
    searched.add("standard error", err)
