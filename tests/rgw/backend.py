"""The contract suite's backend for RGW: it looks into the gateway, and makes it fail."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

import boto3
from botocore.client import Config
from bucketry import NotificationSettings, Store, open_store
from bucketry.access_store import AccessStore
from bucketry.bucket_settings import FilterRule, TopicConfiguration

from tests.servers.handles import RgwServer
from tests.servers.looking import S3Backend, raw_client

PART_BYTES = 8 * 1024**2


TOPIC = "arn:aws:sns:default::images"
"""The ARN of the topic that `make_topic` makes."""


def make_topic(server: RgwServer, url: str) -> None:
    """Makes the topic, whose events RGW sends to a URL. RGW has a part of SNS for that."""
    config = Config(signature_version="s3")
    client = boto3.client(
        "sns",
        endpoint_url=server.url,
        region_name="default",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=config,
    )
    made = client.create_topic(Name="images", Attributes={"push-endpoint": url})
    assert made["TopicArn"] == TOPIC


def location(server: RgwServer, *, secure: bool = False) -> str:
    return urlsplit(server.tls_url if secure else server.url).netloc


def store_on(
    server: RgwServer,
    layers: Sequence[object] = (),
    *,
    at: str | None = None,
    secure: bool = False,
    plain: bool = False,
    access_store: AccessStore | None = None,
    **more: object,
) -> Store:
    """Opens a store; ``plain``: as the user without any capability."""
    keys: dict[str, object] = {
        "access_key": server.plain_access_key if plain else server.access_key,
        "secret_key": server.plain_secret_key if plain else server.secret_key,
    }
    if secure:
        keys |= {"secure": True, "ca_file": server.ca_file}
    url = f"rgw://{at or location(server, secure=secure)}"
    return open_store(url, settings=keys | more, layers=layers, environ={}, access_store=access_store)


def new_notifications() -> tuple[NotificationSettings, NotificationSettings]:
    """Two examples with new ids. With a notification, RGW deletes those of other buckets with the same topic and id."""
    name = secrets.token_hex(6)
    pictures = TopicConfiguration(
        id=f"pictures-{name}",
        arn=TOPIC,
        events=("s3:ObjectCreated:Put", "s3:ObjectCreated:Post"),
        filter_rules=(FilterRule(name="prefix", value="a/"), FilterRule(name="suffix", value=".jpg")),
    )
    removed = TopicConfiguration(id=f"removed-{name}", arn=TOPIC, events=("s3:ObjectRemoved:*",))
    every = TopicConfiguration(id=f"all-{name}", arn=TOPIC, events=("s3:ObjectCreated:*",))
    return NotificationSettings(topics=(pictures, removed)), NotificationSettings(topics=(every,))


class RgwBackend(S3Backend):
    """A Ceph RGW."""

    part_bytes = PART_BYTES

    def __init__(self, server: RgwServer, *, secure: bool = False, **more: object) -> None:
        super().__init__(raw_client(server, server.tls_url if secure else None))
        self._server = server
        self._secure = secure
        self._more = more
        make_topic(server, "http://127.0.0.1:9/")
        self.notifications = new_notifications()
        self.secrets = [server.secret_key, server.plain_secret_key, server.swift_secret]
        self.server = server.version()

    def _store(self, layers: Sequence[object] = (), **more: object) -> Store:
        settings = {"secure": self._secure, **self._more, **more}
        return store_on(self._server, layers, **settings)  # type: ignore[arg-type]

    def open(self, layers: Sequence[object]) -> Store:
        return self._store(layers)

    def unreachable(self) -> Store:
        return self._store(at="127.0.0.1:1", connect_timeout=0.5, read_timeout=0.5, retries=0)

    def bad_credentials(self) -> Store:
        return self._store(secret_key="not the user's secret key")

    def breaking_reads(self) -> Store:
        return self._store(at=self.cutting_proxy(location(self._server, secure=self._secure)))

    def cleanup(self) -> None:
        super().cleanup()
        self._server.collect_garbage()
