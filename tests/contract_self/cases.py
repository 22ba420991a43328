"""The table of drivers that are wrong on purpose, each with the test that must fail on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bucketry_contract._contract_tests import ContractTests

from tests.contract_self.honest import HonestDriver


@dataclass(frozen=True)
class Case:
    """A wrong driver, the tests of its subject, and the one of these that has to fail."""

    driver: type[HonestDriver]
    subject: type[ContractTests]
    test: str

    @property
    def honest(self) -> type[HonestDriver]:
        """The honest driver that the wrong one was made of."""
        return next(kind for kind in self.driver.__mro__ if "is_honest" in vars(kind))


CASES: list[Case] = []


def fails(
    subject: type[ContractTests], test: Callable[..., object]
) -> Callable[[type[HonestDriver]], type[HonestDriver]]:
    """Enters a wrong driver into the table."""

    def enter(driver: type[HonestDriver]) -> type[HonestDriver]:
        CASES.append(Case(driver, subject, test.__name__))
        return driver

    return enter
