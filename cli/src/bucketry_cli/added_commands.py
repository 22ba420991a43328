"""Commands that other distributions add (`bucketry.commands`)."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points

import click
from bucketry import InvalidDriver
from bucketry.commands import GROUP, Command, CommandGroup
from typing_extensions import override


def added_names() -> list[str]:
    """Returns the names of the groups of commands that are installed."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def added_command(name: str) -> click.Command | None:
    """Returns a group of commands that is installed, or ``None``. It is imported when it is used."""
    entry = next((entry for entry in entry_points(group=GROUP) if entry.name == name), None)
    return None if entry is None else _AddedGroup(entry)


class _AddedGroup(click.Group):
    """A group of commands that another distribution adds."""

    def __init__(self, entry: EntryPoint) -> None:
        super().__init__(entry.name)
        self._entry = entry

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [command.name for command in _loaded(self._entry).commands]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = [command for command in _loaded(self._entry).commands if command.name == cmd_name]
        return _command(found[0]) if found else None

    @override
    def get_short_help_str(self, limit: int = 45) -> str:
        try:
            self.help = _loaded(self._entry).help
        except InvalidDriver as error:
            self.help = f"Cannot be used: {error}"
        return super().get_short_help_str(limit)

    @override
    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = _loaded(self._entry).help
        super().format_help_text(ctx, formatter)


def _loaded(entry: EntryPoint) -> CommandGroup:
    try:
        found = entry.load()
    except Exception as error:
        raise InvalidDriver(f"the commands {entry.name!r} cannot be imported: {type(error).__name__}") from error
    if not isinstance(found, CommandGroup):
        raise InvalidDriver(f"the commands {entry.name!r} are no CommandGroup: {entry.value} is something else")
    return found


def _command(command: Command) -> click.Command:
    def callback(**values: object) -> None:
        status = command.run(click.echo, **values)
        if status:
            sys.exit(status)

    arguments = [click.Argument([name]) for name in command.arguments]
    flags = [click.Option([f"--{flag.name.replace('_', '-')}"], is_flag=True, help=flag.help) for flag in command.flags]
    return click.Command(command.name, callback=callback, params=[*arguments, *flags], help=command.help)
