"""The markers of the hook spec and of its implementations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import pluggy

from bucketry.operations import Writes, note_facts

PROJECT: Final = "bucketry"

hookspec: Final = pluggy.HookspecMarker(PROJECT)
"""Marks a hook that is not an operation."""

hookimpl: Final = pluggy.HookimplMarker(PROJECT)
"""Marks a driver's operation, and with ``wrapper=True`` a layer's."""

HookT = TypeVar("HookT", bound=Callable[..., Any])


def operation(*, writes: Writes, optional: bool = True) -> Callable[[HookT], HookT]:
    """Marks an operation in the hook spec, and says what it is; see `bucketry.operations.Operation`.

    Args:
        writes: Whether it changes what the backend holds; or a function that tells it from the options of a call.
        optional: Whether a driver may leave it out.
    """

    def mark(hook: HookT) -> HookT:
        note_facts(hook, writes=writes, optional=optional)
        return hookspec(firstresult=True)(hook)

    return mark
