"""Spans of what the driver sends to a real MinIO server, and the header that arrives there."""

from __future__ import annotations

from functools import partial

from tests.minio.backend import location, store_on
from tests.servers import traced
from tests.servers.handles import MinioServer


def test_each_request_has_a_span_and_carries_its_id(minio_server: MinioServer, bucket: str) -> None:
    traced.check_each_request(partial(store_on, minio_server), location(minio_server), bucket)


def test_parts_belong_to_their_operation(minio_server: MinioServer, bucket: str) -> None:
    traced.check_parts(partial(store_on, minio_server), location(minio_server), bucket, 5 * 1024**2)
