"""The content of a request, as it comes from the client."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from bucketry import IncompleteBody

from bucketry_http.shared.idle import IdleWatch

if TYPE_CHECKING:
    from litestar.types import Receive

MIN_BYTES_A_SECOND: Final = 1024
"""What a client has to send on average, once it was waited for as long as it may send nothing."""


class Pieces(Protocol):
    """Bytes that come piece by piece."""

    async def next(self) -> bytes:
        """Returns the next piece; an empty one at the end, and again after it.

        Raises:
            BucketryError: The content breaks off or is malformed.
        """


class RequestContent:
    """The content of one request. A client that goes away, falls silent or dawdles makes it fail.

    Attributes:
        begun: Whether anything of it was asked for: a client that waits to be told to go on was told then.
        ended: Whether its end has come.
    """

    __slots__ = ("_bytes", "_idle_seconds", "_receive", "_waited", "_watch", "begun", "ended")

    def __init__(self, receive: Receive, idle_seconds: float) -> None:
        """Begins at the content's first byte.

        Args:
            receive: The request's ASGI ``receive``.
            idle_seconds: How long the client may send nothing.
        """
        self._receive = receive
        self._idle_seconds = idle_seconds
        self._watch = IdleWatch(idle_seconds)
        self.begun = self.ended = False
        self._bytes = 0
        self._waited = 0.0

    async def next(self) -> bytes:
        """Returns the next piece, as the server has it; an empty one at the end.

        Raises:
            IncompleteBody: The client went away, or sends nothing any more or next to nothing.
        """
        self.begun = True
        while not self.ended:
            message = await self._message()
            if message["type"] == "http.disconnect":
                self._watch.close()
                raise IncompleteBody("the client went away before the end")
            if not message.get("more_body", False):
                self.ended = True
                self._watch.close()
            piece: bytes = message.get("body", b"")
            if piece:
                self._bytes += len(piece)
                return piece
        return b""

    async def _message(self) -> Any:
        begun = monotonic()
        try:
            message: Any = await self._watch.wait(self._receive)
        except TimeoutError:
            raise IncompleteBody(f"nothing came for {self._idle_seconds:g} seconds") from None
        # Only waiting for the client counts: not what a driver takes to store what came.
        self._waited += monotonic() - begun
        if self._waited > self._idle_seconds and self._bytes < self._waited * MIN_BYTES_A_SECOND:
            raise IncompleteBody(f"only {self._bytes} bytes came in {self._waited:.0f} seconds")
        return message
