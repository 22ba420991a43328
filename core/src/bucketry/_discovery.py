"""Finds installed drivers by their entry points, and imports only the driver that is asked for."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import msgspec

from bucketry._driver_checks import check_driver_class, overrides
from bucketry.errors import BucketryError, InvalidDriver, InvalidSettings
from bucketry.features import Features
from bucketry.hookspecs import OPERATIONS, DriverSpec

DISTRIBUTIONS: Final = {
    "file": "bucketry-file",
    "memory": "bucketry-memory",
    "http": "bucketry-client",
    "https": "bucketry-client",
    "minio": "bucketry-minio",
    "rgw": "bucketry-rgw",
    "router": "bucketry-router",
    "s3": "bucketry-s3",
}
"""The project's own drivers, by scheme: what to install if one is missing."""

GROUP: Final = "bucketry.drivers"
"""The entry-point group; the entry's name is the scheme, its value the driver's class."""


class InstalledDriver(msgspec.Struct, frozen=True, kw_only=True):
    """A driver that is installed.

    Attributes:
        name: Its scheme.
        distribution: The distribution that it came with.
        version: That distribution's version.
        contract_version: The contract that it speaks; ``None`` if it cannot be used.
        operations: The operations that it implements.
        features: The features that its class declares; an open store may have others.
        problem: Why it cannot be used; empty if it can.
    """

    name: str
    distribution: str
    version: str
    contract_version: int | None = None
    operations: frozenset[str] = frozenset()
    features: Features | None = None
    problem: str = ""


def find_driver(scheme: str) -> type[DriverSpec]:
    """Imports the driver of a scheme, and no other.

    Raises:
        InvalidSettings: No driver is installed for the scheme; the message lists the installed ones.
        InvalidDriver: It cannot be imported, is not a driver, or speaks another version of the contract.
    """
    return _find(scheme, tuple(sys.path))


@lru_cache(maxsize=64)
def _find(scheme: str, _path: tuple[str, ...]) -> type[DriverSpec]:
    # To look through all installed distributions takes longer than to make most stores. So the result is kept until the
    # import path changes. A failure is not kept: the driver may be installed before the next call.
    found = sorted(entry_points(group=GROUP, name=scheme), key=lambda entry: entry.value)
    if not found:
        raise InvalidSettings(_missing(scheme, sorted({entry.name for entry in entry_points(group=GROUP)})))
    if len({entry.value for entry in found}) > 1:
        named = " and ".join(_source(entry) for entry in found)
        raise InvalidDriver(f"{scheme}:// is claimed twice, by {named}: uninstall one of them")
    return _load(found[0])


def _missing(scheme: str, installed: list[str]) -> str:
    """Says that no driver is installed for a scheme, and what to do."""
    known = ", ".join(installed) or "none"
    if scheme in DISTRIBUTIONS:
        return f"the driver for {scheme}:// is not installed: pip install {DISTRIBUTIONS[scheme]} (installed: {known})"
    # Only the project's own distributions are suggested: users install what a message names.
    from difflib import get_close_matches  # Only here: importing it takes time, and few programs need it.

    meant = next(iter(get_close_matches(scheme, [*installed, *DISTRIBUTIONS], n=1)), None)
    if meant is None:
        return f"no driver is installed for {scheme}:// (installed: {known})"
    needs = "" if meant in installed else f", which pip install {DISTRIBUTIONS[meant]} brings"
    return f"no driver is installed for {scheme}://: did you mean {meant}://{needs}? (installed: {known})"


def installed_drivers() -> list[InstalledDriver]:
    """Describes all installed drivers, unusable ones too, in order of their names."""
    return [
        _describe(entry) for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    ]


def _source(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name}" if entry.dist else entry.value


def _load(entry: EntryPoint) -> type[DriverSpec]:
    source = f"the driver {_source(entry)}"
    try:
        kind = entry.load()
    except Exception as error:  # A driver's module may raise anything on import.
        raise InvalidDriver(f"{source} cannot be imported: {type(error).__name__}: {error}") from error
    check_driver_class(kind, source=source)
    if kind.name != entry.name:
        raise InvalidDriver(f"{source} is installed for {entry.name}:// but names itself {kind.name!r}")
    return kind  # type: ignore[no-any-return]


def _describe(entry: EntryPoint) -> InstalledDriver:
    dist = entry.dist
    description = InstalledDriver(
        name=entry.name, distribution=dist.name if dist else "?", version=dist.version if dist else "?"
    )
    try:
        kind = _load(entry)
    except BucketryError as error:
        return msgspec.structs.replace(description, problem=str(error))
    features = getattr(kind, "features", None)
    return msgspec.structs.replace(
        description,
        contract_version=kind.contract_version,
        operations=frozenset(name for name in OPERATIONS if overrides(kind, name)),
        features=features if isinstance(features, Features) else None,
    )
