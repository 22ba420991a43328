"""What comes of figures: ratios, verdicts, sentences, files and the exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import __main__ as command_line
from benchmarks.case import (
    FULL,
    MICROSECONDS,
    REQUESTS,
    Case,
    Contender,
    Contenders,
    NotAvailable,
    Scale,
    Target,
    Unit,
)
from benchmarks.row_process import Outcome
from benchmarks.run_case import Missing, Result, Side, run_case


def make_case(name: str = "some-row", unit: Unit = MICROSECONDS, at_least: float | None = 1, **more: object) -> Case:
    target = None if at_least is None else Target(at_least, "fast enough")
    return Case(name=name, title=f"title of {name}", unit=unit, set_up=set_up_nothing, target=target, **more)  # type: ignore[arg-type]


def set_up_nothing(scale: Scale, stack: ExitStack) -> Contenders:
    raise AssertionError("not to be measured")


def result_of(case: Case, ours: float, theirs: float) -> Result:
    return Result(
        case=case.name,
        ours=Side("bucketry", (ours,)),
        theirs=Side("another", (theirs,)),
        bare=Side("nothing", (1.0,)),
        ratios=(case.unit.ratio(ours, theirs),),
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command line over made-up outcomes."""

    def run(outcomes: dict[Case, Outcome], *arguments: str) -> int:
        monkeypatch.setattr(command_line, "CASES", tuple(outcomes))
        monkeypatch.setattr(command_line, "measure", lambda case, **_: outcomes[case])
        return command_line.main(arguments)

    return run


def test_fewer_microseconds_are_better() -> None:
    assert MICROSECONDS.ratio(ours=2, theirs=10) == 5


def test_more_requests_are_better() -> None:
    assert REQUESTS.ratio(ours=2, theirs=10) == 0.2


def test_sides_take_turns_and_each_goes_first() -> None:
    order: list[str] = []

    def side(name: str) -> Contender:
        def measure() -> float:
            order.append(name)
            return float(len(order))

        return Contender(name, measure)

    case = Case(
        name="turns",
        title="",
        unit=REQUESTS,
        set_up=lambda scale, stack: Contenders(side("ours"), side("theirs"), side("bare")),
        max_rounds=3,
    )

    result = run_case(case, FULL, rounds=10)

    assert order == ["ours", "theirs", "bare", "theirs", "bare", "ours", "bare", "ours", "theirs"]
    assert result.ours.rounds == (1.0, 6.0, 8.0)
    assert result.ratios == (1 / 2, 6 / 4, 8 / 9)
    assert result.ratio == 8 / 9


def test_what_is_set_up_is_freed() -> None:
    freed: list[str] = []

    def set_up(scale: Scale, stack: ExitStack) -> Contenders:
        stack.callback(freed.append, "freed")
        return Contenders(*[Contender("same", lambda: 1.0)] * 3)

    run_case(Case(name="freeing", title="", unit=REQUESTS, set_up=set_up), FULL, rounds=1)

    assert freed == ["freed"]


def test_a_missing_package_is_named() -> None:
    with pytest.raises(NotAvailable, match="no_such_package not installed"):
        run_case(make_case(needs=("no_such_package",)), FULL, rounds=1)


def test_a_missed_target_is_said_and_fails_nothing(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    case = make_case(at_least=2)

    assert run({case: result_of(case, ours=10, theirs=15)}) == 0

    printed = capsys.readouterr().out
    assert "target missed: some-row: fast enough: 1.50 of at least 2.00" in printed
    assert "0 of 1 targets met" in printed


def test_a_target_that_is_met_is_counted(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    met, without = make_case("met"), make_case("without", at_least=None)

    assert run({met: result_of(met, 10, 15), without: result_of(without, 15, 10)}) == 0

    printed = capsys.readouterr().out
    assert "missed" not in printed
    assert "1 of 1 targets met" in printed


def test_a_broken_row_fails(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    case = make_case()

    assert run({case: Missing(case.name, "failed with status 1", broken=True)}) == 1
    assert "FAILED: some-row: failed with status 1" in capsys.readouterr().out


def test_a_row_that_cannot_be_measured_here_is_named(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_case()

    assert run({case: Missing(case.name, "moto not installed", broken=False)}) == 0
    printed = capsys.readouterr().out
    assert "not measured: some-row: moto not installed" in printed
    assert "0 of 1 targets met" in printed


def test_words_select_rows(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = {case: result_of(case, 1, 1) for case in map(make_case, ("memory-put", "rest-status", "presign"))}

    assert run(outcomes, "--list", "-k", "Memory", "-k", "rest") == 0

    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["memory-put", "rest-status"]


def test_a_word_that_selects_nothing_is_an_error(run: Callable[..., int]) -> None:
    case = make_case()

    assert run({case: result_of(case, 1, 1)}, "-k", "no such row") == 2


def test_figures_are_written_as_json(run: Callable[..., int], tmp_path: Path) -> None:
    case = make_case()

    run({case: result_of(case, 10, 15)}, "--json", str(tmp_path / "figures.json"))

    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["outcomes"][0]["ours"] == {"name": "bucketry", "rounds": [10]}
    assert written["outcomes"][0]["ratios"] == [1.5]
    assert written["machine"]["cores"] >= 1


def test_the_page_has_a_line_for_each_row(run: Callable[..., int], tmp_path: Path) -> None:
    case = make_case(at_least=2, note="Why it is so.")

    run({case: result_of(case, 10, 15)}, "--markdown", str(tmp_path / "page.md"))

    page = (tmp_path / "page.md").read_text()
    cells = "title of some-row | 10.0 µs | 15.0 µs (another) | 1.50 | one round | 1.00 µs (nothing) | fast enough | NO"
    assert f"| {cells} | 20" in page
    assert "- target missed: some-row" in page
    assert "Why it is so." in page


def test_a_run_of_some_rows_leaves_the_others_on_the_page(run: Callable[..., int], tmp_path: Path) -> None:
    first, second, page = make_case("first", at_least=2), make_case("second"), tmp_path / "page.md"
    run({first: result_of(first, 10, 15), second: result_of(second, 3, 6)}, "--markdown", str(page))
    run({first: result_of(first, 10, 40), second: result_of(second, 1, 1)}, "-k", "first", "--markdown", str(page))

    text = page.read_text()
    assert "| title of first | 10.0 µs | 40.0 µs (another) | 4.00 |" in text
    assert "| title of second | 3.00 µs | 6.00 µs (another) | 2.00 |" in text
    assert "2 of 2 targets met" in text
    assert list(json.loads((tmp_path / "page.json").read_text())) == ["first", "second"]


def test_a_row_that_was_never_measured_is_said_on_the_page(run: Callable[..., int], tmp_path: Path) -> None:
    first, second, page = make_case("first"), make_case("second"), tmp_path / "page.md"
    run({first: result_of(first, 10, 15), second: result_of(second, 3, 6)}, "-k", "first", "--markdown", str(page))

    assert "- not measured: second: never measured here" in page.read_text()


def test_a_smoke_run_is_not_put_on_the_page(run: Callable[..., int], tmp_path: Path) -> None:
    case, page = make_case(), tmp_path / "page.md"

    assert run({case: result_of(case, 10, 15)}, "--quick", "--markdown", str(page)) == 2
    assert not page.exists()
