"""Checks the most verbose output of a driver and of the command line: no secret, token or signature is in it."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
import urllib3
from bucketry import BucketryError, HeadOptions, PresignOptions, PutOptions, Store
from bucketry.tracing import Trace
from bucketry_s3client import S3Client
from opentelemetry.trace import SpanKind

from tests.spans import Spans

TOKEN = "t0ken/of+a=session//which-is-long"
WRONG = "a-wr0ng-secret-of-a-client"
SIGNED = re.compile(r"[Ss]ignature=(?!\*\*\*)[0-9a-f]{64}|AWS4-HMAC-SHA256(?:\n|\\n)")


class _Everything(logging.Handler):
    """Writes every record with its traceback, as a library's user might."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Collects what all loggers write from now on, at their most talkative."""
    root, handler = logging.getLogger(), _Everything()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        logging.getLogger("urllib3").setLevel(logging.NOTSET)


def signatures_seen(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The signatures that go over the wire from now on."""
    seen: set[str] = set()
    send: Callable[..., object] = urllib3.connectionpool.HTTPConnectionPool._make_request

    def watched(pool: object, connection: object, method: str, url: str, *args: object, **kwargs: object) -> object:
        headers = kwargs.get("headers")
        assert isinstance(headers, Mapping)
        for name, value in headers.items():
            if name.lower() == "authorization":
                seen.add(str(value).rpartition("Signature=")[2])
        return send(pool, connection, method, url, *args, **kwargs)

    make = S3Client.raw_request

    def made(client: S3Client, *args: Any, **kwargs: Any) -> bytes:
        raw = make(client, *args, **kwargs)
        seen.add(raw.partition(b"Signature=")[2].partition(b"\r\n")[0].decode())
        return raw

    monkeypatch.setattr(urllib3.connectionpool.HTTPConnectionPool, "_make_request", watched)
    monkeypatch.setattr(S3Client, "raw_request", made)
    return seen


def use(store: Store, bucket: str) -> Iterator[str]:
    """Calls a store in many ways, and yields what it shows: results, errors and tracebacks, not presigned URLs."""
    yield repr(store.presign(bucket, "key", PresignOptions(method="PUT")))
    calls: list[Callable[[], object]] = [
        store.status,
        store.list_buckets,
        lambda: store.put_object(bucket, "key", b"content", PutOptions(metadata={"a": "b"})),
        lambda: store.put_object(bucket, "large", iter([bytes(6 * 1024**2)] * 2)),
        lambda: store.head_object(bucket, "key"),
        lambda: store.head_object(bucket, "key", HeadOptions(if_match="another")),
        lambda: store.get_object(bucket, "key").read(),
        lambda: store.get_object(bucket, "missing"),
        lambda: store.copy_object(bucket, "key", bucket, "copy"),
        lambda: store.list_objects(bucket),
        lambda: store.list_objects("missing-" + bucket),
        lambda: store.bucket_usage(bucket),
        store.usage_report,
        lambda: store.delete_objects(bucket, ["copy", "missing"]),
        lambda: store.create_bucket(bucket),
    ]
    for call in calls:
        try:
            yield repr(call())
        except BucketryError as error:
            yield from (str(error), repr(error), repr(error.__cause__), "".join(traceback.format_exception(error)))
    yield repr(store)
    yield repr(store.capabilities)


def check_none(texts: list[str], secrets: list[str], signatures: set[str]) -> None:
    """Fails if one of the texts holds a secret or a signature, in any of the forms that they are written in."""
    assert texts
    for secret in {*secrets, *signatures}:
        assert len(secret) > 5
        for form in (secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]):
            for text in texts:
                assert form not in text, text[:2000]
    for text in texts:
        assert SIGNED.search(text) is None, text[:2000]


def check_driver(
    open_with: Callable[..., Store], bucket: str, secrets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uses a driver with right and wrong credentials, with a token, and without a server; searches all that it says."""
    signatures = signatures_seen(monkeypatch)
    shown: list[str] = []
    spans = Spans()
    nowhere = {"at": "127.0.0.1:1", "connect_timeout": 0.5, "read_timeout": 0.5, "retries": 1}
    with everything_logged() as logged:
        for more in ({}, {"secret_key": WRONG}, {"session_token": TOKEN}, {**nowhere, "session_token": TOKEN}):
            with open_with(layers=[Trace(spans.provider)], **more) as store:
                shown += use(store, bucket)
    assert any(span.kind is SpanKind.CLIENT for span in spans.ended)
    shown.append(spans.text())
    assert len(signatures) > 10
    assert any("urllib3" in line for line in logged)
    check_none(shown + logged, [*secrets, TOKEN, WRONG], signatures)


def check_command_line(url: str, driver: str, credentials: tuple[str, str], bucket: str, secrets: list[str]) -> None:
    """Runs ``bucketry serve`` and other commands with all that they can say; searches what comes out and back."""
    prefix = f"BUCKETRY_{driver.upper()}_"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BUCKETRY_")}
    environ |= {prefix + "ACCESS_KEY": credentials[0], prefix + "SECRET_KEY": credentials[1], "BUCKETRY_STORE": url}
    texts: list[str] = []
    program = [sys.executable, "-m", "bucketry_cli", "--debug"]
    commands = [
        ["ls", bucket],
        ["put", "-", f"{bucket}/key"],
        ["get", f"{bucket}/missing", "-"],
        ["rm", f"{bucket}/key"],
    ]
    for variables in (environ, environ | {prefix + "SESSION_TOKEN": TOKEN}):
        for arguments in commands:
            command = [*program, *arguments]
            done = subprocess.run(
                command, env=variables, input=b"content", capture_output=True, timeout=120, check=False
            )
            texts += [done.stdout.decode(), done.stderr.decode()]
        loud = ["--log-level", "debug", "--traces", "console"]
        texts += _served([*program, "serve", "--port", "0", *loud], variables, bucket)
    check_none(texts, [*secrets, TOKEN], set())


def _served(command: list[str], environ: Mapping[str, str], bucket: str) -> list[str]:
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    texts: list[str] = []
    try:
        assert process.stdout is not None
        rest = next(line.split()[-1] for line in process.stdout if line.startswith("REST API"))
        for path in (
            "/status",
            "/buckets",
            f"/buckets/{bucket}",
            f"/buckets/{bucket}/objects",
            f"/buckets/{bucket}/objects/x",
            "/usage",
        ):
            try:
                with urllib.request.urlopen(rest + path, timeout=120) as answer:  # noqa: S310 - our own URL
                    texts.append(f"{answer.headers}{answer.read().decode()}")
            except urllib.error.HTTPError as error:
                texts.append(f"{error.headers}{error.read().decode()}")
    finally:
        process.send_signal(signal.SIGTERM)
        texts += process.communicate(timeout=120)
    assert "INFO" in texts[-1]
    assert '"kind": "SpanKind.CLIENT"' in texts[-2]
    return texts
