"""The reference names every public module."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import bucketry
import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
NAMED = {name for page in REFERENCE.glob("*.md") for name in re.findall(r"automodule:: (\S+)", page.read_text())}
PACKAGES = [
    "bucketry_access",
    "bucketry_client",
    "bucketry_s3client",
    "bucketry_http",
    "bucketry_testing",
    "bucketry_contract",
    "bucketry_router",
]
"""Of these only the package itself is public; of core every module whose name has no underscore."""


def public_modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(bucketry.__path__, "bucketry."):
        package = importlib.import_module(found.name.rpartition(".")[0])
        is_face = hasattr(package, "__all__") and package is not bucketry
        if not is_face and not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def names_of(module: ModuleType) -> set[str]:
    """Return the public names that a module defines itself."""
    return {name for name, value in vars(module).items() if name[0] != "_" and _is_own(module, value)}


def _is_own(module: ModuleType, value: object) -> bool:
    return callable(value) and getattr(value, "__module__", "") == module.__name__


@pytest.mark.parametrize("module", list(public_modules()), ids=lambda module: module.__name__)
def test_each_public_module_of_core_is_in_the_reference(module: ModuleType) -> None:
    assert module.__name__ in NAMED or names_of(module) <= set(bucketry.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_in_the_reference(package: str) -> None:
    assert package in NAMED
