"""Uploads that could not be ended are ended later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from bucketry_s3client import MOST_LEFTOVERS, Leftovers, Wire, _leftovers

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


def names_in(leftovers: Leftovers) -> list[str]:
    return [upload.upload_id for upload in leftovers._waiting]


def without_thread(wire: Wire, *names: str) -> Leftovers:
    """Remember these, and try again only when a test says so."""
    leftovers = Leftovers(wire, classify)
    leftovers._closed.set()
    now = time.monotonic()
    leftovers._waiting = [_leftovers._Upload("bucket", "key", name, now) for name in names]
    return leftovers


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_that_fails_for_now_does_not_keep_the_others(status: int) -> None:
    def respond(request: Request) -> Answer:
        code = {429: b"SlowDown", 500: b"InternalError", 503: b"SlowDown"}[status]
        failed = Answer(status, b"<Error><Code>%s</Code></Error>" % code)
        return failed if "failing" in request.target else Answer(204)

    with wired(respond) as (fake, wire):
        leftovers = without_thread(wire, "failing", "a", "b")
        leftovers.sweep()
        assert names_in(leftovers) == ["failing"]
    assert [line.rpartition("=")[2] for line in fake.lines] == ["failing", "a", "b"]


def test_what_the_server_refuses_to_end_is_tried_once_and_named_once(caplog: pytest.LogCaptureFixture) -> None:
    with wired(lambda _: Answer(403)) as (fake, wire):
        leftovers = without_thread(wire)
        leftovers.abort("bucket", "key", "id")
        leftovers.sweep()
        leftovers.sweep()
    assert len(fake.requests) == 1
    assert [record.getMessage() for record in caplog.records if record.name == "bucketry.s3client"] == [
        "the server refuses to end an upload that failed (access_denied): its parts take up room in bucket 'bucket'"
    ]


def test_what_is_refused_when_it_is_tried_again_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    def respond(request: Request) -> Answer:
        return Answer(403 if "refused" in request.target else 204)

    with wired(respond) as (fake, wire):
        leftovers = without_thread(wire, "refused", "a")
        leftovers.sweep()
        leftovers.sweep()
    assert len(fake.requests) == 2
    assert caplog.text.count("the server refuses to end") == 1


def test_of_a_server_that_is_gone_only_the_first_is_tried() -> None:
    with wired(lambda _: Answer(cut=True)) as (fake, wire):
        leftovers = without_thread(wire, "a", "b", "c")
        leftovers.sweep()
        assert names_in(leftovers) == ["a", "b", "c"]
    assert len(fake.requests) == 1


def test_after_its_hour_each_is_forgotten() -> None:
    with wired(lambda _: Answer(cut=True)) as (_fake, wire):
        leftovers = without_thread(wire, "old", "new", "old too")
        for place in (0, 2):
            old = leftovers._waiting[place]
            leftovers._waiting[place] = old._replace(since=old.since - _leftovers._GIVE_UP_AFTER)
        leftovers.sweep()
        assert names_in(leftovers) == ["new"]


def test_the_thread_ends_when_nothing_is_left_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_leftovers, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(_leftovers, "_GIVE_UP_AFTER", 0.1)
    with wired(lambda _: Answer(cut=True)) as (_fake, wire), closing(Leftovers(wire, classify)) as leftovers:
        leftovers.abort("bucket", "key", "id")
        eventually(lambda: leftovers._thread is None)
        assert leftovers._waiting == []


def test_the_oldest_are_forgotten() -> None:
    numbers = [str(number) for number in range(MOST_LEFTOVERS)]
    with wired(lambda _: Answer(cut=True)) as (_fake, wire):
        leftovers = without_thread(wire, *numbers)
        leftovers.abort("bucket", "key", "new")
        assert names_in(leftovers) == [*numbers[1:], "new"]
