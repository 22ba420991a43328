"""Limits of requests and bytes a second, and of requests in progress, on both ports."""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError
from bucketry import InvalidSettings, open_store
from bucketry_http import Limited, Limiter, Listener, RateLimits, S3Settings, Server, create_app, create_s3_app
from bucketry_http.shared import limits
from bucketry_http.shared.errors import TooManyRequests
from bucketry_http.shared.limits import BURST_SECONDS, LEAST_BYTES, LEAST_REQUESTS, RateTable
from bucketry_http.shared.origin import network_of
from bucketry_http.shared.running import RunningTogether

from tests.http.s3.serving import ACCESS_KEY, CREDENTIAL, READER, SECRET_KEY, WAIT

BUCKET = "my-assets"
STATUS = "/api/v1/storage/status"


@contextmanager
def ports(**limits: Any) -> Iterator[tuple[str, str, Limiter]]:
    """Serves a store on both ports with these limits, and yields their URLs."""
    limiter = Limiter(RateLimits(**limits))
    with open_store("memory://") as store:
        store.create_bucket(BUCKET)
        store.put_object(BUCKET, "key", b"content")
        ready = threading.Event()
        s3 = create_s3_app(store, S3Settings(credentials=(CREDENTIAL, READER)))
        listeners = [Listener(Limited(app, limiter), port=0) for app in (create_app(store), s3)]
        server = Server(listeners, lambda _: ready.set())
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            assert ready.wait(WAIT)
            yield server.urls[0], server.urls[1], limiter
        finally:
            server.stop()
            thread.join()


def get(url: str, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=WAIT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def client(url: str, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(retries={"max_attempts": 1, "mode": "standard"}, s3={"addressing_style": "path"}),
    )


def refusal_of(call: Callable[[], object]) -> dict[str, Any]:
    """Makes a call that is refused, and returns the refusal."""
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response)


def test_rest_refuses_an_address_that_sends_too_many_requests() -> None:
    with ports(address_requests=0.01) as (rest, _, _):
        assert get(rest, STATUS)[0] == 200
        status, headers, body = get(rest, STATUS)
    assert (status, headers["content-type"]) == (429, "application/problem+json")
    assert 1 <= int(headers["retry-after"]) <= 100
    assert b'"code":"too_many_requests"' in body
    assert b'"retryable":true' in body


def test_s3_refuses_an_address_that_sends_too_many_requests() -> None:
    with ports(address_requests=0.01) as (_, s3, _):
        first, again = get(s3, "/"), get(s3, "/")
    assert first[0] == 403
    assert again[0] == 503
    assert b"<Code>SlowDown</Code>" in again[2]
    assert 1 <= int(again[1]["retry-after"]) <= 100


def test_both_ports_count_together() -> None:
    with ports(address_requests=0.01) as (rest, s3, _):
        assert get(rest, STATUS)[0] == 200
        assert get(s3, "/")[0] == 503


def test_each_access_key_has_a_rate_of_its_own() -> None:
    with ports(principal_requests=0.01) as (_, s3, _):
        assert client(s3).get_object(Bucket=BUCKET, Key="key")["Body"].read() == b"content"
        refused = refusal_of(lambda: client(s3).head_bucket(Bucket=BUCKET))
        assert refused["ResponseMetadata"]["HTTPStatusCode"] == 503
        other = client(s3, READER.access_key, READER.secret_key.reveal())
        assert other.get_object(Bucket=BUCKET, Key="key")["Body"].read() == b"content"


def test_a_wrong_signature_does_not_count_for_the_key() -> None:
    with ports(principal_requests=0.01) as (_, s3, _):
        for _ in range(3):
            wrong = refusal_of(lambda: client(s3, ACCESS_KEY, "wrong").list_buckets())
            assert wrong["Error"]["Code"] == "SignatureDoesNotMatch"
        assert client(s3).list_buckets()["Buckets"]


def test_requests_in_progress_are_limited_and_end() -> None:
    with ports(address_concurrency=1) as (rest, _, _):
        held = http.client.HTTPConnection(urlsplit(rest).netloc, timeout=WAIT)
        held.putrequest("PUT", f"/api/v1/storage/buckets/{BUCKET}/objects/slow")
        held.putheader("Content-Length", "2")
        held.endheaders()
        held.send(b"x")
        refused = get(rest, STATUS)
        while refused[0] == 200:  # Until the server has begun with the other one.
            refused = get(rest, STATUS)
        assert refused[0] == 429
        assert refused[1]["retry-after"] == "1"
        held.send(b"y")
        assert held.getresponse().status == 201
        held.close()
        for _ in range(3):
            assert get(rest, STATUS)[0] == 200


def test_after_too_many_bytes_an_address_is_refused() -> None:
    # The debt of one large body lasts longer than the test.
    with ports(address_bytes=LEAST_BYTES) as (rest, _, limiter):
        assert get(rest, STATUS)[0] == 200
        limiter._table.take("bytes address 127.0.0.1", 3600, 0, force=True)
        status, headers, _ = get(rest, STATUS)
    assert status == 429
    assert int(headers["retry-after"]) > 3000


def test_bodies_are_slowed_down_to_their_rate() -> None:
    limiter = Limiter(RateLimits(address_bytes=LEAST_BYTES))
    place = limiter.enter("address", "127.0.0.1")
    burst = int(LEAST_BYTES * BURST_SECONDS)
    assert limiter.pause(place, burst // 2) == 0
    assert limiter.pause(place, burst + 1000 * LEAST_BYTES) == 5.0  # At most so long at once; it is far ahead.
    with pytest.raises(TooManyRequests):
        limiter.enter("address", "127.0.0.1")
    limiter.enter("address", "127.0.0.2")


def test_a_body_passes_unchanged() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["bucketry_admission"].of_address(scope)
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})

    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"content", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    limited = Limited(app, Limiter(RateLimits(address_bytes=LEAST_BYTES, address_concurrency=1)))
    for _ in range(2):
        asyncio.run(limited({"type": "http", "client": ("127.0.0.1", 1)}, receive, send))
    assert [message.get("body") for message in sent] == [None, b"content"] * 2


def test_processes_share_rates(tmp_path: Path) -> None:
    tables = RateTable(tmp_path), RateTable(tmp_path)
    took = [tables[number % 2].take("somebody", 1.0, 5.0) for number in range(7)]
    assert [wait == 0 for wait in took] == [True] * 5 + [False] * 2
    assert tables[0].take("somebody else", 1.0, 5.0) == 0


class Process:
    """A process of a server, which counts requests in progress as it is told."""

    PROGRAM = """
import sys
from pathlib import Path
from bucketry_http import Limiter, RateLimits
from bucketry_http.shared import limits
from bucketry_http.shared.errors import TooManyRequests
limiter = Limiter(RateLimits(principal_concurrency=4), folder=Path(sys.argv[1]), processes=2)
print("ready", flush=True)
for line in sys.stdin:
    what, who = line.split()
    try:
        limiter.leave("principal " + who) if what == "leave" else limiter.enter("principal", who)
        print("ok", flush=True)
    except TooManyRequests:
        print("refused", flush=True)
"""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._read() == "ready"

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def tell(self, what: str, who: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {who}\n")
        self._process.stdin.flush()
        return self._read()

    def kill(self) -> None:
        self._process.kill()
        with self._process:
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no workers")
def test_processes_count_requests_in_progress_together(tmp_path: Path) -> None:
    first, second = Process(tmp_path), Process(tmp_path)
    try:
        # All of one process, although two share the limit.
        assert [first.tell("enter", "alice") for _ in range(5)] == ["ok"] * 4 + ["refused"]
        assert second.tell("enter", "alice") == "refused"
        assert second.tell("enter", "bob") == "ok"
        assert first.tell("leave", "alice") == "ok"
        assert [second.tell("enter", "alice") for _ in range(2)] == ["ok", "refused"]
        # Many names at a time, each with its own count.
        names = [f"user-{number}" for number in range(500)]
        assert {first.tell("enter", name) for name in names} == {"ok"}
        assert [second.tell("enter", names[0]) for _ in range(4)] == ["ok"] * 3 + ["refused"]
        assert {first.tell("leave", name) for name in names} == {"ok"}
        # What a process that died had in progress counts until another one takes its place.
        first.kill()
        assert second.tell("enter", "alice") == "refused"
        first = Process(tmp_path)
        assert [first.tell("enter", "alice") for _ in range(4)] == ["ok"] * 3 + ["refused"]
    finally:
        first.kill()
        second.kill()


def test_more_names_on_one_place_than_it_has_slots(tmp_path: Path) -> None:
    table = RunningTogether(tmp_path, 2)
    table._sets = 1
    names = [f"user-{number}" for number in range(20)]
    for _ in range(2):
        assert all(table.enter(name, 1) for name in names)
        assert not any(table.enter(name, 1) for name in names)
        for name in names:
            table.leave(name)


def test_a_refusal_for_the_rate_counts_nothing_in_progress() -> None:
    limiter = Limiter(RateLimits(principal_requests=1, principal_concurrency=10))
    for _ in range(int(BURST_SECONDS)):
        limiter.leave(limiter.enter("principal", "alice"))
    for _ in range(20):
        with pytest.raises(TooManyRequests, match="1 requests a second"):
            limiter.enter("principal", "alice")


def test_a_table_of_fixed_size_takes_any_number_of_names() -> None:
    table = RateTable()
    assert all(table.take(f"address {number}", 1.0, 5.0) == 0 for number in range(50_000))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


@pytest.mark.parametrize(
    "wrong", [{"principal_requests": -1.0}, {"address_bytes": 1}, {"address_concurrency": -1}], ids=str
)
def test_limits_that_are_not_valid_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings):
        RateLimits(**wrong)


@pytest.mark.parametrize("rate", [1e-320, 1e-300, LEAST_REQUESTS / 2, -1.0, float("nan")])
def test_a_rate_of_requests_that_nobody_can_wait_for_is_refused(rate: float) -> None:
    with pytest.raises(InvalidSettings, match="address_requests"):
        RateLimits(address_requests=rate)


@pytest.mark.parametrize("now", [0.0, 68_123.456_789, 68_123.1, 3e7 + 0.1, 1e9 / 3])
@pytest.mark.parametrize("rate", [LEAST_REQUESTS, 1 / 7, 0.3])
def test_the_first_request_is_never_too_much(rate: float, now: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(200):
        monkeypatch.setattr(limits, "monotonic", lambda step=step: now + step * 1e-3 / 7)
        Limiter(RateLimits(address_requests=rate)).enter("address", "192.0.2.1")


def test_nobody_waits_for_longer_than_a_day() -> None:
    limiter = Limiter(RateLimits(address_requests=LEAST_REQUESTS))
    place = limiter.enter("address", "192.0.2.1")
    limiter.leave(place)
    with pytest.raises(TooManyRequests) as caught:
        limiter.enter("address", "192.0.2.1")
    assert 0 < caught.value.retry_after <= 86_400
