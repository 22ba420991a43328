"""``bucketry drivers``."""

from __future__ import annotations

from collections.abc import Collection

import bucketry
import click
import msgspec
from bucketry import FEATURE_NAMES, OPERATIONS, InstalledDriver

from bucketry_cli.options import command_options
from bucketry_cli.output import json_line, write_lines, write_table


@click.command
@command_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with all features and limits.")
def drivers(as_json: bool) -> None:
    """List the installed drivers and what they can do.

    A driver is installed with pip beside bucketry; its name is what stands before :// in a store's URL.
    """
    installed = bucketry.installed_drivers()
    if as_json:
        write_lines(json_line(_described(driver)) for driver in installed)
        return
    write_table(("DRIVER", "VERSION", "CONTRACT", "OPERATIONS", "FEATURES"), map(_row, installed))
    if broken := [driver for driver in installed if driver.problem]:
        write_lines(["", *(f"{driver.name} cannot be used: {' '.join(driver.problem.split())}" for driver in broken)])


def _declared(driver: InstalledDriver) -> list[str]:
    return [name for name in FEATURE_NAMES if getattr(driver.features, name, False)]


def _row(driver: InstalledDriver) -> tuple[str, ...]:
    version = f"{driver.distribution} {driver.version}"
    if driver.problem:
        return driver.name, version, "-", "-", "-"
    return (
        driver.name,
        version,
        str(driver.contract_version),
        _share(OPERATIONS, driver.operations),
        "known once opened" if driver.features is None else _share(FEATURE_NAMES, _declared(driver)),
    )


def _share(names: Collection[str], present: Collection[str]) -> str:
    missing = [name for name in names if name not in present]
    if not missing:
        return f"all {len(names)}"
    return f"{len(names) - len(missing)} of {len(names)}, not " + ", ".join(missing)


def _described(driver: InstalledDriver) -> dict[str, object]:
    return {
        "name": driver.name,
        "distribution": driver.distribution,
        "version": driver.version,
        "contract_version": driver.contract_version,
        "operations": sorted(driver.operations),
        "missing_operations": [name for name in OPERATIONS if name not in driver.operations],
        "features": None if driver.features is None else msgspec.structs.asdict(driver.features),
        "problem": driver.problem or None,
    }
