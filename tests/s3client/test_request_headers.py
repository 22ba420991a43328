"""Requests to the backend carry the id and the trace of the request that they are made for; retries are counted."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping

import pytest
from bucketry.backend_requests import set_watcher
from bucketry.origin import Origin, calls_from
from bucketry_s3client import S3Client

from tests.s3client.fake import Answer, Fake, wired

TRACED = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


class Watches:
    """Counts retries, and has an id and a trace."""

    id = "id-3"

    trace_headers: Mapping[str, str] = TRACED

    def __init__(self) -> None:
        self.retries = 0

    def count_retry(self) -> None:
        self.retries += 1


def of_request(request_id: str) -> Origin:
    return Origin(principal="alice", address="192.0.2.1", request_id=request_id)


def request(client: S3Client) -> None:
    client.request("GET", "bucket", "key")


def quick(client: S3Client) -> None:
    client.request_small("GET", "bucket", "key")


def by_sdk(client: S3Client) -> None:
    client.sdk_pools().urlopen("GET", f"{client.endpoint}/bucket/key")


WAYS: list[Callable[[S3Client], None]] = [request, quick, by_sdk]


def seen(fake: Fake) -> list[tuple[str | None, str | None]]:
    return [(sent.headers.get("x-request-id"), sent.headers.get("traceparent")) for sent in fake.requests]


@pytest.mark.parametrize("way", WAYS)
def test_a_request_carries_the_id_of_its_cause(way: Callable[[S3Client], None]) -> None:
    with wired(lambda _: Answer(200, b"x")) as (fake, client):
        way(client)
        with calls_from(of_request("id-1")):
            way(client)

        def traced() -> None:
            set_watcher(Watches())
            way(client)

        with calls_from(of_request("id-2")):
            contextvars.copy_context().run(traced)
        way(client)
    assert seen(fake) == [(None, None), ("id-1", None), ("id-3", TRACED["traceparent"]), (None, None)]


@pytest.mark.parametrize("request_id", ["", "a\r\nx-evil: 1", "ä", "x" * 129])
@pytest.mark.parametrize("way", WAYS)
def test_an_id_that_is_not_fit_for_a_header_is_left_out(way: Callable[[S3Client], None], request_id: str) -> None:
    with wired(lambda _: Answer(200, b"x")) as (fake, client), calls_from(of_request(request_id)):
        way(client)
    assert seen(fake) == [(None, None)]
    assert "x-evil" not in fake.requests[0].headers


def test_retries_are_counted() -> None:
    answers = [Answer(503), Answer(cut=True), Answer(200, b"x")]
    watches = Watches()

    def watched() -> None:
        set_watcher(watches)
        request(client)

    with wired(lambda _: answers.pop(0), retries=3) as (_, client):
        contextvars.copy_context().run(watched)
    assert watches.retries == 2
