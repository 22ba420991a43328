"""How much hypothesis tries: enough to find what is wrong, little enough for a store behind a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

Check = TypeVar("Check", bound=Callable[..., Any])


def bounded(examples: int, **more: Any) -> settings:
    """Returns settings for so many examples, which keep nothing on disk and assert no time."""
    return settings(
        max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck), **more
    )


def some_examples(examples: int) -> Callable[[Check], Check]:
    """Has a check tried on so many examples."""
    return bounded(examples)
