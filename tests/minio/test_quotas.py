"""Quotas in front of MinIO."""

from __future__ import annotations

from tests.minio.backend import store_on
from tests.servers.handles import MinioServer
from tests.servers.quotas import check_quotas


def test_accounts_are_what_the_server_holds(minio_server: MinioServer) -> None:
    check_quotas(lambda layers: store_on(minio_server, layers))
