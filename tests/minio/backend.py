"""The contract suite's backend for MinIO: it looks into the server, and makes it fail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from bucketry import NotificationSettings, Store, open_store
from bucketry.access_store import AccessStore
from bucketry.bucket_settings import FilterRule, QueueConfiguration

from tests.servers.handles import MinioServer
from tests.servers.looking import S3Backend, raw_client

QUEUE = "arn:minio:sqs::images:webhook"
"""The ARN of the servers' one webhook."""


def location(server: MinioServer) -> str:
    return urlsplit(server.url).netloc


def settings(server: MinioServer, **more: object) -> dict[str, object]:
    keys: dict[str, object] = {"access_key": server.access_key, "secret_key": server.secret_key}
    if server.ca_file is not None:
        keys |= {"secure": True, "ca_file": server.ca_file}
    return keys | more


def store_on(
    server: MinioServer,
    layers: Sequence[object] = (),
    *,
    at: str | None = None,
    access_store: AccessStore | None = None,
    **more: object,
) -> Store:
    url = f"minio://{at or location(server)}"
    return open_store(url, settings=settings(server, **more), layers=layers, environ={}, access_store=access_store)


class MinioBackend(S3Backend):
    """A MinIO server."""

    part_bytes = 5 * 1024**2
    notifications = (
        NotificationSettings(
            queues=(
                QueueConfiguration(
                    id="pictures",
                    arn=QUEUE,
                    events=("s3:ObjectCreated:Put", "s3:ObjectCreated:Post"),
                    filter_rules=(FilterRule(name="prefix", value="a/"), FilterRule(name="suffix", value=".jpg")),
                ),
                QueueConfiguration(id="removed", arn=QUEUE, events=("s3:ObjectRemoved:*",)),
            )
        ),
        NotificationSettings(queues=(QueueConfiguration(id="all", arn=QUEUE, events=("s3:ObjectCreated:*",)),)),
    )

    def __init__(self, server: MinioServer) -> None:
        super().__init__(raw_client(server))
        self._server = server
        self.secrets = [server.secret_key]
        self.server = server.version()

    def open(self, layers: Sequence[object]) -> Store:
        return store_on(self._server, layers)

    def raw_uploads_to(self, bucket: str, key: str) -> Collection[str]:
        """The uploads to one key, which MinIO looks up on its disk."""
        listed = self._client.list_multipart_uploads(Bucket=bucket, Prefix=key)
        return [found["UploadId"] for found in listed.get("Uploads", [])]

    def unreachable(self) -> Store:
        return store_on(self._server, at="127.0.0.1:1", connect_timeout=0.5, read_timeout=0.5, retries=0)

    def bad_credentials(self) -> Store:
        return store_on(self._server, secret_key="not the server's secret key")

    def breaking_reads(self) -> Store:
        return store_on(self._server, at=self.cutting_proxy(location(self._server)))
