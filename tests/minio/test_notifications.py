"""MinIO's own notifications, set up through the store: MinIO sends the event, and not bucketry."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network

import pytest
from bucketry import NotificationSettings
from bucketry.bucket_settings import FilterRule, QueueConfiguration
from bucketry.events import EventLog
from bucketry.layers import Events

from tests.http.webhooks.receiver import Receiver, receiving
from tests.minio.backend import store_on
from tests.servers.engine import engine
from tests.servers.handles import MinioServer

QUEUE = "arn:minio:sqs::images:webhook"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A receiver that containers reach: it listens on the engine's bridge."""
    with engine() as client:
        network = client.networks.get("bridge").attrs["IPAM"]["Config"][0]
    # Docker says the gateway at times only. It is the first address of the network.
    bridge = network.get("Gateway") or str(ip_network(network["Subnet"])[1])
    with receiving(host=bridge) as started:
        yield started


@pytest.fixture(scope="module")
def server(receiver: Receiver, start_own_minio: Callable[[Mapping[str, str]], MinioServer]) -> MinioServer:
    return start_own_minio(
        {"MINIO_NOTIFY_WEBHOOK_ENABLE_images": "on", "MINIO_NOTIFY_WEBHOOK_ENDPOINT_images": receiver.url}
    )


def test_minio_sends_what_the_configuration_selects(server: MinioServer, receiver: Receiver) -> None:
    bucket = f"bucketry-events-{secrets.token_hex(6)}"
    log = EventLog()
    settings = NotificationSettings(
        queues=(
            QueueConfiguration(
                id="new-images",
                arn=QUEUE,
                events=("s3:ObjectCreated:*",),
                filter_rules=(FilterRule(name="prefix", value="images/"),),
            ),
        )
    )
    with store_on(server, [Events(log)]) as store:
        store.create_bucket(bucket)
        store.put_bucket_settings(bucket, settings)
        assert store.get_bucket_settings(bucket, NotificationSettings) == settings
        store.put_object(bucket, "notes.txt", b"1")
        stored = store.put_object(bucket, "images/cat.jpg", b"meow")
        (taken,) = receiver.wait(1)
    # The layer's record says the same, and where MinIO's configuration sends the event is MinIO's affair.
    event = log.wait_for(key="images/cat.jpg", timeout=0)
    assert event.destinations is None
    assert taken.record["eventName"] == event.name
    ours = event.message.records[0].s3.object  # type: ignore[union-attr]
    theirs = taken.record["s3"]["object"]
    assert (theirs["size"], theirs["eTag"]) == (ours.size, ours.etag) == (4, stored.etag)
    assert taken.record["s3"]["configurationId"]
    assert len(receiver.requests) == 1
