"""Programs of the benchmarks' environment, which their lock file installs."""

from __future__ import annotations

import shutil
import sysconfig


def installed_program(name: str) -> str | None:
    """Returns the path of a program, or ``None`` if it is not installed."""
    return shutil.which(name, path=sysconfig.get_path("scripts"))
