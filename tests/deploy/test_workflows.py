"""The workflows of continuous integration pass actionlint, and say that nobody has run them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.distributions.clean_install import ROOT
from tests.toolchains.paths import built_program

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
pytestmark = pytest.mark.clients


def lint(workflow: Path) -> subprocess.CompletedProcess[str]:
    # Without the programs that it would run where a machine has them.
    command = [built_program("actionlint"), "-no-color", "-shellcheck=", "-pyflakes=", str(workflow)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_well_formed_and_marked_as_untried(workflow: Path) -> None:
    done = lint(workflow)
    assert (done.returncode, done.stdout) == (0, "")
    assert workflow.read_text().startswith("# Untried: ")


def test_a_mistake_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        (ROOT / ".github/workflows/release.yml").read_text().replace("needs: [build, test]", "needs: [built]")
    )
    assert "built" in lint(wrong).stdout


def test_the_release_needs_no_stored_token() -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text()
    assert "secrets." not in text
    assert "id-token: write" in text
    assert "attestations: true" in text
