"""The ways of a PUT and of a GET in docs/architecture.md are the ways that requests take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.s3_servers.small_request import SmallRequests

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_the_page_names_the_files_that_a_request_passes(method: str) -> None:
    section = PAGE.partition(f"## The way of a {method}\n")[2].partition("\n## ")[0]
    requests = SmallRequests()
    try:
        passed = requests.count(method)
    finally:
        requests.close()
    assert sorted(re.findall(r"^\| `(\S+\.py)` \|", section, re.MULTILINE)) == list(passed.files)


def test_every_file_that_the_page_names_exists() -> None:
    assert [name for name in re.findall(r"`([\w/-]+/[\w/-]+\.py)`", PAGE) if not (ROOT / name).exists()] == []
