"""The contract suite of bucketry: tests whether a driver keeps the contract, in the pytest run of its author.

An author fills in a `Backend` and writes ``class TestAcme(ContractSuite): backend = AcmeBackend``; or runs
``pytest --pyargs bucketry_contract --store acme://…`` and writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bucketry_contract._capabilities import needs
from bucketry_contract.backend import CANNOT_LOOK, Backend, CannotLook

if TYPE_CHECKING:
    from bucketry_contract.suite import ContractSuite

__all__ = ["CANNOT_LOOK", "Backend", "CannotLook", "ContractSuite", "needs"]

# Without pytest's rewriting, a failed assertion in these modules would not say what it compared.
pytest.register_assert_rewrite(
    "bucketry_contract.suite",
    "bucketry_contract._broken_bodies",
    "bucketry_contract._pages",
    "bucketry_contract._scratch",
)


def __getattr__(name: str) -> object:
    """Imports the suite when it is used. Many runs load the plugin and do not use the suite."""
    if name != "ContractSuite":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bucketry_contract.suite import ContractSuite

    return ContractSuite
