"""The contract suite through `AsyncStore`, over the in-memory driver: in the event loop, and in threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry_contract import ContractSuite
from bucketry_contract.async_backend import AsyncBackend

from tests.memory.test_contract import MemoryBackend


class TestInEventLoop(ContractSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls) -> Iterator[AsyncBackend]:
        backend = AsyncBackend(MemoryBackend(), "asyncio")
        yield backend
        backend.cleanup()


class TestInThreads(ContractSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls) -> Iterator[AsyncBackend]:
        backend = AsyncBackend(MemoryBackend(), "trio", inline=False)
        yield backend
        backend.cleanup()
