"""Refuses JSON objects that have a name twice.

RFC 8259, 4 does not say what such an object means, and parsers differ. A proxy could check one value, and this server
act on the other.
"""

from __future__ import annotations

import json
from typing import Any


class RepeatedName(ValueError):
    """An object has a name twice.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        """Keeps the name."""
        super().__init__(name)
        self.name = name


def check_names(text: bytes) -> None:
    """Checks that no object has a name twice.

    Args:
        text: Well-formed JSON.

    Raises:
        RepeatedName: An object has a name twice.
    """
    # Each name is followed by a colon.
    if text.count(b":") > 1:
        json.loads(text.decode(), object_pairs_hook=_check)


def _check(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise RepeatedName(name)
        names.add(name)
