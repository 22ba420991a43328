"""What every group of options of ``bucketry serve`` has, and how one option is written."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import click
import msgspec

from bucketry_cli.serve_options.command import ServeOption
from bucketry_cli.serve_options.needs import Need

PREFIX: Final = "BUCKETRY_"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group of options: a subclass has one field for each of them, by the option's name.

    Attributes:
        TITLE: The group's heading in the documentation.
        OPTIONS: Its options, each made by `option`.
    """

    TITLE: ClassVar[str]
    OPTIONS: ClassVar[tuple[click.Option, ...]]


def option(
    *declarations: str, cls: type[ServeOption] = ServeOption, need: Need | None = None, **attributes: Any
) -> click.Option:
    """Returns an option that can be set in the environment too.

    ``--log-level`` has the variable ``BUCKETRY_LOG_LEVEL`` and the key ``log_level`` in ``[serve]``.

    Args:
        declarations: Its names, as `click.Option` takes them.
        cls: Its class.
        need: Without what it would be ignored.
        attributes: What else `click.Option` takes.
    """
    name = declarations[0].partition("/")[0].lstrip("-").replace("-", "_")
    return cls(declarations, envvar=PREFIX + name.upper(), show_envvar=True, need=need, **attributes)


def toml_type(given: click.Option) -> Any:
    """Returns the type that an option's value has in the settings file."""
    if given.multiple:
        return list[str]
    if given.is_flag:
        return bool
    if isinstance(given.type, click.types.IntParamType):
        return int
    return float if isinstance(given.type, click.types.FloatParamType) else str
