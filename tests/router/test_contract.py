"""The contract suite on a router over two memory stores, about half of its buckets in each, with layers around each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest
from bucketry import Secret, Store
from bucketry.features import MIB
from bucketry_contract import Backend, ContractSuite
from bucketry_contract._scratch import Scratch
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_testing import S3Endpoint
from bucketry_testing.fresh_store import reserve_port, url_of

from tests.memory.test_contract import MemoryBackend
from tests.router.two_stores import Counted, InTurn, assert_both_were_used, router_over

SECRET = Secret("of the router's own S3 endpoint")


class TwoMemories(MemoryBackend):
    """Two memory stores behind a router, which an S3 endpoint serves."""

    def __init__(self) -> None:
        super().__init__()
        self.counted = Counted()

    def open(self, layers: Sequence[object]) -> Store:
        port = reserve_port()
        served = MemorySettings(endpoint=url_of(port), kms_keys=",".join(self.kms_keys), secret_key=SECRET)
        both = MemoryDriver(served), MemoryDriver(served)
        self._drivers.extend(both)
        store = Store(router_over(*both, self.counted.layers, endpoint=served.endpoint, secret_key=SECRET), layers)
        self._served.enter_context(closing(S3Endpoint(store, served, port)))
        return store

    def full(self) -> Store:
        small = MemorySettings(max_bytes=MIB)
        return Store(router_over(MemoryDriver(small), MemoryDriver(small)))


class TestTwoMemories(ContractSuite):
    backend = TwoMemories

    @pytest.fixture(scope="class", params=["bare"])  # The layers stand around each store.
    @classmethod
    def contract_layering(cls, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(scope="class")
    @classmethod
    def contract_scratch(cls, contract_store: Store, contract_backend: Backend) -> Iterator[Scratch]:
        scratch = InTurn(contract_store, contract_backend)
        yield scratch
        assert isinstance(contract_backend, TwoMemories)
        assert_both_were_used(scratch, contract_backend.counted)
        assert not scratch.remove_all()
