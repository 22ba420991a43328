"""What is sent again, and what is not."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import bucketry
import pytest
from bucketry import CorsSettings, Retention
from bucketry_client import Client, Connecting, FormFile, Trying

from tests.client.facade import Facade
from tests.client.scripted import Answer, json, problem, scripted

LOST = Answer(status=200, headers={"content-type": "application/json", "content-length": "100"}, body=b"{")
"""A response that breaks off."""

STATUS = json({"available": True, "endpoint": "e", "region": "r"})
BUSY = problem(503, "unavailable", retryable=True)
QUICK = Trying(retries=1)

Call = Callable[[Client], Any]
STORED = json({"key": "k", "size_bytes": 1, "content_type": "a/b", "last_modified": "2024-01-15T10:30:00Z"}, 201)

REPEATABLE: list[tuple[str, Call, Answer]] = [
    ("status", lambda client: client.get_status(), STATUS),
    ("put of bytes", lambda client: client.put_object("b", "k", b"1"), STORED),
    ("put of a file", lambda client: client.put_object("b", "k", io.BytesIO(b"1")), STORED),
    (
        "form",
        lambda client: client.upload_objects("b", [FormFile(name="k", content=b"1")]),
        Answer(status=201, headers=STORED.headers, body=b"[%b]" % STORED.body),
    ),
    ("delete", lambda client: client.delete_object("b", "k"), Answer(status=204)),
    ("delete of settings", lambda client: client.delete_bucket_settings("b", CorsSettings), Answer(status=204)),
    ("retention", lambda client: client.put_retention("b", "k", Retention()), json({"mode": None, "until": None})),
]
UNREPEATABLE: list[tuple[str, Call, Answer]] = [
    ("create", lambda client: client.create_bucket("b"), STATUS),
    ("delete of a bucket", lambda client: client.delete_bucket("b"), Answer(status=204)),
    ("put if none match", lambda client: client.put_object("b", "k", b"1", if_none_match="*"), STORED),
    ("put if match", lambda client: client.put_object("b", "k", b"1", if_match="e"), STORED),
    ("delete if match", lambda client: client.delete_object("b", "k", if_match="e"), Answer(status=204)),
    ("put of pieces", lambda client: client.put_object("b", "k", iter([b"1"])), STORED),
    ("form of pieces", lambda client: client.upload_objects("b", [FormFile(name="k", content=iter([b"1"]))]), STORED),
]


@pytest.mark.parametrize(("call", "good"), [row[1:] for row in REPEATABLE], ids=[row[0] for row in REPEATABLE])
@pytest.mark.parametrize("bad", [LOST, BUSY], ids=["lost", "busy"])
def test_what_may_be_repeated_is(make: Facade, call: Call, good: Answer, bad: Answer) -> None:
    lost = Answer(status=good.status, headers={**LOST.headers}, body=LOST.body) if bad is LOST else bad
    if good.status == 204 and bad is LOST:
        lost = BUSY  # A response without content cannot break off.
    with scripted(lost, good) as server:
        call(make(server.url, trying=QUICK))
        first, second = server.asked
    assert (first.method, first.path, first.body) == (second.method, second.path, second.body) or "form-data" in (
        first.headers["content-type"]
    )


@pytest.mark.parametrize("call", [row[1] for row in UNREPEATABLE], ids=[row[0] for row in UNREPEATABLE])
@pytest.mark.parametrize("bad", [LOST, BUSY], ids=["lost", "busy"])
def test_what_may_not_be_repeated_is_not(make: Facade, call: Call, bad: Answer) -> None:
    lost = Answer(status=201, headers=LOST.headers, body=LOST.body) if bad is LOST else bad
    with scripted(lost, STATUS) as server:
        with pytest.raises(bucketry.BucketryError):
            call(make(server.url, trying=QUICK))
        assert len(server.asked) == 1


@pytest.mark.parametrize("refusal", [problem(429, "too_many_requests"), problem(503, "throttled", retryable=True)])
def test_what_was_surely_not_done_is_sent_again(make: Facade, refusal: Answer) -> None:
    made = json({"name": "b", "created_at": "2024-01-15T10:30:00Z", "object_count": 0, "size_bytes": 0}, 201)
    with scripted(refusal, made) as server:
        make(server.url, trying=QUICK).create_bucket("b")
        assert len(server.asked) == 2


def test_retry_after_is_waited_for(make: Facade) -> None:
    with scripted(problem(429, "too_many_requests", retry_after="1"), STATUS) as server:
        began = time.monotonic()
        make(server.url, trying=QUICK).get_status()
        assert time.monotonic() - began >= 1


def test_a_longer_wait_than_allowed_is_an_error(make: Facade) -> None:
    with scripted(problem(503, "throttled", retryable=True, retry_after="3600"), STATUS) as server:
        with pytest.raises(bucketry.Throttled):
            make(server.url).get_status()
        assert len(server.asked) == 1


def test_tries_are_bounded(make: Facade) -> None:
    with scripted(BUSY) as server:
        with pytest.raises(bucketry.Unavailable):
            make(server.url, trying=Trying(retries=2)).get_status()
        assert len(server.asked) == 3


def test_no_connection_is_unavailable(make: Facade) -> None:
    with scripted(STATUS) as server:
        url = server.url
    with pytest.raises(bucketry.Unavailable):
        make(url, trying=QUICK).create_bucket("b")


def test_a_silent_server_is_unavailable(make: Facade) -> None:
    def silent(_: object) -> Answer:
        time.sleep(0.5)
        return STATUS

    with scripted(silent) as server, pytest.raises(bucketry.Unavailable):
        make(server.url, trying=Trying(retries=0), connecting=Connecting(timeout=0.1)).get_status()


def test_a_body_that_began_is_gone_unless_it_can_go_back(make: Facade) -> None:
    class Once(io.BytesIO):
        def seekable(self) -> bool:
            return False

    def pieces() -> Iterator[bytes]:
        yield b"1"

    for body in (Once(b"1"), pieces()):
        with scripted(BUSY, STORED) as server, pytest.raises(bucketry.Unavailable):
            make(server.url, trying=QUICK).put_object("b", "k", body)
