"""Lines are written in batches, in order, and none is lost."""

from __future__ import annotations

import pytest
from bucketry_http.telemetry.lines import MOST_BYTES, write_lines


def test_lines_are_written_together() -> None:
    written: list[str] = []
    write_lines(written.append, b"a\nb\nc\n")
    assert written == ["a\nb\nc\n"]


@pytest.mark.parametrize("character", ["x", "ж", "\N{GRINNING FACE}"])
def test_no_batch_is_larger_than_a_pipe_takes_at_once(character: str) -> None:
    written: list[str] = []
    given = [f"{number:03}{character * 100}\n" for number in range(100)]
    given.insert(50, character * MOST_BYTES + "\n")
    write_lines(written.append, "".join(given).encode())
    assert "".join(written) == "".join(given)
    assert len(written) < len(given)
    assert all(len(batch.encode()) <= MOST_BYTES for batch in written if batch.count("\n") > 1)
    assert all(batch.endswith("\n") for batch in written)


@pytest.mark.parametrize("length", range(MOST_BYTES - 2, MOST_BYTES + 3))
def test_lines_about_as_long_as_a_batch_stay_whole(length: int) -> None:
    written: list[str] = []
    given = ["x" * (length - 1) + "\n", "y\n"]
    write_lines(written.append, "".join(given).encode())
    assert written == ["".join(given)] if length + 2 <= MOST_BYTES else written == given


def test_a_batch_that_cannot_be_written_stops_nothing() -> None:
    written: list[str] = []

    def write(text: str) -> None:
        if not written:
            written.append("")
            raise OSError(28, "No space left on device")
        written.append(text)

    write_lines(write, b"a" * MOST_BYTES + b"\nb\n")
    assert written == ["", "b\n"]
