"""The content of a request, as it comes from the client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from bucketry import IncompleteBody

if TYPE_CHECKING:
    from litestar.types import Receive


class Pieces(Protocol):
    """Bytes that come piece by piece."""

    async def next(self) -> bytes:
        """Returns the next piece; an empty one at the end, and again after it.

        Raises:
            BucketryError: The content breaks off or is malformed.
        """


class RequestContent:
    """The content of one request. A client that goes away or falls silent makes it fail.

    Attributes:
        begun: Whether anything of it was asked for: a client that waits to be told to go on was told then.
        ended: Whether its end has come.
    """

    __slots__ = ("_idle_seconds", "_receive", "begun", "ended")

    def __init__(self, receive: Receive, idle_seconds: float) -> None:
        """Begins at the content's first byte.

        Args:
            receive: The request's ASGI ``receive``.
            idle_seconds: How long the client may send nothing.
        """
        self._receive = receive
        self._idle_seconds = idle_seconds
        self.begun = self.ended = False

    async def next(self) -> bytes:
        """Returns the next piece, as the server has it; an empty one at the end.

        Raises:
            IncompleteBody: The client went away or sends nothing any more.
        """
        self.begun = True
        while not self.ended:
            message = await self._message()
            if message["type"] == "http.disconnect":
                raise IncompleteBody("the client went away before the end")
            self.ended = not message.get("more_body", False)
            piece: bytes = message.get("body", b"")
            if piece:
                return piece
        return b""

    async def _message(self) -> Any:
        try:
            async with asyncio.timeout(self._idle_seconds):
                return await self._receive()
        except TimeoutError:
            raise IncompleteBody(f"nothing came for {self._idle_seconds:g} seconds") from None
