"""The contract suite through this project's own S3 drivers, pointed at this project's own S3 endpoint.

Where the endpoint and a driver disagree about S3, one of them is wrong; what is left is in `DIFFERENCES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import boto3
import pytest
from botocore.client import Config
from bucketry import Store, open_store
from bucketry_contract import ContractSuite

from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, location, memory_store, serving
from tests.servers.cutting import CuttingProxy
from tests.servers.looking import S3Backend

MIB = 1024**2


class EndpointBackend(S3Backend):
    """A driver that speaks S3 to the endpoint over the memory driver."""

    part_bytes = 8 * MIB
    secrets = [SECRET_KEY]

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self._stack = ExitStack()
        self._store = self._stack.enter_context(memory_store())
        url = self._stack.enter_context(serving(self._store))
        self._location = location(url)
        super().__init__(
            boto3.client(
                "s3",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
                config=Config(s3={"addressing_style": "path"}),
            )
        )

    def _open_at(self, at: str, layers: Sequence[object] = (), **more: object) -> Store:
        keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        return open_store(f"{self._scheme}://{at}", settings=keys | more, layers=layers, environ={})

    def open(self, layers: Sequence[object]) -> Store:
        return self._open_at(self._location, layers)

    def unreachable(self) -> Store:
        return self._open_at("127.0.0.1:1", connect_timeout=0.5, read_timeout=0.5, retries=0)

    def bad_credentials(self) -> Store:
        return self._open_at(self._location, secret_key="not the secret key")

    def breaking_reads(self) -> Store:
        return self._open_at(self._stack.enter_context(CuttingProxy(self._location, cut_after=3 * MIB)).location)

    def cleanup(self) -> None:
        super().cleanup()
        self._stack.close()


class TestMinioDriver(ContractSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls) -> Iterator[EndpointBackend]:
        backend = EndpointBackend("minio")
        yield backend
        backend.cleanup()


class TestRgwDriver(ContractSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls) -> Iterator[EndpointBackend]:
        backend = EndpointBackend("rgw")
        yield backend
        backend.cleanup()
