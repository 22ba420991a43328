"""The suite passes a driver that keeps the contract, and leaves nothing out."""

from __future__ import annotations

from bucketry_contract import ContractSuite
from bucketry_contract.suite.checksums import ChecksumTests
from bucketry_contract.suite.multipart_errors import MultipartErrorTests
from bucketry_contract.suite.persistence import PersistenceTests

from tests.contract_self.backends import ServedBackend
from tests.contract_self.persistent import OneAlgorithmBackend, PersistentBackend, SmallBackend


class TestHonest(ContractSuite):
    backend = ServedBackend


class TestHonestAndPersistent(PersistenceTests):
    backend = PersistentBackend


class TestHonestAndSmall(MultipartErrorTests):
    backend = SmallBackend


class TestHonestAndWithOneAlgorithm(ChecksumTests):
    backend = OneAlgorithmBackend
