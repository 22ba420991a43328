"""Whether a connection is read, and whether it takes what is written."""

from __future__ import annotations

import asyncio
import socket


class Flow:
    """The flow of one connection, in both directions.

    Attributes:
        read_paused: Whether nothing is read from the client for now.
        write_paused: Whether the client has yet to take much of what was written.
    """

    __slots__ = ("_drained", "_transport", "read_paused", "write_paused")

    def __init__(self, transport: asyncio.Transport) -> None:
        """Starts open in both directions."""
        self._transport = transport
        self._drained: asyncio.Event | None = None
        self.read_paused = self.write_paused = False

    def pause_reading(self) -> None:
        """Reads nothing more; a second call does nothing."""
        if not self.read_paused:
            self.read_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads again; a second call does nothing."""
        if self.read_paused:
            self.read_paused = False
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Has `drain` wait."""
        self.write_paused = True
        self._drained = asyncio.Event()

    def resume_writing(self) -> None:
        """Lets all who wait in `drain` go on."""
        self.write_paused = False
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    async def drain(self) -> None:
        """Returns once the client has taken most of what was written, or is gone."""
        if self._drained is not None:
            await self._drained.wait()


def bound_sending(transport: asyncio.Transport, seconds: float) -> bool:
    """Has the kernel end a connection whose client takes nothing for so many seconds; returns whether it will."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    connection = transport.get_extra_info("socket")
    if option is None or connection is None:
        return False
    try:
        connection.setsockopt(socket.IPPROTO_TCP, option, round(seconds * 1000))
    except OSError:
        # No TCP, or a system that knows the option and does not have it.
        return False
    return True
