"""Webhooks, against a receiver that fails on request."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import trustme
from bucketry import InvalidSettings, Secret
from bucketry.events import Event
from bucketry.origin import Origin
from bucketry_http.webhooks import Webhook, WebhookSettings, verify_webhook

from tests.http.webhooks.receiver import Receiver, Taken, receiving

SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ORIGIN = Origin(principal="somebody", address="127.0.0.1", request_id="1")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def event(key: str, number: int = 0, destinations: tuple[str, ...] | None = None) -> Event:
    return Event(
        name="s3:ObjectCreated:Put",
        bucket="assets",
        key=key,
        time=datetime(2026, 1, 2, tzinfo=UTC),
        origin=ORIGIN,
        region="r",
        owner="o",
        sequencer=f"{number:08X}",
        destinations=destinations,
    )


def numbers_of(requests: list[Taken]) -> list[int]:
    return [int(taken.record["s3"]["object"]["sequencer"], 16) for taken in requests]


def settled(webhook: Webhook, timeout: float = 30) -> None:
    """Waits until nothing is left to send."""
    deadline = time.monotonic() + timeout
    while webhook.counts().waiting:
        assert time.monotonic() < deadline, webhook.counts()
        time.sleep(0.01)


def test_an_event_is_posted_with_a_signature(receiver: Receiver) -> None:
    webhook = Webhook(WebhookSettings(url=receiver.url, secret=SECRET))
    webhook.accept(event("a b"))
    (taken,) = receiver.wait(1)
    assert taken.key == "a+b"
    assert taken.headers["content-type"] == "application/json"
    verify_webhook(taken.headers, taken.body, SECRET)
    webhook.close()
    assert webhook.counts().delivered == 1


def test_without_a_secret_a_request_has_no_signature(receiver: Receiver) -> None:
    webhook = Webhook(WebhookSettings(url=receiver.url))
    webhook.accept(event("a"))
    (taken,) = receiver.wait(1)
    assert "webhook-signature" not in taken.headers
    assert taken.headers["webhook-id"]
    webhook.close()


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_a_failed_request_is_sent_again_with_the_same_id_and_a_new_signature(receiver: Receiver, status: int) -> None:
    receiver.headers = {"location": "/elsewhere"}
    receiver.respond = lambda _: status if not receiver.requests else 200
    webhook = Webhook(WebhookSettings(url=receiver.url, secret=SECRET))
    webhook.accept(event("a"))
    first, second = receiver.wait(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    verify_webhook(second.headers, second.body, SECRET)
    settled(webhook)
    counts = webhook.counts()
    assert (counts.delivered, counts.retried, counts.dropped) == (1, 1, 0)
    webhook.close()


def test_later_events_of_a_key_wait_and_those_of_other_keys_do_not(receiver: Receiver) -> None:
    failing = 3
    tries: Counter[str] = Counter()

    def respond(taken: Taken) -> int:
        if taken.key != "slow":
            return 204
        tries[taken.key] += 1
        return 500 if tries[taken.key] <= failing else 204

    receiver.respond = respond
    webhook = Webhook(WebhookSettings(url=receiver.url))
    for number in range(3):
        webhook.accept(event("slow", number))
        webhook.accept(event("quick", number))
    settled(webhook)
    keys = [taken.key for taken in receiver.accepted]
    assert keys[:3] == ["quick"] * 3
    assert numbers_of([taken for taken in receiver.requests if taken.key == "slow"]) == [0] * (failing + 1) + [1, 2]
    webhook.close()


def test_a_dropped_event_lets_the_next_one_of_its_key_go(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.respond = lambda taken: 500 if taken.record["s3"]["object"]["sequencer"] == "00000000" else 204
    webhook = Webhook(WebhookSettings(url=receiver.url, attempts=2))
    with caplog.at_level(logging.WARNING, "bucketry_http"):
        webhook.accept(event("a", 0))
        webhook.accept(event("a", 1))
        settled(webhook)
    assert numbers_of(receiver.requests) == [0, 0, 1]
    counts = webhook.counts()
    assert (counts.delivered, counts.retried, counts.dropped) == (1, 1, 1)
    assert "drops events: status 500" in caplog.text
    assert "token" not in caplog.text
    webhook.close()


def test_a_full_queue_drops_and_counts_and_never_waits(receiver: Receiver) -> None:
    release = threading.Event()

    def respond(_: Taken) -> int:
        release.wait(30)
        return 204

    receiver.respond = respond
    webhook = Webhook(WebhookSettings(url=receiver.url, queue_size=5, concurrency=1))
    begun = time.monotonic()
    for number in range(50):
        webhook.accept(event("a", number))
    assert time.monotonic() - begun < 5
    assert webhook.counts().dropped == 45
    release.set()
    settled(webhook)
    assert numbers_of(receiver.accepted) == [0, 1, 2, 3, 4]
    webhook.close()


def test_a_receiver_that_does_not_listen_costs_its_own_events_alone(receiver: Receiver) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = Webhook(WebhookSettings(url=f"http://127.0.0.1:{unused.getsockname()[1]}/", attempts=2))
        alive = Webhook(WebhookSettings(url=receiver.url))
        for number in range(3):
            for webhook in (dead, alive):
                webhook.accept(event("a", number))
        settled(dead)
        settled(alive)
    assert dead.counts().dropped == 3
    assert alive.counts().delivered == 3
    dead.close()
    alive.close()


def test_a_receiver_that_never_responds_is_a_failure(receiver: Receiver) -> None:
    release = threading.Event()

    def respond(_: Taken) -> int:
        release.wait(30)
        return 204

    receiver.respond = respond
    webhook = Webhook(WebhookSettings(url=receiver.url, timeout_seconds=0.1, attempts=1))
    webhook.accept(event("a"))
    settled(webhook)
    assert webhook.counts().dropped == 1
    release.set()
    webhook.close()


def test_a_receiver_may_ask_for_a_pause(receiver: Receiver) -> None:
    receiver.headers = {"retry-after": "1"}
    receiver.respond = lambda _: 503 if not receiver.requests else 200
    webhook = Webhook(WebhookSettings(url=receiver.url))
    begun = time.monotonic()
    webhook.accept(event("a"))
    receiver.wait(2)
    assert time.monotonic() - begun >= 0.9
    webhook.close()


@pytest.mark.parametrize("pause", ["soon", "99999999", "-5"])
def test_a_senseless_pause_is_bounded(receiver: Receiver, pause: str) -> None:
    receiver.headers = {"retry-after": pause}
    receiver.respond = lambda _: 503
    webhook = Webhook(WebhookSettings(url=receiver.url))
    webhook.accept(event("a"))
    receiver.wait(1)
    webhook.close(0.2)
    assert webhook.counts().dropped == 1


def test_a_close_sends_what_is_left(receiver: Receiver) -> None:
    webhook = Webhook(WebhookSettings(url=receiver.url))
    for number in range(200):
        webhook.accept(event(str(number)))
    webhook.close(60)
    assert len(receiver.accepted) == 200
    webhook.accept(event("late"))
    assert webhook.counts().dropped == 1
    webhook.close()


def test_a_close_ends_in_time(receiver: Receiver) -> None:
    receiver.respond = lambda _: 500
    webhook = Webhook(WebhookSettings(url=receiver.url))
    for number in range(20):
        webhook.accept(event("a", number))
    begun = time.monotonic()
    webhook.close(0.5)
    assert time.monotonic() - begun < 10
    assert webhook.counts().dropped == 20


def test_connections_are_used_again(receiver: Receiver) -> None:
    receiver.respond = lambda _: 200
    receiver.content = b"ok"
    webhook = Webhook(WebhookSettings(url=receiver.url, concurrency=2))
    for number in range(100):
        webhook.accept(event(str(number)))
    settled(webhook)
    assert receiver.connections <= 2
    webhook.close()


def test_a_large_response_is_not_read(receiver: Receiver) -> None:
    receiver.respond = lambda _: 200
    receiver.content = bytes(64 * 1024 * 1024)
    webhook = Webhook(WebhookSettings(url=receiver.url))
    webhook.accept(event("a"))
    settled(webhook)
    assert webhook.counts().delivered == 1
    webhook.close()


def test_threads_that_write_at_once_keep_the_order_of_each_key(receiver: Receiver) -> None:
    tries: Counter[bytes] = Counter()

    def respond(taken: Taken) -> int:
        tries[taken.body] += 1
        return 500 if int(taken.record["s3"]["object"]["sequencer"], 16) % 7 == 0 and tries[taken.body] == 1 else 204

    receiver.respond = respond
    webhook = Webhook(WebhookSettings(url=receiver.url, concurrency=6))

    def write(key: str) -> None:
        for number in range(30):
            webhook.accept(event(key, number))

    threads = [threading.Thread(target=write, args=[str(key)]) for key in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    webhook.close(60)
    for key in range(4):
        assert numbers_of([taken for taken in receiver.accepted if taken.key == str(key)]) == list(range(30))


@pytest.mark.parametrize(
    ("name", "destinations", "wanted"),
    [
        ("", None, True),
        ("", (), False),
        ("", ("arn:aws:sqs:us-east-1:123:images",), True),
        ("images", None, False),
        ("images", (), False),
        ("images", ("arn:aws:sqs:us-east-1:123:images",), True),
        ("images", ("arn:aws:sqs:us-east-1:123:other", "arn:aws:sns:us-east-1:123:images"), True),
        ("images", ("arn:aws:sqs:us-east-1:123:my-images",), False),
        ("images", ("arn:minio:sqs::images:webhook",), True),
        ("sqs", ("arn:aws:sqs:us-east-1:123:my-images",), False),
    ],
)
def test_a_buckets_configuration_says_where_events_go(
    name: str, destinations: tuple[str, ...] | None, wanted: bool
) -> None:
    webhook = Webhook(WebhookSettings(url="http://127.0.0.1:9/", name=name))
    assert webhook.wants(event("a", destinations=destinations)) is wanted


class TestTls:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def secured(self, authority: trustme.CA) -> Iterator[Receiver]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        with receiving(context) as started:
            yield started

    def test_a_trusted_receiver_gets_events(
        self, authority: trustme.CA, secured: Receiver, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        webhook = Webhook(WebhookSettings(url=secured.url, ca_file=str(ca_file)))
        webhook.accept(event("a"))
        secured.wait(1)
        webhook.close()

    def test_an_unknown_receiver_gets_nothing(self, secured: Receiver) -> None:
        webhook = Webhook(WebhookSettings(url=secured.url, attempts=1))
        webhook.accept(event("a"))
        settled(webhook)
        assert webhook.counts().dropped == 1
        assert not secured.requests
        webhook.close()

    def test_a_missing_file_of_authorities_is_an_error(self) -> None:
        with pytest.raises(InvalidSettings, match="ca_file"):
            Webhook(WebhookSettings(url="https://example.com/", ca_file="/nowhere/ca.pem"))
