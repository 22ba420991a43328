"""What every part of a store shares: the chain it calls and what the driver declares."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace, TracebackType
from typing import Any, NoReturn, Self, cast

import msgspec

from bucketry import _validation as check
from bucketry._chain import build_chain
from bucketry.errors import StoreClosed
from bucketry.features import Capabilities, Features
from bucketry.hookspecs import OPERATIONS, DriverSpec
from bucketry.options import Options


def _features(driver: DriverSpec, layers: Sequence[object]) -> Features:
    """What the driver declares, less what a layer takes away: where one waits, every call may."""
    features = driver.features
    if features.non_blocking and any(getattr(layer, "blocks", False) for layer in layers):
        return msgspec.structs.replace(features, non_blocking=False)
    return features


@cache
def _methods_of(kind: Any) -> tuple[str, ...]:
    """The names of the public methods of a store's class that refuse once it is closed: all but `StoreBase.close`."""
    members = inspect.getmembers_static(kind, inspect.isfunction)
    return tuple(name for name, member in members if not name.startswith("_") and member is not StoreBase.close)


class StoreBase:
    """A driver with its layers, opened."""

    def __init__(self, driver: DriverSpec, layers: Sequence[object] = ()) -> None:
        """Opens a store over a driver that was made by hand; `open_store` makes one from a URL.

        Args:
            driver: The driver. The store closes it.
            layers: Hook wrappers around it; the last is outermost. They cannot be changed later. One that waits for
                anything (a clock, a network) has an attribute ``blocks`` that is true.

        Raises:
            InvalidDriver: The driver or a layer breaks the contract; the message says how.
        """
        self._chain, operations = build_chain(driver, layers)
        self._features = _features(driver, layers)
        self._driver_name = driver.name
        self._closed = False
        self._closing = threading.Lock()
        self.capabilities = Capabilities(
            driver=driver.name,
            contract_version=driver.contract_version,
            operations=operations,
            features=self._features,
            s3_endpoint=driver.s3_endpoint,
        )

    def _require(self, options: Options, kind: type[Options]) -> None:
        """Refuses options of another operation, or of wrong types, or that the driver does not declare."""
        check.check_options(options, kind)
        self._require_declared(options)

    def _require_declared(self, options: Options) -> None:
        check.check_declared(options, options.feature_of, self._features, self._driver_name)

    def _check_target(self, bucket: str, key: str) -> None:
        check.check_bucket(bucket)
        check.check_key(key)

    def close(self) -> None:
        """Gives the driver's connections and memory back. Closing again does nothing.

        From then on every other call raises `StoreClosed`. `capabilities` can still be read. An iteration that began
        before ends with `StoreClosed` at its next page. The content of an object that was opened before comes whole or
        ends in an error, as the driver has it; it is never cut short.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
        close = self._chain.close
        self._refuse_calls()
        if "close" in self.capabilities.operations:
            close()

    def _refuse_calls(self) -> None:
        """Puts a refusal in the place of each method, so that an open store need not look whether it is closed."""

        def refuse(*_: object, **__: object) -> NoReturn:
            raise StoreClosed("open another one for this call")

        # The chain too, for those who hold one of the methods already.
        self._chain = cast("DriverSpec", SimpleNamespace(**dict.fromkeys(OPERATIONS, refuse)))
        kind: Any = type(self)  # mypy doubts that a class can be hashed.
        for name in _methods_of(kind):
            setattr(self, name, refuse)

    def __enter__(self) -> Self:
        if self._closed:
            raise StoreClosed("open another one for this with statement")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Store {self._driver_name}>"
