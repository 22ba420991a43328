"""A bucket's notification configuration says which events a webhook gets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import NotificationSettings, Store
from bucketry.bucket_settings import FilterRule, QueueConfiguration, TopicConfiguration
from bucketry.layers import Events
from bucketry_http.webhooks import Webhook, WebhookSettings
from bucketry_memory import MemoryDriver, MemorySettings

from tests.http.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receivers() -> Iterator[tuple[Receiver, Receiver]]:
    with receiving() as everything, receiving() as images:
        yield everything, images


def messages(receiver: Receiver) -> list[tuple[str, str]]:
    return [(taken.name, taken.key) for taken in receiver.accepted]


def test_webhooks_with_and_without_a_name(receivers: tuple[Receiver, Receiver]) -> None:
    everything, images = receivers
    sinks = [
        Webhook(WebhookSettings(url=everything.url, concurrency=1)),
        Webhook(WebhookSettings(url=images.url, name="images", concurrency=1)),
    ]
    with Store(MemoryDriver(MemorySettings()), [Events(*sinks)]) as store:
        store.create_bucket("assets")
        store.create_bucket("other")
        store.put_object("assets", "before", b"")
        store.put_bucket_settings(
            "assets",
            NotificationSettings(
                queues=(
                    QueueConfiguration(
                        arn="arn:aws:sqs:us-east-1:000000000000:images",
                        events=("s3:ObjectCreated:*",),
                        filter_rules=(FilterRule(name="suffix", value=".jpg"),),
                    ),
                ),
                topics=(
                    TopicConfiguration(arn="arn:aws:sns:us-east-1:000000000000:other", events=("s3:ObjectRemoved:*",)),
                ),
            ),
        )
        store.put_object("assets", "a.jpg", b"")
        store.put_object("assets", "a.txt", b"")
        store.delete_object("assets", "a.jpg")
        store.put_object("other", "elsewhere", b"")
    # The store has closed the webhooks, which have sent everything.
    assert sorted(messages(images)) == [("ObjectCreated:Put", "a.jpg"), ("s3:TestEvent", "")]
    # Only events of the same key have an order.
    assert sorted(messages(everything), key=lambda message: message[1]) == [
        ("s3:TestEvent", ""),
        ("s3:TestEvent", ""),
        ("ObjectCreated:Put", "a.jpg"),
        ("ObjectRemoved:Delete", "a.jpg"),
        ("ObjectCreated:Put", "before"),
        ("ObjectCreated:Put", "elsewhere"),
    ]
