"""Uploads that could not be ended are ended later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from bucketry_s3client import MOST_LEFTOVERS, Leftovers, _leftovers

from tests.s3client.fake import Answer, Request, classify, wired


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_upload_is_ended_at_once_where_the_server_answers() -> None:
    with wired(lambda _: Answer(204)) as (fake, wire):
        leftovers = Leftovers(wire, classify)
        leftovers.abort("bucket", "a key", "id")
        leftovers.sweep()
        leftovers.close()
    assert fake.lines == ["DELETE /bucket/a%20key?uploadId=id"]


@pytest.mark.parametrize("code", ["NoSuchUpload", "NoSuchBucket", "NoSuchKey"])
def test_an_upload_that_is_no_more_is_not_tried_again(code: str) -> None:
    answer = Answer(404, f"<Error><Code>{code}</Code></Error>".encode())
    with wired(lambda _: answer) as (fake, wire), closing(Leftovers(wire, classify)) as left:
        left.abort("bucket", "key", "id")
        left.sweep()
    assert len(fake.requests) == 1


def test_a_server_that_is_gone_is_tried_again_until_it_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_leftovers, "_FIRST_WAIT", 0.01)
    gone = threading.Event()
    gone.set()
    with (
        wired(lambda _: Answer(cut=True) if gone.is_set() else Answer(204)) as (fake, wire),
        closing(Leftovers(wire, classify)) as leftovers,
    ):
        with caplog.at_level(logging.WARNING, "bucketry.s3client"):
            leftovers.abort("bucket", "key", "id")
        assert "cannot be ended now" in caplog.text
        eventually(lambda: len(fake.requests) > 2)
        gone.clear()
        eventually(lambda: leftovers._thread is None)
        tried = len(fake.requests)
        # And the next one that fails is cared for as well.
        gone.set()
        leftovers.abort("bucket", "key", "other")
        gone.clear()
        eventually(lambda: leftovers._thread is None)
        assert len(fake.requests) > tried + 1


def test_closing_tries_a_last_time_and_ends_the_thread() -> None:
    answers = [Answer(cut=True)]
    with wired(lambda _: answers.pop() if answers else Answer(204)) as (fake, wire):
        leftovers = Leftovers(wire, classify)
        leftovers.abort("bucket", "key", "id")
        leftovers.close()
        assert leftovers._waiting == []
        assert not [thread for thread in threading.enumerate() if thread.name == "bucketry-leftovers"]
    assert len(fake.requests) == 2


def test_one_that_is_refused_does_not_keep_the_others() -> None:
    def respond(request: Request) -> Answer:
        return Answer(403 if "refused" in request.target else 204)

    with wired(respond) as (fake, wire), closing(Leftovers(wire, classify)) as leftovers:
        with leftovers._lock:
            leftovers._waiting = [("bucket", "key", name) for name in ("refused", "a", "b")]
        leftovers.sweep()
        assert leftovers._waiting == [("bucket", "key", "refused")]
    assert [line.rpartition("=")[2] for line in fake.lines[:3]] == ["refused", "a", "b"]


def test_of_a_server_that_is_gone_only_the_first_is_tried() -> None:
    with wired(lambda _: Answer(cut=True)) as (fake, wire):
        leftovers = Leftovers(wire, classify)
        waiting = [("bucket", "key", name) for name in "abc"]
        with leftovers._lock:
            leftovers._waiting = list(waiting)
        leftovers._closed.set()  # No thread.
        leftovers.sweep()
        assert leftovers._waiting == waiting
    assert len(fake.requests) == 1


def test_the_oldest_are_forgotten() -> None:
    with wired(lambda _: Answer(403)) as (_fake, wire):
        leftovers = Leftovers(wire, classify)
        leftovers._closed.set()
        with leftovers._lock:
            leftovers._waiting = [("bucket", "key", str(number)) for number in range(MOST_LEFTOVERS)]
        leftovers.abort("bucket", "key", "new")
        assert len(leftovers._waiting) == MOST_LEFTOVERS
        assert leftovers._waiting[0][2] == "1"
        assert leftovers._waiting[-1][2] == "new"
