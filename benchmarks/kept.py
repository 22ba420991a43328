"""The last result of each row, beside the page: a run of some rows leaves the others as they were measured before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from benchmarks.machine import Machine
from benchmarks.run_case import Result


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A result, and what it was measured on."""

    machine: Machine
    result: Result


def read_rows(path: Path) -> dict[str, Row]:
    """Returns the rows in a file by name; none if there is no file."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Row]) if path.exists() else {}


def write_rows(rows: Mapping[str, Row], path: Path) -> None:
    """Writes rows to a file."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")
