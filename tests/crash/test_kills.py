"""Writers are killed at any moment, and what they were told to have done is there. `make kill-test` kills more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.__main__ import SETTINGS, kill

KILLS = 6
SECONDS = 120.0
"""Of each test: a machine that is so slow kills fewer processes."""


@pytest.mark.parametrize(("seed", "settings"), [(1, ""), (2, ""), (3, ""), (4, "&sync=false")])
def test_a_killed_writer_loses_nothing_and_leaves_nothing(tmp_path: Path, seed: int, settings: str) -> None:
    tally, wrong = kill(SETTINGS + settings, KILLS, seed, SECONDS, tmp_path)
    assert wrong == []
    assert tally.acknowledged
