"""The hooks that run before a commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.distributions.clean_install import ROOT
from tests.toolchains.paths import machine_program

CONFIG = ".pre-commit-config.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with our hooks, our tools and one file."""
    shutil.copy(ROOT / CONFIG, tmp_path)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv" if (ROOT / ".venv").exists() else sys.prefix)
    subprocess.run([machine_program("git", "git"), "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def run_hook(repository: Path, hook: str) -> subprocess.CompletedProcess[str]:
    subprocess.run([machine_program("git", "git"), "add", "."], cwd=repository, check=True)
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", hook, "--color=never", "--files", "module.py"],
        cwd=repository,
        env={**os.environ, "PRE_COMMIT_HOME": str(repository.with_name("pre-commit"))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("hook", "wrong"), [("format", "x  =  1\n"), ("lint", "import os\n")])
def test_a_hook_stops_what_is_wrong_and_passes_what_is_right(repository: Path, hook: str, wrong: str) -> None:
    module = repository / "module.py"
    module.write_text("x = 1\n")
    done = run_hook(repository, hook)
    assert done.returncode == 0, done.stdout + done.stderr
    module.write_text(wrong)
    assert run_hook(repository, hook).returncode == 1


def test_the_tree_hook_passes_on_this_tree() -> None:
    done = subprocess.run(
        [machine_program("make", "make"), "--no-print-directory", "check-tree"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
