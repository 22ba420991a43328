"""The suite passes a driver that keeps the contract, and leaves nothing out."""

from __future__ import annotations

from bucketry_contract import ContractSuite

from tests.contract_self.backends import ServedBackend


class TestHonest(ContractSuite):
    backend = ServedBackend
