"""A scenario: a call of one operation, and the state of the server that it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bucketry import Store
from bucketry.hookspecs import OPERATIONS, DriverSpec


class Given:
    """A store, and the names of what was prepared in it, which a recording keeps.

    Attributes:
        store: The store.
        names: Buckets, upload ids, etags.
        part_bytes: What is sent in one piece at most.
    """

    def __init__(self, store: Store, names: dict[str, str], part_bytes: int) -> None:
        self.store = store
        self.names = names
        self.part_bytes = part_bytes

    @property
    def bucket(self) -> str:
        return self.names["bucket"]


def driver_of(store: Store) -> DriverSpec:
    """Return the driver below a store without layers."""
    driver: DriverSpec = store._chain.status.__wrapped__.__self__  # type: ignore[attr-defined]
    return driver


Step = Callable[[Given], object]


class Scenario:
    """One call of an operation.

    Attributes:
        operation: The operation.
        name: The operation, and in which case.
        prepare: Brings the server into the state that the call needs; the bucket is there already.
        act: Makes the call and returns its result.
        needs: Features that the call uses.
        drivers: The drivers that it is for.
        written: The key that the call writes; what it holds after a response was cut is what it held before, or all.
    """

    def __init__(
        self, operation: str, case: str, prepare: Step, act: Step, needs: str, drivers: str, written: str
    ) -> None:
        assert operation in OPERATIONS
        self.operation = operation
        self.name = f"{operation}{'-' if case else ''}{case}"
        self.prepare = prepare
        self.act = act
        self.needs = needs.split()
        self.drivers = drivers.split()
        self.written = written

    @property
    def reads(self) -> bool:
        """Whether the call leaves the server as it was."""
        return not OPERATIONS[self.operation].may_write()

    def is_for(self, store: Store) -> bool:
        """Whether a store's driver offers what the call uses."""
        known = store.capabilities
        features = (getattr(known.features, name) for name in self.needs)
        return known.driver in self.drivers and self.operation in known.operations and all(features)


SCENARIOS: Final[list[Scenario]] = []


def scenario(
    operation: str,
    case: str = "",
    prepare: Step = lambda _: None,
    needs: str = "",
    drivers: str = "minio rgw",
    written: str = "",
) -> Callable[[Step], Step]:
    """Add a call to the scenarios."""

    def add(act: Step) -> Step:
        SCENARIOS.append(Scenario(operation, case, prepare, act, needs, drivers, written))
        return act

    return add
