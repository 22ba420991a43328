"""Options that another option makes use of: without it they would be ignored, so they are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

Values = Mapping[str, Any]
"""The values of all options, by their names, and ``quotas``: those of the settings file."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What must be so that an option does anything.

    Attributes:
        rule: The rule, as it follows the option's name: ``needs --audit``.
        advice: What to do if it is broken.
        is_met: Says whether it is kept.
    """

    rule: str
    advice: str
    is_met: Callable[[Values], bool]


def needs(what: str, is_met: Callable[[Values], bool]) -> Need:
    """Returns the need of another option.

    Args:
        what: The other option, or several with ``or``.
        is_met: Says whether it is given.
    """
    return Need(rule=f"needs {what}", advice="give that too, or leave this out", is_met=is_met)


S3: Final = Need(
    rule="does not go with --no-s3", advice="leave one of them out", is_met=lambda values: values["s3"] is not False
)
"""The S3 endpoint. Whether there is one by default is known only once the store is open."""
