"""Every snippet of the guides, run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PATIENCE = 120.0
"""How long a run may take before it hangs, in seconds."""


def blocks(name: str, language: str = "python") -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no {language}"
    return found


def run(*arguments: str, folder: Path) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BUCKETRY_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env={**environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_guide_to_testing_is_a_test_that_passes(tmp_path: Path) -> None:
    (tmp_path / "test_guide.py").write_text("\n".join(blocks("testing-your-application.md")))
    output = run(
        "-m", "pytest", "-p", "no:cacheprovider", "-p", "bucketry_testing.plugin", str(tmp_path), folder=tmp_path
    )
    assert re.search(r"\b9 passed", output), output


def test_the_guide_to_events_is_a_test_that_passes(tmp_path: Path) -> None:
    tests = [block for block in blocks("events.md") if "open_store" not in block]
    (tmp_path / "test_guide.py").write_text("\n".join(tests))
    output = run(
        "-m", "pytest", "-p", "no:cacheprovider", "-p", "bucketry_testing.plugin", str(tmp_path), folder=tmp_path
    )
    assert re.search(r"\b2 passed", output), output
    (program,) = set(blocks("events.md")) - set(tests)
    assert run("-c", program, folder=tmp_path) == "7\n"


@pytest.mark.parametrize("number", range(len(blocks("faults.md"))))
def test_the_guide_to_faults_does_what_it_says(tmp_path: Path, number: int) -> None:
    code = blocks("faults.md")[number]
    printed = re.findall(r"print\(.*\)  # (.*)", code)
    assert run("-c", code, folder=tmp_path).splitlines() == printed


def test_what_comes_after_moving_works(tmp_path: Path) -> None:
    after = [block for block in blocks("moving-from.md") if "# after" in block]
    imports = "import boto3\nimport pytest\nfrom minio import Minio\nfrom bucketry_testing import s3_endpoint\n"
    fixtures = [block for block in blocks("moving-from.md") if "@pytest.fixture" in block]
    # What stands outside of a test becomes one.
    tests = [
        block if "def test_" in block else f"def test_{number}():\n" + re.sub("^", "    ", block, flags=re.MULTILINE)
        for number, block in enumerate(after)
    ]
    (tmp_path / "test_moving.py").write_text("\n".join([imports, *fixtures, *tests]))
    output = run(
        "-m", "pytest", "-p", "no:cacheprovider", "-p", "bucketry_testing.plugin", str(tmp_path), folder=tmp_path
    )
    assert f"{len(tests)} passed" in output
    assert len(tests) == 3
