"""What a loss of power may leave of a store is as good as what a kill leaves. `make crash-states` tries more states."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.__main__ import SETTINGS
from tests.crash.mistakes import MISTAKES
from tests.crash.replay import IN_FILES, Replay, task_of

pytestmark = pytest.mark.usefixtures("recorder")


@pytest.mark.parametrize(("writers", "steps"), [(1, 40), (3, 12)])
def test_no_crash_state_loses_or_leaves_anything(tmp_path: Path, writers: int, steps: int) -> None:
    replay = Replay(tmp_path, SETTINGS, most=3, seed=1)
    operations = replay.record(task_of(writers=writers, steps=steps, seed=1))
    assert list(replay.problems(operations)) == []
    assert replay.figures.states > replay.figures.points


def test_a_crash_while_the_store_is_opened_after_a_crash_is_one_more_crash(tmp_path: Path) -> None:
    replay = Replay(tmp_path, SETTINGS, most=3, seed=2)
    operations = replay.record(task_of(writers=1, steps=20, seed=2))
    assert list(replay.problems_of_recovery(operations, 4)) == []


def test_two_processes_that_write_at_once_some_of_it_encrypted(tmp_path: Path) -> None:
    replay = Replay(tmp_path, SETTINGS, most=1, seed=5)
    task = task_of(writers=2, steps=12, seed=5, encrypted=True)
    assert list(replay.problems_of_two(task, recoveries=1)) == []
    assert replay.figures.turns > 1


def test_without_sync_a_crash_state_is_how_the_store_was_at_some_moment(tmp_path: Path) -> None:
    replay = Replay(tmp_path, f"{SETTINGS}&sync=false", most=4, seed=4)
    operations = replay.record(task_of(writers=1, steps=25, seed=4))
    assert list(replay.problems(operations)) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_of_a_driver_show_in_crash_states(tmp_path: Path, mistake: str) -> None:
    replay = Replay(tmp_path, SETTINGS, most=4, seed=3)
    operations = replay.record(task_of(writers=1, steps=10, seed=3, sizes=IN_FILES, mistake=mistake))
    assert next(replay.problems(operations), None) is not None
