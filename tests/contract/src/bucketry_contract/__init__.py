"""The contract suite of bucketry: holds any driver to the contract, in a pytest run of the driver's own author.

An author fills in a `Backend` and writes ``class TestAcme(ContractSuite): backend = AcmeBackend``; or runs
``pytest --pyargs bucketry_contract --store acme://…`` and writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bucketry_contract._needs import needs
from bucketry_contract.backend import CANNOT_LOOK, Backend, CannotLook

if TYPE_CHECKING:
    from bucketry_contract.suite import ContractSuite

__all__ = ["CANNOT_LOOK", "Backend", "CannotLook", "ContractSuite", "needs"]

# Only what pytest has rewritten says more than "assert failed".
pytest.register_assert_rewrite(
    "bucketry_contract.suite",
    "bucketry_contract._broken",
    "bucketry_contract._pages",
    "bucketry_contract._scratch",
)


def __getattr__(name: str) -> object:
    """Imports the suite when it is asked for: the plugin is loaded in runs that have nothing to do with it."""
    if name != "ContractSuite":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bucketry_contract.suite import ContractSuite

    return ContractSuite
