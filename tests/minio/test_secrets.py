"""No secret, session token or signature in what is logged, raised or shown, over a real MinIO server."""

from __future__ import annotations

import pytest

from tests.minio.backend import location, store_on
from tests.servers import secrecy
from tests.servers.handles import MinioServer


def test_the_driver_writes_no_secret(minio_server: MinioServer, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secrecy.check_driver(
        lambda **more: store_on(minio_server, **more), bucket, [minio_server.secret_key], monkeypatch
    )  # fmt: skip


def test_the_command_line_writes_no_secret(minio_server: MinioServer, bucket: str) -> None:
    keys = (minio_server.access_key, minio_server.secret_key)
    secrecy.check_command_line(f"minio://{location(minio_server)}", "minio", keys, bucket, [keys[1]])
