"""Every row of the benchmarks runs, at tiny sizes; how fast it is does not matter here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from benchmarks import row_process, run_case
from benchmarks.case import Case
from benchmarks.cases import CASES
from benchmarks.row_process import measure
from benchmarks.run_case import Missing, Result


def installed(case: Case) -> bool:
    return all(map(find_spec, case.needs)) and all(map(Path.exists, case.programs))


def is_measured_here(case: Case) -> bool:
    # A process does not grow by the few objects of a quick run.
    return installed(case) and not case.real_server and not case.name.startswith("memory-resident")


@pytest.mark.parametrize("case", [case for case in CASES if is_measured_here(case)], ids=lambda case: case.name)
def test_a_row_is_measured(case: Case) -> None:
    result = measure(case, quick=True, rounds=1)

    assert isinstance(result, Result)
    assert result.case == case.name
    assert all(figure > 0 for side in (result.ours, result.theirs, result.bare) for figure in side.rounds)
    assert result.ratio == pytest.approx(case.unit.ratio(result.ours.figure, result.theirs.figure))


@pytest.mark.parametrize("case", [case for case in CASES if case.real_server], ids=lambda case: case.name)
def test_a_row_on_a_real_server_is_named_where_no_engine_answers(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")

    assert measure(case, quick=True, rounds=1) == Missing(case.name, "no Docker engine", broken=False)


def test_only_two_packages_are_missing_at_most() -> None:
    assert {name for case in CASES for name in case.needs if find_spec(name) is None} <= {"fsspec", "moto"}


def test_a_process_says_which_package_its_row_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_case, "find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["worker", "memory-put-get-moto", "--rounds", "1"])

    status = row_process.main()
    said = capsys.readouterr().out.encode()
    monkeypatch.setattr("subprocess.run", lambda command, **_: CompletedProcess(command, status, said))

    case = next(case for case in CASES if case.name == "memory-put-get-moto")
    assert measure(case, quick=True, rounds=1) == Missing(case.name, "boto3 and moto not installed", broken=False)


def test_a_process_that_fails_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", lambda command, **_: CompletedProcess(command, 1, b""))

    assert measure(CASES[0], quick=True, rounds=1) == Missing(CASES[0].name, "failed with status 1", broken=True)


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]

    assert len(names) == len(set(names))
