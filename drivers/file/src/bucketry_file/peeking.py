"""Reads of the index that never wait for a lock, so that an event loop may make them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar, final

from bucketry import BucketryError

T = TypeVar("T")


@final
class Peeker:
    """One connection, which one thread at a time uses. Whoever cannot have it at once gets no answer."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Takes what makes a connection that does not wait for locks. It is made with the first look."""
        self._connect = connect
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    def look(self, find: Callable[[sqlite3.Connection], T]) -> T | None:
        """Returns what one small query finds in pages that are nearly always in memory; ``None``: it would wait."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            if self._connection is None:
                if self._is_closed:
                    return None
                self._connection = self._connect()
            return find(self._connection)
        except (BucketryError, sqlite3.Error):  # Whoever asks in earnest learns what it is.
            return None
        finally:
            self._lock.release()

    def pause(self) -> None:
        """Closes the connection, and makes no other one until `resume`."""
        self._lock.acquire()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def resume(self) -> None:
        """Ends what `pause` began."""
        self._lock.release()

    def close(self) -> None:
        """Closes the connection for good."""
        self.pause()
        self._is_closed = True
        self.resume()
