"""How many examples hypothesis tries: enough to find mistakes, and few enough for a store behind a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import engine

SHRINK_SECONDS: Final = 10.0
"""How long hypothesis looks for a smaller example after a failure. Its own default is five minutes."""


@contextmanager
def shrinking_briefly() -> Iterator[None]:
    """Limits how long hypothesis looks for a smaller example.

    It has no setting for that, so this changes a figure in its engine, which reads it each time. A release without that
    figure takes its own time, up to the limit of the test. The report that is left out says that it took five minutes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "MAX_SHRINKING_SECONDS", SHRINK_SECONDS, raising=False)
        patch.setattr(engine, "report", lambda _: None, raising=False)
        yield


def bounded(examples: int, **more: Any) -> settings:
    """Returns settings for so many examples, which keep nothing on disk and assert no time."""
    return settings(
        max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck), **more
    )


def some_examples(examples: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Runs a check with this number of examples. Stands above ``@given``."""

    def enter(given: Callable[[], None]) -> Callable[[], None]:
        tried = bounded(examples)(given)

        def check() -> None:
            with shrinking_briefly():
                tried()

        return check

    return enter
