"""Encryption by a MinIO server that has a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from bucketry import Store
from bucketry_contract.suite.encryption import EncryptionTests

from tests.minio.backend import MinioBackend, store_on
from tests.servers.handles import MinioServer


class EncryptingBackend(MinioBackend):
    kms_keys = ("tests",)
    missing_kms_key = "missing"

    def open(self, layers: Sequence[object]) -> Store:
        return store_on(self._server, layers, kms=True)


@pytest.fixture(scope="class")
def contract_backend(minio_server: MinioServer) -> Iterator[EncryptingBackend]:
    backend = EncryptingBackend(minio_server)
    yield backend
    backend.cleanup()


class TestEncryptingMinio(EncryptionTests):
    """Keys of customers need TLS, and MinIO ignores those that nothing needs: the driver does not declare them."""
