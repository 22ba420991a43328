"""Checks of host names, origins and regions that options take."""

from __future__ import annotations

from collections.abc import Callable

import click
from bucketry import InvalidSettings

from bucketry_cli.errors import Failure

Names = tuple[str, ...]
Callback = Callable[[click.Context, click.Parameter, Names], Names]


def checked_by(make: Callable[[Names], object]) -> Callback:
    """Returns a callback for an option of several names.

    Args:
        make: Makes settings from the names, and raises `InvalidSettings` if one is malformed.
    """

    def check(_context: click.Context, given: click.Parameter, names: Names) -> Names:
        try:
            # The type of the settings takes long to import.
            if names:
                make(names)
        except InvalidSettings as error:
            raise Failure(error.detail, f"correct {given.opts[0]}, or {given.envvar} in the environment") from None
        return names

    return check
