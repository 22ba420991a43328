"""What ``pytest --pyargs bucketry_contract --store acme://…`` runs: the suite on a store that is there already."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from bucketry import Store, open_store

from bucketry_contract.backend import Backend
from bucketry_contract.suite import ContractSuite


class UrlBackend(Backend):
    """A store that a URL and the environment name; nobody can look behind it."""

    def __init__(self, url: str, server: str) -> None:
        self._url = url
        self.server = server

    def open(self, layers: Sequence[object]) -> Store:
        """Opens the store."""
        store = open_store(self._url, layers=layers)
        self.serves_presigned_urls = store.capabilities.s3_endpoint
        return store


@pytest.fixture(scope="session")
def contract_backend(pytestconfig: pytest.Config) -> UrlBackend:
    """The backend that ``--store`` names."""
    return UrlBackend(pytestconfig.option.store, pytestconfig.option.contract_server or "")


class TestStore(ContractSuite):
    """The whole suite, on the store that ``--store`` names."""
