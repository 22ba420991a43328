"""The contract suite on the in-memory driver."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing

from bucketry import Store
from bucketry.features import MIB
from bucketry_contract import Backend, ContractSuite
from bucketry_contract.suite.multipart_errors import MultipartErrorTests
from bucketry_contract.suite.part_copies import PartCopyTests
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_memory.bucket import Bucket
from bucketry_testing import S3Endpoint
from bucketry_testing.fresh_store import reserve_port, url_of
from msgspec.structs import replace


class MemoryBackend(Backend):
    """Looks into the drivers' own tables, and serves S3 from them, for presigned URLs."""

    serves_presigned_urls = True
    knows_all_facts = True
    kms_keys = ("contract-key", "other-contract-key")
    missing_kms_key = "missing-key"

    def __init__(self) -> None:
        self._drivers: list[MemoryDriver] = []
        self._served = ExitStack()

    def open(self, layers: Sequence[object]) -> Store:
        port = reserve_port()
        settings = MemorySettings(endpoint=url_of(port), kms_keys=",".join(self.kms_keys))
        self._drivers.append(MemoryDriver(settings))
        store = Store(self._drivers[-1], layers)
        self._served.enter_context(closing(S3Endpoint(store, settings, port)))
        return store

    def cleanup(self) -> None:
        self._served.close()

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        stored = self._bucket(bucket).objects.get(key)
        if stored is None:
            return None
        content = stored.content
        return content if isinstance(content, bytes) else b"".join(content)

    def raw_uploads(self, bucket: str) -> list[str]:
        return list(self._bucket(bucket).uploads._by_id)

    def full(self) -> Store:
        return Store(MemoryDriver(MemorySettings(max_bytes=MIB)))

    def _bucket(self, name: str) -> Bucket:
        (found,) = [bucket for driver in self._drivers if (bucket := driver._buckets.get(name)) is not None]
        return found


class TestMemory(ContractSuite):
    backend = MemoryBackend


class SmallMemoryBackend(MemoryBackend):
    """Has limits that a test can reach."""

    def open(self, layers: Sequence[object]) -> Store:
        driver = MemoryDriver(MemorySettings(min_part_size=1000))
        driver.features = replace(
            driver.features, max_part_size=MIB, max_put_size=2 * MIB, max_object_size=5 * MIB // 2
        )
        self._drivers.append(driver)
        return Store(driver, layers)


class TestSmallMemory(MultipartErrorTests, PartCopyTests):
    backend = SmallMemoryBackend
