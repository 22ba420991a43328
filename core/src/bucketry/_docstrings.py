"""Docstrings of the store, completed from the hook spec, so that each error is written down once."""

from __future__ import annotations

from typing import Final

from bucketry.hookspecs import OPERATIONS

_TITLE: Final = "Raises:\n"


def add_errors_of_hooks(store: type) -> None:
    """Adds to the docstring of each operation's method the errors that its hook names."""
    for name, operation in OPERATIONS.items():
        method = vars(store).get(name)
        # Python removes docstrings with -OO.
        if method is not None and method.__doc__ and operation.hook.__doc__:
            method.__doc__ = _joined(method.__doc__, operation.hook.__doc__)


def _joined(own: str, hooks: str) -> str:
    before, title, errors = hooks.partition(_TITLE)
    if not title:
        return own
    indent = before.rpartition("\n")[2]
    heading = "" if _TITLE in own else f"\n{indent}{_TITLE}"
    return f"{own.rstrip()}\n{heading}{errors.rstrip()}\n{indent}"
