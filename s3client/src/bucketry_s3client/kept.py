"""Connections that no HTTP library knows, kept for the next request."""

from __future__ import annotations

import socket
import ssl
from collections import deque
from contextlib import suppress

from urllib3.util.wait import wait_for_read


class KeptEnded(ConnectionError):
    """A kept connection ended before anything of a response came: its server closed it. Another try costs nothing."""


class KeptConnections:
    """Idle connections to one server. Threads may share it."""

    def __init__(self, most: int) -> None:
        """Begins without any.

        Args:
            most: How many are kept.
        """
        self._most = most
        self._kept: deque[socket.socket] = deque()

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self._kept)

    def after_fork(self) -> KeptConnections:
        """Returns what a new process uses in place of this; what is given back here later is closed."""
        fresh = KeptConnections(self._most)
        self.close()
        return fresh

    def take(self) -> socket.socket | None:
        """Takes a connection on which nothing has come since it was given back, if there is one."""
        while self._kept:
            with suppress(IndexError):  # Another thread took the last one.
                connection = self._kept.pop()
                if not _has_more(connection):
                    return connection
                connection.close()  # The server closed it, or sent what nobody asked for.
        return None

    def give_back(self, connection: socket.socket) -> None:
        """Keeps a connection, or closes it if there are enough."""
        if len(self._kept) >= self._most:
            connection.close()
            return
        self._kept.append(connection)
        if not self._most:  # Meanwhile another thread closed all that were here.
            self.close()

    def close(self) -> None:
        """Closes them, and each that is given back later."""
        self._most = 0
        while self._kept:
            with suppress(IndexError):
                self._kept.pop().close()


def _has_more(connection: socket.socket) -> bool:
    # What TLS has read and decrypted does not show on the socket.
    is_pending = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
    return is_pending or wait_for_read(connection, timeout=0)
