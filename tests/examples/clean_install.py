"""A virtual environment that holds what a user installs, and nothing of this workspace's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

SECONDS_TO_HANG: Final = 280
"""After so long a program is ended: a guard, below the one that ends the whole run."""

# What would let this workspace, or this test run, into the programs that are started.
_LEAKS: Final = ("BUCKETRY_", "PYTEST_", "PYTHON", "VIRTUAL_ENV", "COV_")


class CleanInstall:
    """Wheels of these folders, and what they depend on in the locked versions, in a virtual environment.

    Requirements are what the user names besides: an extra of one of these, or a program of his own.
    """

    def __init__(self, folder: Path, distributions: Sequence[str], requirements: Sequence[str] = ()) -> None:
        wheels, venv = folder / "wheels", folder / "venv"
        self.bin = venv / "bin"
        for distribution in distributions:
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
            _check(command, ROOT / distribution)
        _check([sys.executable, "-m", "uv", "venv", "--python", sys.executable, str(venv)], folder)
        install = [sys.executable, "-m", "uv", "pip", "install", "--python", str(self.bin / "python")]
        install += ["--constraint", str(ROOT / "requirements/dev.txt"), *map(str, sorted(wheels.iterdir()))]
        install += requirements
        # Setting up the workspace has left all of it in uv's cache; where that is gone, it is downloaded again.
        if run([*install, "--offline"], folder).returncode:
            _check(install, folder)

    def run(self, program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Runs one of the installed programs in a folder."""
        return run([str(self.bin / program), *arguments], folder)


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a program, away from this workspace's environment."""
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=SECONDS_TO_HANG
    )


def environment() -> dict[str, str]:
    """Returns the environment variables without those of this workspace and this test run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_LEAKS)}


def _check(command: Sequence[str], folder: Path) -> None:
    done = run(command, folder)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
