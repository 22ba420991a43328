"""`make compat` keeps what came out of a run, says what failed, and keeps nothing of a store that cannot be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat import __main__ as command
from tests.compat.columns import COLUMNS, Column
from tests.compat.results import path_of, read
from tests.compat.running import Outcome, run

SUITE = """
from bucketry import InvalidArgument
from bucketry_contract.suite.basics import BasicTests
from tests.memory.test_contract import MemoryBackend

class Backend(MemoryBackend):
    server = "Acme 1.2"

    def open(self, layers):
        {opening}

class TestAcme(BasicTests):
    short = True
    backend = Backend

    def test_more(self, bucket):
        {more}
"""
OPENS = "return super().open(layers)"


def _column(folder: Path, opening: str = OPENS, more: str = "bucket.put('key')") -> Column:
    path = folder / "test_acme.py"
    path.write_text(SUITE.format(opening=opening, more=more))
    return Column("acme", "Acme", f"{path}::TestAcme")


@pytest.mark.parametrize(
    ("more", "outcome", "failed"),
    [("bucket.put('key')", Outcome.PASSED, 0), ("assert False", Outcome.FAILED, 2)],
    ids=["all pass", "one fails"],
)
def test_results_are_kept_also_of_a_run_with_failures(tmp_path: Path, more: str, outcome: Outcome, failed: int) -> None:
    assert run(_column(tmp_path, more=more), "0", tmp_path) is outcome
    result = read(path_of("acme", tmp_path))
    assert result is not None
    assert (result.server, result.driver, result.counts["failed"]) == ("Acme 1.2", "memory", failed)
    assert len(result.failures) == failed
    assert result.counts["passed"] >= 2


def test_a_store_that_cannot_be_opened_keeps_the_results_of_before(tmp_path: Path) -> None:
    before = path_of("acme", tmp_path)
    before.write_text("as before")
    assert run(_column(tmp_path, opening="raise InvalidArgument('closed')"), "0", tmp_path) is Outcome.NOT_RUN
    assert before.read_text() == "as before"


def test_a_run_is_chosen_by_name() -> None:
    assert [column.name for column in command.chosen(["s3-minio", "file"])] == ["s3-minio", "file"]
    assert {*COLUMNS} - {*command.chosen([])} == {column for column in COLUMNS if not column.suite}


def test_a_name_that_is_none_is_refused_before_anything_runs() -> None:
    with pytest.raises(SystemExit, match="no column s3-acme; there are memory, file"):
        command.main(["file", "s3-acme"])


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.PASSED, 0), (Outcome.FAILED, 1), (Outcome.NOT_RUN, 1)])
def test_the_exit_code_says_whether_all_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], outcome: Outcome, code: int
) -> None:
    written: list[str] = []
    monkeypatch.setattr(command, "_run", lambda columns, workers: {column.name: outcome for column in columns})
    monkeypatch.setattr(command, "write_pages", lambda: written.append("pages"))
    assert command.main(["file"]) == code
    assert written == ["pages"]
    assert capsys.readouterr().out == f"file: {outcome.value}\n"
