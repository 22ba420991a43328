"""Commands that another distribution adds to ``bucketry``, the command line, without depending on it.

An entry point in the group ``bucketry.commands`` names a `CommandGroup`. Its name is what stands behind ``bucketry``::

    [project.entry-points."bucketry.commands"]
    acme = "bucketry_acme.commands:COMMANDS"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

GROUP: Final = "bucketry.commands"
"""The entry-point group."""

Say = Callable[[str], None]
"""Writes a line to standard output."""


class Flag(msgspec.Struct, frozen=True):
    """An option without a value: ``--name``.

    Attributes:
        name: Its name, of letters and underscores. It is also the name of the parameter.
        help: What it does, in a sentence.
    """

    name: str
    help: str


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command.

    Attributes:
        name: Its name.
        help: What it does. The first sentence stands in the list of commands.
        run: Does it, and returns the exit status. It gets a `Say`, and then the arguments and flags by name. What it
            raises is shown as other errors are.
        arguments: The names of its arguments, all of which are needed.
        flags: Its flags.
    """

    name: str
    help: str
    run: Callable[..., int]
    arguments: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


class CommandGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Commands under one name, and what they are for."""

    help: str
    commands: tuple[Command, ...]
