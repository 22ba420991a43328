"""For drivers that are made of other drivers, such as a router over several stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bucketry._chain import breakers_of, build_chain
from bucketry._open_store import open_driver
from bucketry.hookspecs import DriverSpec


class InnerDriver:
    """A driver that another driver calls, with layers of its own.

    Its operations are guarded as those of a store are: they raise errors of the contract alone, also while content is
    read, and their results have the contract's types. They check no arguments, since the store around the outer driver
    has done so. Rules of lifecycle that core carries out are the outer store's too.

    Attributes:
        driver: The driver. The outer one closes it with `calls`, and gives it its clock.
        calls: Its operations. Those that it does not implement raise ``Unsupported``.
        operations: The names of those that it implements.
        features: What it declares, behind its layers.
        breakers: The circuit breakers among its layers, and its own.
    """

    def __init__(self, driver: DriverSpec, layers: Sequence[object] = ()) -> None:
        """Joins driver and layers.

        Args:
            driver: The driver.
            layers: Hook wrappers around it; the last is outermost.

        Raises:
            InvalidDriver: The driver or a layer breaks the contract; the message says how.
        """
        self.driver: Final = driver
        chain, operations = build_chain(driver, layers)
        self.calls: Final = chain
        self.operations: Final = operations
        self.features: Final = driver.features.behind(layers)
        self.breakers: Final = breakers_of(driver, layers)


__all__ = ["InnerDriver", "open_driver"]
