"""Says what a driver is and what it declares, in plain values that pass between processes."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points

import msgspec
from bucketry import FEATURE_NAMES, Store

from bucketry_contract._capabilities import declared


def description_of(store: Store, server: str) -> dict[str, object]:
    """Returns a store's driver, its version, its server, and what it declares."""
    capabilities = store.capabilities
    limits = {
        field.name: _shown(getattr(capabilities.features, field.name))
        for field in msgspec.structs.fields(capabilities.features)
        if field.name not in FEATURE_NAMES
    }
    return {
        "name": capabilities.driver,
        "version": _version(capabilities.driver),
        "server": server,
        "contract_version": capabilities.contract_version,
        "declares": sorted(declared(capabilities)),
        "limits": limits,
    }


def _shown(limit: int | tuple[str, ...]) -> int | str:
    return ", ".join(limit) if isinstance(limit, tuple) else limit


@lru_cache
def _version(driver: str) -> str:
    """Returns the version of the distribution that has the driver; empty if no distribution has it."""
    found = [entry.dist.version for entry in entry_points(group="bucketry.drivers", name=driver) if entry.dist]
    return found[0] if found else ""
