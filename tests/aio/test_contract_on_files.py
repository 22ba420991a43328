"""A short run of the contract suite through `AsyncStore`, over the driver for files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry_contract import ContractSuite
from bucketry_contract.async_backend import AsyncBackend

from tests.file.test_contract import FileBackend


class TestFile(ContractSuite):
    short = True

    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls) -> Iterator[AsyncBackend]:
        backend = AsyncBackend(FileBackend(), "asyncio")
        yield backend
        backend.cleanup()
