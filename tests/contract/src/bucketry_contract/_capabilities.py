"""What tests need. A test whose needs a driver declares must pass; any other must end in ``Unsupported``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from bucketry import CHECKSUM_ALGORITHMS, FEATURE_NAMES, Capabilities
from bucketry.hookspecs import OPERATIONS

CAPABILITIES: Final = frozenset([*OPERATIONS, *FEATURE_NAMES, *CHECKSUM_ALGORITHMS])
"""All names that a test may need. The name of an algorithm means that the driver keeps its checksums."""

REQUIRED: Final = tuple(name for name, operation in OPERATIONS.items() if not operation.optional)
"""The operations without which the suite cannot test anything."""


NEVER_REFUSED: Final = frozenset({"close"})
"""Operations whose absence nobody notices: a store also closes if its driver has no ``close``."""


def needs(*names: str) -> pytest.MarkDecorator:
    """Marks a test that needs these operations, features and algorithms of checksums.

    If the driver has all of them, the test must pass. If it lacks one, the same test must raise ``Unsupported``.

    Raises:
        ValueError: One of the names is none of these.
    """
    if unknown := sorted(set(names) - CAPABILITIES):
        raise ValueError(f"neither operations nor features nor algorithms: {', '.join(unknown)}")
    return pytest.mark.needs(*names)


def needed_by(item: pytest.Item) -> list[str]:
    """Returns what a test needs, in byte order; one that takes the place of another also needs what that one does."""
    marks = [*item.iter_markers("needs"), *_marks_of_overridden(item)]
    return sorted({name for mark in marks if mark.name == "needs" for name in mark.args})


def _marks_of_overridden(item: pytest.Item) -> Iterator[pytest.Mark]:
    if isinstance(item, pytest.Function) and item.cls is not None:
        for base in item.cls.__mro__:
            yield from getattr(vars(base).get(item.originalname), "pytestmark", ())


def missing_for(item: pytest.Item, capabilities: Capabilities) -> list[str]:
    """Returns the needs of a test that a driver does not meet; with any, the test must end in ``Unsupported``."""
    have = declared(capabilities) | NEVER_REFUSED
    return [name for name in needed_by(item) if name not in have]


def declared(capabilities: Capabilities) -> frozenset[str]:
    """Returns the operations that a driver has, and the features and algorithms that it declares."""
    features = (name for name in FEATURE_NAMES if getattr(capabilities.features, name))
    return capabilities.operations | frozenset(features) | frozenset(capabilities.features.checksum_algorithms)
