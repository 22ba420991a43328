"""Checks of names that options take: of hosts, origins, regions and buckets."""

from __future__ import annotations

from collections.abc import Callable

import click
from bucketry import InvalidBucketName, InvalidSettings

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


def check_new_buckets(names: Names) -> None:
    """Refuses names that no new bucket can have.

    Raises:
        InvalidSettings: One of them breaks a rule; the message says which.
    """
    from bucketry.bucket_names import check_new_bucket  # Only here: many servers begin without buckets.

    for name in names:
        try:
            check_new_bucket(name)
        except InvalidBucketName as error:
            raise InvalidSettings(f"{name[:80]!r}: {error.detail}") from None
