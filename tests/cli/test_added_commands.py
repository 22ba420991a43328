"""Commands that other distributions add."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from bucketry.commands import Command, CommandGroup, Flag, Say
from bucketry_cli import added_commands

from tests.cli.conftest import Run


def _greet(say: Say, who: str, *, loud: bool) -> int:
    say(f"hello {who}{'!' if loud else ''}")
    return 3 if who == "nobody" else 0


GREETINGS = CommandGroup(
    help="Greetings.",
    commands=(
        Command(name="greet", help="Greet somebody.", run=_greet, arguments=("who",), flags=(Flag("loud", "Louder."),)),
    ),
)
NO_GROUP = 7


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def entries(*, group: str) -> list[EntryPoint]:
        places = {"greetings": "GREETINGS", "broken": "MISSING", "other": "NO_GROUP", "ls": "GREETINGS"}
        return [EntryPoint(name, f"{__name__}:{place}", group) for name, place in places.items()]

    monkeypatch.setattr(added_commands, "entry_points", entries)


def test_an_added_command_gets_its_arguments_and_flags(run: Run) -> None:
    result = run("greetings", "greet", "you", "--loud")
    assert (result.exit_code, result.stdout) == (0, "hello you!\n")


def test_the_status_of_an_added_command_is_that_of_the_program(run: Run) -> None:
    assert run("greetings", "greet", "nobody").exit_code == 3
    assert run("greetings", "greet").exit_code == 2


@pytest.mark.parametrize(("name", "says"), [("broken", "cannot be imported"), ("other", "no CommandGroup")])
def test_what_cannot_be_used_is_said(run: Run, name: str, says: str) -> None:
    assert "Cannot be used" in run("--help").stdout
    result = run(name, "anything")
    assert result.exit_code == 1
    assert says in result.stderr


def test_own_commands_are_not_replaced(run: Run) -> None:
    assert "greet" not in run("ls", "--help").stdout
