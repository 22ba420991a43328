"""The table of drivers that are wrong on purpose, each with the test that must fail on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bucketry.hookspecs import DriverSpec
from bucketry_contract._contract_tests import ContractTests


@dataclass(frozen=True)
class Case:
    """A wrong driver, the tests of its subject, and the one of these that has to fail."""

    driver: type[DriverSpec]
    subject: type[ContractTests]
    test: str

    @property
    def honest(self) -> type[DriverSpec]:
        """The honest driver that the wrong one was made of."""
        return next(kind for kind in self.driver.__mro__ if "is_honest" in vars(kind))


DriverT = TypeVar("DriverT", bound=type[DriverSpec])

CASES: list[Case] = []


def fails(subject: type[ContractTests], test: Callable[..., object]) -> Callable[[DriverT], DriverT]:
    """Enters a wrong driver into the table."""

    def enter(driver: DriverT) -> DriverT:
        CASES.append(Case(driver, subject, test.__name__))
        return driver

    return enter
