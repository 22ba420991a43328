"""The contract suite on a driver whose access lies in an access store: all that it declares holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from bucketry import Store
from bucketry.access_store import AccessStore
from bucketry_contract import ContractSuite
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_testing import S3Endpoint
from bucketry_testing.fresh_store import reserve_port, url_of

from tests.memory.test_contract import MemoryBackend


class AccessStoreBackend(MemoryBackend):
    """A driver in memory, and its access in another one."""

    def open(self, layers: Sequence[object]) -> Store:
        port = reserve_port()
        settings = MemorySettings(endpoint=url_of(port), kms_keys=",".join(self.kms_keys))
        self._drivers.append(MemoryDriver(settings))
        access = AccessStore(Store(MemoryDriver(MemorySettings())))
        store = Store(access.around(self._drivers[-1]), layers)
        self._served.enter_context(closing(S3Endpoint(store, settings, port)))
        return store


class TestAccessStore(ContractSuite):
    backend = AccessStoreBackend
