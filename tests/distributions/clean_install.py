"""A virtual environment that holds what a user installs, and nothing of this workspace's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

SECONDS_TO_HANG: Final = 280
"""After so long a program is ended: a guard, below the one that ends the whole run."""

# What would let this workspace, or this test run, into the programs that are started.
_LEAKS: Final = ("BUCKETRY_", "PYTEST_", "PYTHON", "VIRTUAL_ENV", "COV_")


class CleanInstall:
    """What a user names, and all that it depends on, in a virtual environment.

    Our own distributions are the built wheels, never those of a package index; the others have the locked versions.
    """

    def __init__(self, folder: Path, wheels: Path, *requirements: str) -> None:
        self.bin = folder / "venv/bin"
        check([sys.executable, "-m", "uv", "venv", "--python", sys.executable, str(folder / "venv")], folder)
        ours = folder / "ours.txt"
        ours.write_text("".join(f"{_name(wheel)} @ {wheel.as_uri()}\n" for wheel in sorted(wheels.glob("*.whl"))))
        install = [sys.executable, "-m", "uv", "pip", "install", "--python", str(self.bin / "python")]
        install += ["--constraint", str(ours), "--constraint", str(ROOT / "requirements/dev.txt"), *requirements]
        # Setting up the workspace has left all of it in uv's cache; where that is gone, it is downloaded again.
        if run([*install, "--offline"], folder).returncode:
            check(install, folder)

    def run(
        self, program: str, *arguments: str, folder: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs one of the installed programs in a folder."""
        return run([str(self.bin / program), *arguments], folder, variables)


def _name(wheel: Path) -> str:
    return wheel.name.partition("-")[0].replace("_", "-")


def run(
    command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program, away from this workspace's environment."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment(), **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_TO_HANG,
    )


def environment() -> dict[str, str]:
    """Returns the environment variables without those of this workspace and this test run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_LEAKS)}


def check(command: Sequence[str], folder: Path) -> None:
    """Runs a program that must succeed."""
    done = run(command, folder)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
