"""Replaces the methods of a store that is closed by refusals, so that an open one need not look whether it is."""

from __future__ import annotations

import inspect
from functools import cache
from types import SimpleNamespace
from typing import Any, NoReturn, cast

from bucketry.errors import StoreClosed
from bucketry.hookspecs import OPERATIONS, DriverSpec


def refuse(*_: object, **__: object) -> NoReturn:
    """Stands in the place of a method.

    Raises:
        StoreClosed: Always.
    """
    raise StoreClosed("open another one for this call")


def refusing_chain() -> DriverSpec:
    """Returns a chain whose operations all refuse."""
    return cast("DriverSpec", SimpleNamespace(**dict.fromkeys(OPERATIONS, refuse)))


def refuse_methods(store: object) -> None:
    """Replaces the public methods of this object, all but ``close``."""
    kind: Any = type(store)  # mypy doubts that a class can be hashed.
    for name in _methods_of(kind):
        setattr(store, name, refuse)


@cache
def _methods_of(kind: Any) -> tuple[str, ...]:
    members = inspect.getmembers_static(kind, inspect.isfunction)
    return tuple(name for name, _ in members if not name.startswith("_") and name != "close")
