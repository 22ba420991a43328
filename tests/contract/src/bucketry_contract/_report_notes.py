"""Notes of a test for the report. They are part of pytest's report of the test, and so pass between processes."""

from __future__ import annotations

from typing import Final, NoReturn, cast

import pytest

PROPERTY: Final = "bucketry_contract"
"""The user property of a test report that holds the notes."""

Notes = dict[str, object]
"""Plain lists, strings and dicts, so that they pass from a worker process to the one that reports."""


def notes_of(item: pytest.Item) -> Notes:
    """Returns a test's notes; makes them at the first call."""
    for name, value in item.user_properties:
        if name == PROPERTY:
            return cast("Notes", value)
    notes: Notes = {"needs": [], "missing": []}
    item.user_properties.append((PROPERTY, notes))
    return notes


def add_note(notes: Notes, topic: str, text: str) -> None:
    """Adds one line to a topic, once."""
    lines = cast("list[str]", notes.setdefault(topic, []))
    if text not in lines:
        lines.append(text)


def cannot_try(notes: Notes, what: str, reason: str) -> NoReturn:
    """Ends a test that this backend has no way to run. The report says so."""
    add_note(notes, "not_tried", what)
    pytest.skip(f"not tried: {reason}")
