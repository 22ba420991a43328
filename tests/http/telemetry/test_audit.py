"""The audit stream: what is in it, and what happens if it cannot be written."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bucketry import Secret
from bucketry_access import Change, Directory
from bucketry_http.shared.record import RequestRecord
from bucketry_http.shared.recorded import Recorder
from bucketry_http.telemetry.audit import Audit, FileTarget, Target, WebhookTarget, audited
from bucketry_http.telemetry.audit.targets import TargetDown
from bucketry_http.webhooks import WebhookSettings, verify_webhook

from tests.http.recorded import Ports, recorded_ports
from tests.http.s3.client import Client
from tests.http.s3.serving import ACCESS_KEY, memory_store
from tests.http.s3.signing import Signing
from tests.http.serving import eventually

READER = Signing(access_key="reader", secret_key="reader's secret key")
JSON = {"content_type": "application/json"}


class Kept:
    """A target that keeps what it gets, unless it is down."""

    name = "kept"

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.is_down = False
        self.is_closed = False
        self.tries = 0

    def write(self, lines: Sequence[bytes]) -> None:
        self.tries += 1
        if self.is_down:
            raise TargetDown("it is down")
        self.lines += lines

    def close(self) -> None:
        self.is_closed = True

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


class Counts:
    """Counts entries as metrics do."""

    def __init__(self) -> None:
        self.all_written = self.all_dropped = self.now_waiting = 0

    def written(self, count: int) -> None:
        self.all_written += count

    def dropped(self, count: int) -> None:
        self.all_dropped += count

    def waiting(self, count: int) -> None:
        self.now_waiting = count


@contextmanager
def auditing(
    target: Target, when_full: Any = "block", *, directory: Directory | None = None, **settings: Any
) -> Iterator[tuple[Audit, Ports]]:
    with memory_store() as store:
        store.create_bucket("my-assets")
        audit = Audit(target, when_full, **settings)
        try:
            with recorded_ports(store, gates=[audit], directory=directory) as ports:
                yield audit, ports
        finally:
            audit.close(0.5)


def test_changes_of_users_are_audited() -> None:
    kept = Kept()
    found = (Change("CreateUser", "ann"), Change("DeleteToken", "ben", "token-id"))
    with auditing(kept) as (audit, _):
        audit.changed(found)
        assert eventually(lambda: len(kept.lines) == 2)
        audit.changed(found)  # As another process does.
        assert eventually(lambda: len(kept.lines) == 4)
    entries = [{name: value for name, value in entry.items() if name != "time"} for entry in kept.entries]
    assert entries[:2] == entries[2:]
    assert entries[0].pop("request_id") != entries[1].pop("request_id")
    about = {"kind": "access", "outcome": "ok", "port": "file", "status": 0}
    assert entries[0] == {**about, "action": "CreateUser", "user": "ann"}
    assert entries[1] == {**about, "action": "DeleteToken", "user": "ben", "user_credential": "token-id"}


def test_changes_of_users_are_counted_if_the_queue_is_full() -> None:
    meter, target = Counts(), Kept()
    target.is_down = True
    with auditing(target, "block", queue_size=1, meter=meter) as (audit, _):
        audit.changed([Change("CreateUser", str(number)) for number in range(5)])
        assert eventually(lambda: meter.all_dropped >= 3)


def test_what_changes_something_is_audited_on_both_ports() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        ports.s3.ask("PUT", "/my-assets/a%2Fb", b"content", {"x-request-id": "id-1", "user-agent": "agent"})
        ports.s3.ask("DELETE", "/my-assets/a%2Fb")
        ports.s3.ask("PUT", "/my-assets?acl", headers={"x-amz-acl": "private"})
        ports.s3.ask("PUT", "/my-assets/no", b"x", by=READER)
        ports.s3.ask("PUT", "/missing-bucket/a", b"x")
        ports.rest("POST", "buckets/my-assets/objects/presign", b'{"key": "p"}', **JSON)
        ports.rest("POST", "buckets/my-assets/objects/delete", b'{"keys": ["c", "d"]}', **JSON)
        ports.rest("POST", "buckets", b'{"name": "another"}', **JSON)
        assert eventually(lambda: len(kept.lines) == 8)
    said = [(one["port"], one["kind"], one["outcome"], one["action"]) for one in kept.entries]
    assert said == [
        ("s3", "write", "ok", "PutObject"),
        ("s3", "delete", "ok", "DeleteObject"),
        ("s3", "access", "ok", "PutBucketAcl"),
        ("s3", "refusal", "refused", "PutObject"),
        ("s3", "write", "failed", "PutObject"),
        ("rest", "presign", "ok", "PresignGetObject"),
        ("rest", "delete", "ok", "DeleteObjects"),
        ("rest", "write", "ok", "CreateBucket"),
    ]
    assert kept.entries[-1]["bucket"] == "another"
    first = kept.entries[0]
    assert first.pop("time").endswith("Z")
    assert first.pop("principal")
    assert first == {
        "kind": "write",
        "outcome": "ok",
        "port": "s3",
        "request_id": "id-1",
        "credential": ACCESS_KEY,
        "address": "127.0.0.1",
        "user_agent": "agent",
        "action": "PutObject",
        "bucket": "my-assets",
        "key": "a/b",
        "status": 200,
        "bytes_in": 7,
    }
    assert kept.entries[3]["credential"] == "reader"
    assert kept.entries[6]["keys"] == ["c", "d"]


def test_reading_is_not_audited_unless_it_is_refused() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        ports.s3.ask("GET", "/my-assets/missing")
        ports.s3.ask("GET", "/")
        ports.rest("GET", "buckets")
        ports.s3.send("GET", "/my-assets/a")
        assert eventually(lambda: len(kept.lines) == 1)
    (entry,) = kept.entries
    assert (entry["kind"], entry["principal"], entry["status"]) == ("refusal", "Anonymous", 403)


def test_a_client_that_leaves_is_audited() -> None:
    record = RequestRecord(
        port="s3", id="1", method="PUT", time=0.0, started=0.0, operation="PutObject", aborted=True, bytes_in=3
    )
    entry = audited(record)
    assert entry is not None
    assert (entry.outcome, entry.status, entry.bytes_in) == ("aborted", 0, 3)


def test_block_refuses_what_cannot_be_audited_and_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    kept, counts = Kept(), Counts()
    kept.is_down = True
    with auditing(kept, queue_size=2, wait_seconds=0.1, meter=counts) as (_, ports):
        for key in ("a", "b"):
            assert ports.s3.ask("PUT", f"/my-assets/{key}", b"x").status == 200
        # The entries wait. Nothing happens any more that could not be audited.
        refused = ports.s3.ask("PUT", "/my-assets/c", b"x")
        assert (refused.status, refused.code) == (503, "ServiceUnavailable")
        assert refused.headers["retry-after"] == "1"
        assert ports.last().code == "ServiceUnavailable"
        on_rest = ports.rest("PUT", "buckets/my-assets/objects/c", b"x")
        assert on_rest.status == 503
        assert json.loads(on_rest.body)["code"] == "unavailable"
        assert ports.rest("GET", "buckets").status == 503
        assert ports.last().code == "unavailable"
        assert counts.now_waiting == 2
        kept.is_down = False
        assert eventually(lambda: len(kept.lines) == 2)
        assert ports.s3.ask("GET", "/my-assets/c").status == 404
        assert ports.s3.ask("PUT", "/my-assets/c", b"x").status == 200
        assert eventually(lambda: len(kept.lines) == 3)
    assert [entry["key"] for entry in kept.entries] == ["a", "b", "c"]
    assert (counts.all_written, counts.all_dropped) == (3, 0)
    assert caplog.text.count("cannot be written to kept: it is down") == 1
    assert caplog.text.count("is written to kept again") == 1
    assert kept.is_closed


def test_block_waits_for_room() -> None:
    kept = Kept()
    kept.is_down = True
    with auditing(kept, queue_size=1, wait_seconds=30.0) as (_, ports):
        assert ports.s3.ask("PUT", "/my-assets/a", b"x").status == 200
        statuses: list[int] = []
        waits = threading.Thread(target=lambda: statuses.append(ports.s3.ask("PUT", "/my-assets/b", b"x").status))
        waits.start()
        tries = kept.tries
        assert eventually(lambda: kept.tries > tries)
        assert statuses == []
        kept.is_down = False
        waits.join()
        assert statuses == [200]
        assert eventually(lambda: [entry["key"] for entry in kept.entries] == ["a", "b"])


def test_health_never_waits() -> None:
    kept = Kept()
    kept.is_down = True
    with auditing(kept, queue_size=1, wait_seconds=30.0) as (_, ports):
        ports.s3.ask("PUT", "/my-assets/a", b"x")
        from tests.http.client_of_urls import ask

        # An encoded letter leads to the same place.
        assert ask(f"{ports.rest_url}/health/live")[0] == ask(f"{ports.rest_url}/%68ealth/live")[0] == 200
        kept.is_down = False


def test_many_requests_at_once_take_no_more_places_than_there_are() -> None:
    kept = Kept()
    with auditing(kept, queue_size=3, wait_seconds=30.0) as (audit, ports):
        threads = [
            threading.Thread(target=lambda key=key: ports.s3.ask("PUT", f"/my-assets/k{key}", b"x"))
            for key in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert eventually(lambda: len(kept.lines) == 20)
        assert not audit._places
    assert sorted(entry["key"] for entry in kept.entries) == sorted(f"k{key}" for key in range(20))


def test_drop_goes_on_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    kept, counts = Kept(), Counts()
    kept.is_down = True
    with auditing(kept, "drop", queue_size=2, meter=counts) as (_, ports):
        for number in range(5):
            assert ports.s3.ask("PUT", f"/my-assets/k{number}", b"x").status == 200
        ports.last()
        assert eventually(lambda: counts.all_dropped == 3)
        kept.is_down = False
        assert eventually(lambda: len(kept.lines) == 2)
        assert eventually(lambda: "has lost 3 entries" in caplog.text)
    assert caplog.text.count("loses entries: the queue is full") == 1


def test_the_end_writes_what_waits() -> None:
    kept = Kept()
    audit = Audit(kept, "drop")
    for number in range(1000):
        audit.end([RequestRecord(port="s3", id=str(number), method="PUT", time=0.0, started=0.0, status=200)])
    audit.close()
    assert [entry["request_id"] for entry in kept.entries] == [str(number) for number in range(1000)]


def test_the_end_waits_no_longer_than_it_may(caplog: pytest.LogCaptureFixture) -> None:
    kept, counts = Kept(), Counts()
    kept.is_down = True
    audit = Audit(kept, "drop", meter=counts)
    audit.end([RequestRecord(port="s3", id="1", method="PUT", time=0.0, started=0.0, status=200)])
    audit.close(0.1)
    assert counts.all_dropped == 1
    assert "the server ends" in caplog.text


def test_a_process_that_ends_at_once_writes_what_waits_for_a_moment() -> None:
    kept, counts = Kept(), Counts()
    audit = Audit(kept, "drop", meter=counts)
    recorder = Recorder("s3", [], [audit])

    async def end() -> None:
        record = RequestRecord(port="s3", id="1", method="PUT", time=0.0, started=0.0, status=200)
        recorder.end(record, is_complete=True)

    asyncio.run(end())
    recorder.hurry()
    assert [entry["request_id"] for entry in kept.entries] == ["1"]
    recorder.hurry()  # Of the other port.
    assert (counts.all_written, counts.all_dropped) == (1, 0)


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_file_is_appended_to_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(2):
        target = FileTarget(path)
        target.write([b"%d\n" % number])
        target.close()
    assert lines_of(path) == [b"0\n", b"1\n"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    target = FileTarget(path)
    target.write([b"1\n"])
    path.rename(tmp_path / "audit.jsonl.1")
    target.write([b"2\n"])
    path.unlink()
    target.write([b"3\n"])
    target.close()
    assert lines_of(tmp_path / "audit.jsonl.1") == [b"1\n"]
    assert lines_of(path) == [b"3\n"]


def test_a_full_disk_neither_repeats_nor_tears_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.jsonl"
    target, write = FileTarget(path), os.write
    room = 7

    def limited(file: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(28, "No space left on device")
        written = write(file, data[:room])
        room -= written
        return written

    monkeypatch.setattr(os, "write", limited)
    lines = [b"first\n", b"second\n"]
    with pytest.raises(TargetDown, match="No space left"):
        target.write(lines)
    room = 1000
    target.write(lines)
    target.write([b"third\n"])
    target.close()
    assert lines_of(path) == [b"first\n", b"second\n", b"third\n"]


class Receiver(ThreadingHTTPServer):
    """Takes requests, and refuses the first ones."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses = statuses
        self.requests: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@contextmanager
def receiving(*statuses: int) -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver(list(statuses))
    thread = threading.Thread(target=receiver.serve_forever)
    thread.start()
    try:
        yield receiver, f"http://127.0.0.1:{receiver.server_address[1]}/a-secret-path"
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


def test_a_webhook_is_signed_and_sent_again_with_the_same_id(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(base64.b64encode(os.urandom(32)).decode())
    caplog.set_level(logging.DEBUG)
    with receiving(500, 302) as (receiver, url):
        target = WebhookTarget(WebhookSettings(url=url, secret=secret))
        with auditing(target) as (_, ports):
            ports.s3.ask("PUT", "/my-assets/a", b"x")
            assert eventually(lambda: len(receiver.requests) == 3)
            ports.s3.ask("PUT", "/my-assets/b", b"x")
            assert eventually(lambda: len(receiver.requests) == 4)
    for headers, body in receiver.requests:
        verify_webhook(headers, body, secret)
        assert headers["content-type"] == "application/x-ndjson"
    ids = [headers["webhook-id"] for headers, _ in receiver.requests]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert [json.loads(body)["key"] for _, body in receiver.requests] == ["a", "a", "a", "b"]
    ours = "".join(record.getMessage() for record in caplog.records if record.name == "bucketry_http")
    assert "status 500" in ours
    assert "a-secret-path" not in ours


def test_a_webhook_that_is_not_there_is_down(unused_port: Callable[[], int]) -> None:
    target = WebhookTarget(WebhookSettings(url=f"http://127.0.0.1:{unused_port()}/hook"))
    with pytest.raises(TargetDown) as caught:
        target.write([b"{}\n"])
    assert "hook" not in str(caught.value)
    target.close()


@pytest.fixture
def unused_port() -> Callable[[], int]:
    import socket

    def unused() -> int:
        with socket.create_server(("127.0.0.1", 0)) as bound:
            return int(bound.getsockname()[1])

    return unused


def test_a_signature_in_a_key_is_not_audited() -> None:
    signature = "0123456789abcdef" * 4
    record = RequestRecord(
        port="s3", id="1", method="PUT", time=0.0, started=0.0, status=200, keys=["a", f"X-Amz-Signature={signature}"]
    )
    record.key = f"a?X-Amz-Signature={signature}"
    entry = audited(record)
    assert entry is not None
    assert signature not in repr(entry)


def test_no_key_breaks_a_line_or_commands_a_terminal() -> None:
    kept = Kept()
    key = "a\u2028b\x9b2J\u202egpj.exe"
    with auditing(kept) as (_, ports):
        assert ports.rest("PUT", f"buckets/my-assets/objects/{quote(key)}", b"x").status == 201
        assert eventually(lambda: len(kept.lines) == 1)
    assert kept.entries[0]["key"] == key
    assert kept.lines[0].decode().strip("\n").isprintable()


def test_a_bucket_named_health_is_audited_and_held_up_as_any_other() -> None:
    kept = Kept()
    audit = Audit(kept, "block", queue_size=1, wait_seconds=0.01)
    with memory_store() as store, recorded_ports(store, gates=[audit]) as ports:
        assert ports.s3.ask("PUT", "/health").status == 200
        assert ports.s3.ask("PUT", "/health/live", b"content").status == 200
        assert eventually(lambda: [entry["action"] for entry in kept.entries] == ["CreateBucket", "PutObject"])
        kept.is_down = True
        assert ports.s3.ask("DELETE", "/health/live").status == 204
        assert ports.s3.ask("PUT", "/health/live", b"content").status == 503
        assert Client(ports.rest_url).send("GET", "/health/live").status == 200
        kept.is_down = False
    audit.close()
