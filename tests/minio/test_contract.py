"""The contract suite on a real MinIO server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry_contract import ContractSuite

from tests.minio.backend import MinioBackend
from tests.servers.handles import MinioServer


@pytest.fixture(scope="class")
def contract_backend(minio_server: MinioServer) -> Iterator[MinioBackend]:
    backend = MinioBackend(minio_server)
    yield backend
    backend.cleanup()


class TestMinio(ContractSuite):
    pass
