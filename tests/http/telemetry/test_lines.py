"""Lines are written in batches, in order, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from bucketry_http.telemetry.lines import MOST_BYTES, Lines


def test_without_an_event_loop_a_line_is_written_at_once() -> None:
    written: list[str] = []
    lines = Lines(written.append)
    lines.add("a\n")
    lines.add("b\n")
    assert written == ["a\n", "b\n"]


async def add(lines: Lines, given: Sequence[str]) -> None:
    for line in given:
        lines.add(line)
    await asyncio.sleep(0)


def turn(lines: Lines, *given: str) -> None:
    """Adds lines in one turn of an event loop, and lets it make one more."""
    asyncio.run(add(lines, given))


def test_lines_of_one_turn_are_written_together_in_the_next() -> None:
    written: list[str] = []
    lines = Lines(written.append)
    turn(lines, "a\n", "b\n", "c\n")
    assert written == ["a\nb\nc\n"]
    turn(lines, "d\n")
    assert written == ["a\nb\nc\n", "d\n"]


def test_what_waits_at_the_end_is_written() -> None:
    written: list[str] = []
    lines = Lines(written.append)

    async def ends_at_once() -> None:
        lines.add("a\n")
        assert written == []
        lines.flush()

    asyncio.run(ends_at_once())
    assert written == ["a\n"]


@pytest.mark.parametrize("character", ["x", "ж", "\N{GRINNING FACE}"])
def test_no_batch_is_larger_than_a_pipe_takes_at_once(character: str) -> None:
    written: list[str] = []
    given = [f"{number:03}{character * 100}\n" for number in range(100)]
    given.insert(50, character * MOST_BYTES + "\n")
    turn(Lines(written.append), *given)
    assert "".join(written) == "".join(given)
    assert len(written) < len(given)
    assert all(len(batch.encode()) <= MOST_BYTES for batch in written if batch.count("\n") > 1)
    assert all(batch.endswith("\n") for batch in written)


def test_a_batch_that_cannot_be_written_stops_nothing() -> None:
    written: list[str] = []

    def write(text: str) -> None:
        if not written:
            written.append("")
            raise OSError(28, "No space left on device")
        written.append(text)

    lines = Lines(write)
    turn(lines, "a\n")
    turn(lines, "b\n")
    assert written == ["", "b\n"]
