"""On what the figures were measured."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

_COMPARED = ("pluggy", "litestar", "uvicorn", "fsspec", "obstore", "moto", "boto3", "minio")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine and what is installed on it.

    Attributes:
        cores: Cores that this process may use.
        cpu: The CPU's model, as far as the system says.
        system: Operating system and architecture.
        python: Implementation and version.
        date: When, in UTC.
        load: Load average of the minute before, where the system has one: how much else was running.
        versions: Of each distribution that is compared with or built upon.
    """

    cores: int
    cpu: str
    system: str
    python: str
    date: datetime
    load: float | None
    versions: dict[str, str]


def describe_machine() -> Machine:
    """Describes this machine."""
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        cpu=_cpu_model(),
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        date=datetime.now(UTC).replace(microsecond=0),
        load=round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        versions=dict(filter(None, map(_installed, _COMPARED))),
    )


def _cpu_model() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown"


def _installed(name: str) -> tuple[str, str] | None:
    try:
        return name, version(name)
    except PackageNotFoundError:
        return None
