"""Which events a pattern of names, or a bucket's notification configuration, selects.

Source: S3 user guide, "Event notification types and destinations" and "Configuring event notifications using object key
name filtering".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_PREFIX: Final = "s3:"
_ANY: Final = "*"


def matches_name(pattern: str, name: str) -> bool:
    """Says whether a pattern stands for an event.

    Args:
        pattern: A name (``s3:ObjectCreated:Put``), or its beginning with ``*`` (``s3:ObjectCreated:*``). ``s3:`` may be
            left out, as in S3's records.
        name: The name of an event, with ``s3:``.
    """
    pattern = pattern.removeprefix(_PREFIX)
    name = name.removeprefix(_PREFIX)
    return name.startswith(pattern[:-1]) if pattern.endswith(_ANY) else name == pattern


def selects(events: Iterable[str], prefix: str, suffix: str, name: str, key: str) -> bool:
    """Says whether a configuration selects an event.

    Args:
        events: The names in the configuration, which may end with ``*``.
        prefix: What the key must begin with.
        suffix: What the key must end with.
        name: The name of the event.
        key: Its key.
    """
    return key.startswith(prefix) and key.endswith(suffix) and any(matches_name(each, name) for each in events)
