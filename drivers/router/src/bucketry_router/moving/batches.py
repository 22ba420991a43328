"""Cuts a long listing into pieces, each of which is worked on by several threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

_SIZE: Final = 1000
"""As many as a page of S3's listings has."""


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """Yields the items, a list of up to a thousand at a time."""
    left = iter(items)
    while batch := list(islice(left, _SIZE)):
        yield batch
