"""Names that are in use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Names:
    """Names that are in use, each by one thread at a time."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def alone(self, *names: str) -> Iterator[None]:
        """Waits until nobody uses any of these names, and keeps others from using them."""
        wanted = set(names)
        with self._changed:
            while not self._used.isdisjoint(wanted):
                self._changed.wait()
            self._used |= wanted
        try:
            yield
        finally:
            with self._changed:
                self._used -= wanted
                self._changed.notify_all()
