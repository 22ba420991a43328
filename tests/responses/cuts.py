"""Where responses are cut, and servers that cut them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Final

from tests.responses.exchanges import HEAD_END, Request, Respond, Response
from tests.responses.recordings import Exchange

BODY_CUTS: Final = 24
"""At about how many places a body is cut, spread over it."""

_NOT_RECORDED: Final = (
    b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 39\r\n\r\n<Error><Code>NotRecorded</Code></Error>"
)
_ENDED: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


def places(raw: bytes, every: int = 1) -> list[int]:
    """Return after how many bytes to cut a response: each of the head, some of the body, and all of them.

    Args:
        raw: The response.
        every: Of the bytes of the head, only each so many.
    """
    head = raw.index(HEAD_END) + len(HEAD_END)
    body = len(raw) - head
    found = set(range(0, head, every)) | {head - 2, head - 1, head, len(raw) - 1, len(raw)}
    found |= {head + place for place in range(0, body, max(1, body // BODY_CUTS))}
    return sorted(place for place in found if 0 <= place <= len(raw))


class Replay:
    """Answers as was recorded, and cuts one response.

    Attributes:
        was_cut: Whether the response that is to be cut was asked for.
    """

    def __init__(self, exchanges: Sequence[Exchange], cut: int | None = None, after: int = 0) -> None:
        """Args: the exchanges, the number of the one that is cut, and after how many bytes."""
        self._exchanges = exchanges
        self._cut = cut
        self._after = after
        self._given: set[int] = set()
        self._lock = threading.Lock()
        self.was_cut = False

    def __call__(self, request: Request) -> Response:
        number = self._next(request.asked)
        if number is None:
            # An upload that failed is ended, which no recording of one that succeeds shows.
            is_end = request.asked.startswith("DELETE ") and "uploadId=" in request.asked
            return Response(_ENDED if is_end else _NOT_RECORDED)
        raw = self._exchanges[number].raw
        if number == self._cut and not self.was_cut:
            self.was_cut = True
            # After a whole response the connection stays, so that a request which follows does not meet its end.
            return Response(raw[: self._after], ends=self._after < len(raw) or len(self._exchanges) == 1)
        return Response(raw)

    def _next(self, asked: str) -> int | None:
        """Return the first exchange with this request that was not given yet, or else the last one."""
        same = [number for number, exchange in enumerate(self._exchanges) if exchange.asked == asked]
        with self._lock:
            chosen = next((number for number in same if number not in self._given), same[-1] if same else None)
            if chosen is not None:
                self._given.add(chosen)
        return chosen


class Cutter:
    """Passes requests on to a server, and cuts one of the responses to a call.

    Attributes:
        was_cut: Whether the response that is to be cut came.
        exchanges: What was asked, and the whole response to it.
    """

    def __init__(self, forward: Respond, cut: int | None = None, after: int = 0) -> None:
        """Args: the way to the server, the number of the response that is cut, and after how many bytes."""
        self._forward = forward
        self._cut = cut
        self._after = after
        self._lock = threading.Lock()
        self.was_cut = False
        self.exchanges: list[tuple[str, bytes]] = []

    def __call__(self, request: Request) -> Response:
        raw = self._forward(request).raw
        with self._lock:
            number = len(self.exchanges)
            self.exchanges.append((request.asked, raw))
        if number == self._cut:
            self.was_cut = True
            return Response(raw[: self._after], ends=self._after < len(raw))
        return Response(raw)


def recorded(exchanges: Iterable[tuple[str, bytes]]) -> list[Exchange]:
    """Return exchanges as they are kept in a file."""
    return [Exchange(asked, raw.decode("latin-1")) for asked, raw in exchanges]
