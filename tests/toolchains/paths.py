"""Where other people's toolchains and programs are, for the tests and benchmarks that run them.

Python's programs, Node.js and Go are in the environment `.clients-venv`; what is installed or built with these is in
`.clients`. `make clients` makes both, in this tree. The caches of npm and Go are the user's own, so that another tree
costs little.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from tests.servers.plugin import not_tested

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
VENV: Final = ROOT / ".clients-venv"
FOLDER: Final = ROOT / ".clients"
NPM: Final = FOLDER / "npm"
PROGRAMS: Final = FOLDER / "bin"
GO_MODULE: Final = HERE / "go"
VERSITYGW_MODULE: Final = HERE / "versitygw"
CLIENTS_LOCK: Final = ROOT / "requirements/clients.txt"
INSTALL: Final = "`make clients` installs it, or says why it cannot"


def venv_program(name: str) -> str:
    """Return a program of the environment, or say that it is not tested."""
    return _there(VENV / "bin" / name)


def built_program(name: str) -> str:
    """Return a program that was built, or say that it is not tested."""
    return _there(PROGRAMS / name)


def npm_program(name: str) -> str:
    """Return a program of an npm package, or say that it is not tested."""
    return _there(NPM / "node_modules" / ".bin" / name)


def _there(path: Path) -> str:
    if not path.exists():
        not_tested(path.name, f"it is not there ({INSTALL})")
    return str(path)


def machine_program(name: str, where_from: str) -> str:
    """Return a program of this machine's own, or say that it is not tested.

    Args:
        name: the program.
        where_from: what to install.
    """
    path = shutil.which(name)
    if path is None:
        not_tested(name, f"it is not installed (install {where_from})")
    return path


def link_npm_packages(folder: Path) -> None:
    """Let programs in a folder import the packages of package.json."""
    _there(NPM / "node_modules")
    (folder / "node_modules").symlink_to(NPM / "node_modules")


def build_environment() -> dict[str, str]:
    """Return the environment that npm and Go run in: the machine's own for its caches, and the locked versions."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ["PATH"]])
    return {
        **os.environ,
        "PATH": path,
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "CGO_ENABLED": "0",
    }
