"""Uploads that could not be ended are ended later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from bucketry_s3client import MAX_FAILED_UPLOADS, FailedUploads, S3Client
from bucketry_s3client import failed_uploads as module

from tests.s3client.fake import Answer, Request, classify, wired


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_upload_is_ended_at_once_where_the_server_answers() -> None:
    with wired(lambda _: Answer(204)) as (fake, client):
        failed_uploads = FailedUploads(client, classify)
        failed_uploads.abort("bucket", "a key", "id")
        failed_uploads.sweep()
        failed_uploads.close()
    assert fake.lines == ["DELETE /bucket/a%20key?uploadId=id"]


@pytest.mark.parametrize("code", ["NoSuchUpload", "NoSuchBucket", "NoSuchKey"])
def test_an_upload_that_is_no_more_is_not_tried_again(code: str) -> None:
    answer = Answer(404, f"<Error><Code>{code}</Code></Error>".encode())
    with wired(lambda _: answer) as (fake, client), closing(FailedUploads(client, classify)) as left:
        left.abort("bucket", "key", "id")
        left.sweep()
    assert len(fake.requests) == 1


def test_a_server_that_is_gone_is_tried_again_until_it_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)
    gone = threading.Event()
    gone.set()
    with (
        wired(lambda _: Answer(cut=True) if gone.is_set() else Answer(204)) as (fake, client),
        closing(FailedUploads(client, classify)) as failed_uploads,
    ):
        with caplog.at_level(logging.WARNING, "bucketry.s3client"):
            failed_uploads.abort("bucket", "key", "id")
        assert "cannot be ended now" in caplog.text
        eventually(lambda: len(fake.requests) > 2)
        gone.clear()
        eventually(lambda: failed_uploads._thread is None)
        tried = len(fake.requests)
        # And the next one that fails is cared for as well.
        gone.set()
        failed_uploads.abort("bucket", "key", "other")
        gone.clear()
        eventually(lambda: failed_uploads._thread is None)
        assert len(fake.requests) > tried + 1


def test_closing_tries_a_last_time_and_ends_the_thread() -> None:
    answers = [Answer(cut=True)]
    with wired(lambda _: answers.pop() if answers else Answer(204)) as (fake, client):
        failed_uploads = FailedUploads(client, classify)
        failed_uploads.abort("bucket", "key", "id")
        failed_uploads.close()
        assert failed_uploads._waiting == []
        assert not [thread for thread in threading.enumerate() if thread.name == "bucketry-failed_uploads"]
    assert len(fake.requests) == 2


def names_in(failed_uploads: FailedUploads) -> list[str]:
    return [upload.upload_id for upload in failed_uploads._waiting]


def without_thread(client: S3Client, *names: str) -> FailedUploads:
    """Remember these, and try again only when a test says so."""
    failed_uploads = FailedUploads(client, classify)
    failed_uploads._closed.set()
    now = time.monotonic()
    failed_uploads._waiting = [module._Upload("bucket", "key", name, now) for name in names]
    return failed_uploads


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_that_fails_for_now_does_not_keep_the_others(status: int) -> None:
    def respond(request: Request) -> Answer:
        code = {429: b"SlowDown", 500: b"InternalError", 503: b"SlowDown"}[status]
        failed = Answer(status, b"<Error><Code>%s</Code></Error>" % code)
        return failed if "failing" in request.target else Answer(204)

    with wired(respond) as (fake, client):
        failed_uploads = without_thread(client, "failing", "a", "b")
        failed_uploads.sweep()
        assert names_in(failed_uploads) == ["failing"]
    assert [line.rpartition("=")[2] for line in fake.lines] == ["failing", "a", "b"]


def test_what_the_server_refuses_to_end_is_tried_once_and_named_once(caplog: pytest.LogCaptureFixture) -> None:
    with wired(lambda _: Answer(403)) as (fake, client):
        failed_uploads = without_thread(client)
        failed_uploads.abort("bucket", "key", "id")
        failed_uploads.sweep()
        failed_uploads.sweep()
    assert len(fake.requests) == 1
    assert [record.getMessage() for record in caplog.records if record.name == "bucketry.s3client"] == [
        "the server refuses to end an upload that failed (access_denied): its parts take up room in bucket 'bucket'"
    ]


def test_what_is_refused_when_it_is_tried_again_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    def respond(request: Request) -> Answer:
        return Answer(403 if "refused" in request.target else 204)

    with wired(respond) as (fake, client):
        failed_uploads = without_thread(client, "refused", "a")
        failed_uploads.sweep()
        failed_uploads.sweep()
    assert len(fake.requests) == 2
    assert caplog.text.count("the server refuses to end") == 1


def test_of_a_server_that_is_gone_only_the_first_is_tried() -> None:
    with wired(lambda _: Answer(cut=True)) as (fake, client):
        failed_uploads = without_thread(client, "a", "b", "c")
        failed_uploads.sweep()
        assert names_in(failed_uploads) == ["a", "b", "c"]
    assert len(fake.requests) == 1


def test_after_its_hour_each_is_forgotten() -> None:
    with wired(lambda _: Answer(cut=True)) as (_fake, client):
        failed_uploads = without_thread(client, "old", "new", "old too")
        for place in (0, 2):
            old = failed_uploads._waiting[place]
            failed_uploads._waiting[place] = old._replace(since=old.since - module._GIVE_UP_AFTER)
        failed_uploads.sweep()
        assert names_in(failed_uploads) == ["new"]


def test_the_thread_ends_when_nothing_is_left_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(module, "_GIVE_UP_AFTER", 0.1)
    with (
        wired(lambda _: Answer(cut=True)) as (_fake, client),
        closing(FailedUploads(client, classify)) as failed_uploads,
    ):
        failed_uploads.abort("bucket", "key", "id")
        eventually(lambda: failed_uploads._thread is None)
        assert failed_uploads._waiting == []


def test_the_oldest_are_forgotten() -> None:
    numbers = [str(number) for number in range(MAX_FAILED_UPLOADS)]
    with wired(lambda _: Answer(cut=True)) as (_fake, client):
        failed_uploads = without_thread(client, *numbers)
        failed_uploads.abort("bucket", "key", "new")
        assert names_in(failed_uploads) == [*numbers[1:], "new"]
