"""Selects tests by capability, both ways: what is declared must work, what is not must be refused."""

from __future__ import annotations

from typing import Final

import pytest
from bucketry import FEATURE_NAMES, Capabilities
from bucketry.hookspecs import OPERATIONS

CAPABILITIES: Final = frozenset(OPERATIONS) | frozenset(FEATURE_NAMES)
"""All that a test may need."""

REQUIRED: Final = tuple(name for name, operation in OPERATIONS.items() if not operation.optional)
"""The operations without which the suite can test nothing."""


NEVER_REFUSED: Final = frozenset({"close"})
"""Operations that a driver may leave out without anybody's noticing: a store closes also where its driver does not."""


def needs(*names: str) -> pytest.MarkDecorator:
    """Marks a test that needs these operations and features.

    Where the driver has them all, the test runs. Where it lacks one, the same test runs and must raise ``Unsupported``.

    Raises:
        ValueError: One of the names is neither an operation nor a feature.
    """
    if unknown := sorted(set(names) - CAPABILITIES):
        raise ValueError(f"neither operations nor features: {', '.join(unknown)}")
    return pytest.mark.needs(*names)


def needed_by(item: pytest.Item) -> list[str]:
    """Returns what a test needs, in byte order."""
    return sorted({name for mark in item.iter_markers("needs") for name in mark.args})


def missing_for(item: pytest.Item, capabilities: Capabilities) -> list[str]:
    """Returns what of a test's needs a driver does not have, so that the test has to end in ``Unsupported``."""
    have = declared(capabilities) | NEVER_REFUSED
    return [name for name in needed_by(item) if name not in have]


def declared(capabilities: Capabilities) -> frozenset[str]:
    """Returns the operations that a driver has and the features that it declares."""
    features = (name for name in FEATURE_NAMES if getattr(capabilities.features, name))
    return capabilities.operations | frozenset(features)
