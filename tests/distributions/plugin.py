"""The fixture `wheels`: a folder with sdist and wheel of every distribution and example, built once in a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from filelock import FileLock

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples/bucketry-sqlite"
BUILD: Final = (sys.executable, "-m", "uv", "build", "--no-build-isolation", "--offline", "--python", sys.executable)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder. Each wheel is built from its sdist, so both are tested."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, done = base / "wheels", base / "wheels.done"
    with FileLock(base / "wheels.lock"):
        if not done.exists():
            _build("--all-packages", "--out-dir", str(folder))
            _build(str(EXAMPLE), "--wheel", "--out-dir", str(folder))
            done.touch()
    return folder


def _build(*arguments: str) -> None:
    built = subprocess.run([*BUILD, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
