"""Names of a package that are imported from its modules when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Returns the ``__getattr__`` of a package (PEP 562).

    A program that uses one class of a package of many does not wait for the others then. For type checkers and readers,
    the package imports the same names below ``TYPE_CHECKING``.

    Args:
        package: The package's name.
        homes: The exported names by the module that has them. The modules are named as within the package.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def get(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, value)  # So that this function is not asked again.
        return value

    return get
