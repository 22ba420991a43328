"""JSON objects in which a name stands twice.

RFC 8259, 4 leaves open what such an object means, and parsers differ: a check in front would see one value, and the
server behind it act on the other.
"""

from __future__ import annotations

import json
from typing import Any


class RepeatedName(ValueError):
    """A name stands twice in one object.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        """Keeps the name."""
        super().__init__(name)
        self.name = name


def check_names(text: bytes) -> None:
    """Checks that no object in a text has a name twice. The text was decoded as JSON before, and so is well-formed.

    Raises:
        RepeatedName: One has.
    """
    # Each name has a colon behind it.
    if text.count(b":") > 1:
        json.loads(text.decode(), object_pairs_hook=_check)


def _check(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise RepeatedName(name)
        names.add(name)
