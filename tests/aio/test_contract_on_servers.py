"""A short run of the contract suite through `AsyncStore`, over MinIO and Ceph RGW."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry_contract import ContractSuite
from bucketry_contract.async_backend import AsyncBackend

from tests.minio.backend import MinioBackend
from tests.rgw.backend import RgwBackend
from tests.servers.handles import MinioServer, RgwServer


class TestMinio(ContractSuite):
    short = True

    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls, minio_server: MinioServer) -> Iterator[AsyncBackend]:
        backend = AsyncBackend(MinioBackend(minio_server), "asyncio")
        yield backend
        backend.cleanup()


class TestRgw(ContractSuite):
    short = True

    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls, rgw_server: RgwServer) -> Iterator[AsyncBackend]:
        backend = AsyncBackend(RgwBackend(rgw_server), "trio")
        yield backend
        backend.cleanup()
