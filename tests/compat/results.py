"""The results of a column, as ``--contract-report`` writes them and docs/compat keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).parents[2] / "docs/compat"


class Tally(msgspec.Struct):
    """How the tests ended that need one operation or feature."""

    declared: bool
    passed: int = 0
    refused: int = 0
    failed: int = 0
    expected: int = 0


class Result(msgspec.Struct):
    """The suite's results on one driver and server; the attributes are those of the report."""

    driver: str
    version: str
    server: str
    python: str
    date: str
    counts: dict[str, int]
    operations: dict[str, Tally]
    features: dict[str, Tally]
    limits: dict[str, bool | int | str]
    failures: list[str]
    refused_keys: list[str]
    not_tried: list[str]
    undeclared: list[str]
    expected_failures: list[str]


class Report(msgspec.Struct):
    """A file of results."""

    drivers: list[Result]


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Returns the file of a column."""
    return folder / f"{name}.json"


def read(path: Path) -> Result | None:
    """Returns a column's results; ``None`` if it has none yet.

    Raises:
        ValueError: The file is not the report of one driver.
    """
    if not path.exists():
        return None
    drivers = msgspec.json.decode(path.read_bytes(), type=Report).drivers
    if len(drivers) != 1:
        raise ValueError(f"{path.name} has the results of {len(drivers)} drivers, and must have those of one")
    return drivers[0]
