"""Checks of host names, origins and regions that options take."""

from __future__ import annotations

from collections.abc import Callable

import click
from bucketry import InvalidSettings

Names = tuple[str, ...]
Callback = Callable[[click.Context, click.Parameter, Names], Names]


def checked_by(make: Callable[[Names], object]) -> Callback:
    """Returns a callback for an option of several names.

    Args:
        make: Makes settings from the names, and raises `InvalidSettings` if one is malformed.
    """

    def check(_context: click.Context, _given: click.Parameter, names: Names) -> Names:
        try:
            # The type of the settings takes long to import.
            if names:
                make(names)
        except InvalidSettings as error:
            raise click.BadParameter(error.detail) from None
        return names

    return check
