"""Lists that keep their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sortedcontainers import SortedList


def sorted_list() -> SortedList[Any]:
    """Returns an empty list. The library is imported here: a server starts without a bucket, and so sooner."""
    from sortedcontainers import SortedList

    return SortedList()
