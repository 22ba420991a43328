"""The contract suite on the in-memory driver behind quotas."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from bucketry import Done, Store
from bucketry.features import MIB
from bucketry.hookspecs import hookimpl
from bucketry.layers import Quota
from bucketry.quotas import QuotaRule
from bucketry_contract import ContractSuite
from bucketry_memory import MemoryDriver, MemorySettings

from tests.memory.test_contract import MemoryBackend
from tests.quotas.accounts import check_account


class CheckedQuota(Quota):
    """Counts each bucket anew before it is deleted and at the end, and compares that with the accounts."""

    @hookimpl(wrapper=True)
    def delete_bucket(self, bucket: str) -> Generator[None, Done, Done]:
        check_account(self, bucket)
        return (yield from super().delete_bucket(bucket))

    @hookimpl(wrapper=True)
    def close(self) -> Generator[None, Done, Done]:
        for bucket, _ in self._attached().ledger.names():
            check_account(self, bucket)
        return (yield from super().close())


PLENTY = (
    QuotaRule(buckets="*", max_size_bytes=2**50, max_objects=2**40),
    QuotaRule(owners="*", max_size_bytes=2**50, max_objects=2**40),
)


class QuotaBackend(MemoryBackend):
    """Every bucket and every owner has a quota that no test reaches; a full store is full because of its quota."""

    def open(self, layers: Sequence[object]) -> Store:
        return super().open([CheckedQuota(*PLENTY), *layers])

    def full(self) -> Store:
        return Store(MemoryDriver(MemorySettings()), [Quota(QuotaRule(buckets="*", max_size_bytes=MIB))])


class TestQuota(ContractSuite):
    backend = QuotaBackend
