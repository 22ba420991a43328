"""Uploads in parts: side by side, in bounded memory, and nothing left behind when they fail."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import md5
from itertools import islice

import pytest
from bucketry import Body, CompletedPart, IncompleteBody, TooLarge, Unavailable
from bucketry.features import MIB
from bucketry.s3 import MAX_PART_BYTES, MAX_PARTS
from bucketry_s3client import (
    FailedUploads,
    PartsUpload,
    S3ResponseError,
    complete_upload,
    create_upload,
    part_sizes,
    take,
)
from urllib3.exceptions import HTTPError

from tests.s3client.fake import BEGUN, COMPLETED, Answer, Fake, Request, Respond, classify, wired

PART = 5 * MIB
ETAG = {"etag": '"part-etag"'}


def honest(request: Request) -> Answer:
    if request.target.endswith("?uploads="):
        return Answer(200, BEGUN)
    if request.method == "POST":
        return Answer(200, COMPLETED)
    return Answer(204 if request.method == "DELETE" else 200, headers=ETAG if request.method == "PUT" else {})


def refusing(method: str, answer: Answer) -> Respond:
    """An honest server but for one method; the new upload itself is honest."""

    def respond(request: Request) -> Answer:
        return answer if request.method == method and "uploadId" in request.target else honest(request)

    return respond


@contextmanager
def uploading(respond: Respond, threads: int = 3) -> Iterator[tuple[Fake, Callable[[Body], None]]]:
    with (
        wired(respond, part_size=PART, upload_threads=threads, retries=0) as (fake, client),
        closing(FailedUploads(client, classify)) as failed_uploads,
    ):

        def upload(body: Body) -> None:
            settings = fake.settings(part_size=PART, upload_threads=threads)
            sizes = part_sizes(body.length, PART, growth=0)
            taken = [take(body, next(sizes))]
            PartsUpload(client, failed_uploads, "bucket", "key", settings).run(
                taken, body, sizes, {"content-type": "text/x"}, {"if-none-match": "*"}
            )

        yield fake, upload


def mebibytes(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield bytes([number]) * MIB


def sent_parts(fake: Fake) -> dict[int, bytes]:
    numbered = ((re.search(r"partNumber=(\d+)", request.target), request.body) for request in fake.requests)
    return {int(match[1]): body for match, body in numbered if match}


@pytest.mark.parametrize("length", [None, 17 * MIB], ids=["unknown length", "known length"])
def test_a_body_is_sent_in_parts_and_made_the_object(length: int | None) -> None:
    with uploading(honest) as (fake, upload):
        upload(Body(mebibytes(17), length))
    parts = sent_parts(fake)
    assert b"".join(parts[number] for number in sorted(parts)) == b"".join(mebibytes(17))
    assert [len(parts[number]) for number in sorted(parts)] == [PART, PART, PART, 2 * MIB]
    begun, *_, completed = fake.requests
    assert (begun.line, begun.headers["content-type"]) == ("POST /bucket/key?uploads=", "text/x")
    assert (completed.line, completed.headers["if-none-match"]) == ("POST /bucket/key?uploadId=up~1", "*")
    listed = [f'<Part><PartNumber>{number}</PartNumber><ETag>"part-etag"</ETag></Part>' for number in range(1, 5)]
    assert completed.body.decode() == f"<CompleteMultipartUpload>{''.join(listed)}</CompleteMultipartUpload>"


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_no_more_parts_are_in_flight_or_taken_than_memory_is_set_aside_for(threads: int) -> None:
    lock = threading.Lock()
    flying = most = finished = 0
    all_fly = threading.Event()

    def slow(request: Request) -> Answer:
        nonlocal flying, most, finished
        if request.method != "PUT":
            return honest(request)
        with lock:
            flying += 1
            most = max(most, flying)
            if flying == threads:
                all_fly.set()
        all_fly.wait(30)
        time.sleep(0.05)  # So that there is time for one too many.
        with lock:
            flying -= 1
            finished += 1
        return honest(request)

    ahead = 0

    def watched() -> Iterator[bytes]:
        nonlocal ahead
        for number, piece in enumerate(mebibytes(60)):
            with lock:
                ahead = max(ahead, number * MIB - finished * PART)
            yield piece

    with uploading(slow, threads) as (_, upload):
        upload(Body(watched()))
    assert most == threads
    # What was taken and is not stored yet: the parts in flight, and the one that is being taken.
    assert ahead <= (threads + 1) * PART


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), RuntimeError(), OSError()], ids=repr)
@pytest.mark.parametrize("length", [None, 40 * MIB], ids=["unknown length", "known length"])
def test_a_body_that_breaks_off_aborts_the_upload_after_the_parts_in_flight(
    error: BaseException, length: int | None
) -> None:
    def broken() -> Iterator[bytes]:
        yield from mebibytes(17)
        raise error

    raised = IncompleteBody if isinstance(error, Exception) else type(error)
    with uploading(honest) as (fake, upload), pytest.raises(raised):
        upload(Body(broken(), length))
    assert fake.lines[-1] == "DELETE /bucket/key?uploadId=up~1"
    assert not any(line == "POST /bucket/key?uploadId=up~1" for line in fake.lines)


@pytest.mark.parametrize("answer", [Answer(403), Answer(503), Answer(cut=True), Answer(200)], ids=repr)
def test_a_part_that_fails_aborts_the_upload_and_no_more_of_the_body_is_read(answer: Answer) -> None:
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for piece in mebibytes(200):
            read += 1
            yield piece

    with uploading(refusing("PUT", answer)) as (fake, upload), pytest.raises((S3ResponseError, HTTPError, Unavailable)):
        upload(Body(counted()))
    assert fake.lines[-1].startswith("DELETE")
    assert read < 60


def test_an_end_that_fails_aborts_the_upload_and_its_error_is_raised() -> None:
    late = Answer(200, b"<Error><Code>PreconditionFailed</Code></Error>")
    for answer in (Answer(412), late):
        with (
            uploading(refusing("POST", answer)) as (fake, upload),
            pytest.raises(S3ResponseError, match="PreconditionFailed"),
        ):
            upload(Body(mebibytes(11)))
        assert fake.lines[-1].startswith("DELETE")


def test_a_failure_to_abort_hides_nothing() -> None:
    def respond(request: Request) -> Answer:
        return Answer(403) if "uploadId" in request.target else honest(request)

    with uploading(respond) as (_, upload), pytest.raises(S3ResponseError) as caught:
        upload(Body(mebibytes(11)))
    assert caught.value.method == "PUT"


def test_a_body_that_is_longer_than_its_parts_hold_is_too_large() -> None:
    with wired(honest) as (fake, client), closing(FailedUploads(client, classify)) as failed_uploads:
        upload = PartsUpload(client, failed_uploads, "bucket", "key", fake.settings())
        with pytest.raises(TooLarge, match="part_size"):
            upload.run([], Body(mebibytes(3)), iter([MIB, MIB]), {}, {})
    assert fake.lines[-1].startswith("DELETE")


def test_neither_the_beginning_nor_the_end_of_an_upload_is_repeated() -> None:
    with wired(lambda _: Answer(503), retries=3) as (fake, client):
        with pytest.raises(S3ResponseError):
            create_upload(client, "bucket", "key", {})
        with pytest.raises(S3ResponseError):
            complete_upload(client, "bucket", "key", "id", [CompletedPart(1, "e")], {})
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"<html/>", BEGUN[:-10], BEGUN.replace(b"up~1", b""), b"<UploadId>up~1</UploadId>"]
)
@pytest.mark.parametrize("status", [200, 204])
def test_a_new_upload_without_an_id_is_no_upload(body: bytes, status: int) -> None:
    with wired(lambda _: Answer(status, body)) as (_fake, client), pytest.raises(Unavailable):
        create_upload(client, "bucket", "key", {})


@pytest.mark.parametrize("body", [b"", b"<html/>", COMPLETED[:-1], COMPLETED.replace(b"ETag", b"Tag"), BEGUN])
def test_an_upload_is_complete_only_where_the_server_gives_the_objects_etag(body: bytes) -> None:
    with wired(lambda _: Answer(200, body)) as (_fake, client), pytest.raises(Unavailable):
        complete_upload(client, "bucket", "key", "up~1", [CompletedPart(1, "e")], {})


def test_an_etag_that_is_left_empty_is_the_one_of_the_parts() -> None:
    digests = [md5(text, usedforsecurity=False) for text in (b"a", b"b")]
    parts = [CompletedPart(number, digest.hexdigest()) for number, digest in enumerate(digests, 1)]
    with wired(lambda _: Answer(200, COMPLETED.replace(b"&quot;whole-etag&quot;", b""))) as (_fake, client):
        completed = complete_upload(client, "bucket", "key", "up~1", parts, {})
    joined = b"".join(digest.digest() for digest in digests)
    assert completed["etag"] == f"{md5(joined, usedforsecurity=False).hexdigest()}-2"


def test_an_id_and_an_etag_may_hold_what_xml_escapes() -> None:
    answers = [Answer(200, BEGUN.replace(b"up~1", b"a&amp;b")), Answer(200, COMPLETED.replace(b"whole", b"&lt;"))]
    with wired(lambda _: answers.pop(0)) as (fake, client):
        assert create_upload(client, "bucket", "key", {})[1] == "a&b"
        completed = complete_upload(client, "bucket", "key", "a&b", [CompletedPart(1, "<&>")], {})
    assert completed["etag"] == '"<-etag"'
    assert fake.lines[-1] == "POST /bucket/key?uploadId=a%26b"
    assert b'"&lt;&amp;&gt;"' in fake.requests[-1].body


@pytest.mark.parametrize("growth", [0, 1, 24])
@pytest.mark.parametrize("part_size", [5 * MIB, 8 * MIB, 1024 * MIB])
@pytest.mark.parametrize("length", [0, 1, 60 * 1024 * MIB, 52_428_800_001, 5 * 1024**4, None])
def test_ten_thousand_parts_hold_any_known_length(part_size: int, length: int | None, growth: int) -> None:
    sizes = list(part_sizes(length, part_size, growth=growth))
    assert len(sizes) == MAX_PARTS
    assert sum(sizes) >= (length or 0)
    assert min(sizes) >= part_size
    assert max(sizes) <= MAX_PART_BYTES


def test_parts_of_an_unknown_length_grow_after_a_thousand() -> None:
    assert list(islice(part_sizes(None, PART, growth=2), 999, 1001)) == [PART, 3 * PART]
    assert list(islice(part_sizes(None, PART, growth=0), 999, 1001)) == [PART, PART]
