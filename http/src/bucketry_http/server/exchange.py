"""One request and its response: what the application receives, and what it sends (ASGI)."""

from __future__ import annotations

import asyncio
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from bucketry_http.shared.record import REQUEST_ID, RequestRecord

if TYPE_CHECKING:
    from bucketry_http.server.protocol import BoundedProtocol

BODY_BYTES: Final = 64 * 1024
"""If more of a request's body than this waits for the application, the connection is not read meanwhile."""

_CHUNKED: Final = -1
_UNTIL_CLOSE: Final = -2
"""Stand in for the length of a response's body."""

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\ndate: ".encode() for status in HTTPStatus
}
_NAME: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BAD_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that end a header's line, or are forbidden in it (RFC 9110, 5.5)."""

_MAX_NAMES: Final = 1000
_FRAMING: Final = frozenset({b"content-length: ", b"transfer-encoding: ", b"connection: "})
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILED: Final = b"Internal Server Error"
_HELD_UP: Final = "The server cannot record this request now: please try again later."
_REQUEST_ID: Final = REQUEST_ID + b": "

logger = logging.getLogger("bucketry_http")

_names: dict[bytes, bytes] = {}


class Exchange:
    """A request whose head has come, and its response.

    Attributes:
        scope: The ASGI scope.
        body: The bytes of the request's body that have come and that the application has not received.
        more_body: Whether more of it is to come.
        keep_alive: Whether the connection stays open after the response.
        is_started: Whether the response's head has been sent.
        is_complete: Whether the response has been sent as a whole.
        task: What runs the application.
        refused: Status and code of the response that the server gave in place of the application; status 0: it gave
            none. ``None``: the application responds.
        is_abandoned: Whether the client is gone, or gets nothing more. What the application sends is dropped.
        is_silent: Whether errors of the application are not logged any more.
        record: What is recorded of it; ``None``: nobody wants records.
    """

    __slots__ = (
        "_connection",
        "_expects_continue",
        "_has_news",
        "_left",
        "_news",
        "body",
        "is_abandoned",
        "is_complete",
        "is_silent",
        "is_started",
        "keep_alive",
        "more_body",
        "record",
        "refused",
        "scope",
        "task",
    )

    def __init__(
        self, connection: BoundedProtocol, scope: dict[str, Any], *, keep_alive: bool, expects_continue: bool
    ) -> None:
        """Begins with nothing of the body, and no response."""
        self._connection = connection
        self._expects_continue = expects_continue
        self._has_news = False
        self._news: asyncio.Event | None = None
        self._left = 0
        self.task: asyncio.Task[None] | None = None
        self.record: RequestRecord | None = None
        self.refused: tuple[int, str] | None = None
        self.scope = scope
        self.keep_alive = keep_alive
        self.body: bytes | bytearray = b""
        self.more_body = True
        self.is_started = self.is_complete = self.is_abandoned = self.is_silent = False

    def add_body(self, data: bytes) -> None:
        """Takes more of the request's body; the first piece is kept as it is, without a copy."""
        if not self.body:
            self.body = data
        else:
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += data
        self.wake()

    def end_body(self) -> None:
        """Says that the request's body is complete."""
        self.more_body = False
        self.wake()

    def abandon(self, *, silently: bool = False) -> None:
        """Tells the application that its client is gone.

        Args:
            silently: Whether errors of the application are not logged any more.
        """
        self.is_abandoned = True
        self.is_silent = silently
        self.wake()

    def wake(self) -> None:
        """Has `receive` look again."""
        self._has_news = True
        if self._news is not None:
            self._news.set()
            self._news = None

    async def run(self, app: Any) -> None:
        """Runs the application. If it fails or returns too early, the client gets a 500, or the connection ends."""
        recorder = self._connection.server.recorder
        try:
            if recorder is not None and self.record is not None and recorder.has_gates:
                app = app if await recorder.admits(self.record, self.scope) else self._refuse
            await app(self.scope, self.receive, self.send)
        except BaseException as error:  # noqa: BLE001 - the task ends here, and nobody looks at what it raised
            self._log("the application failed", error)
            await self._fail()
        else:
            if not self.is_complete and not self.is_abandoned:
                self._log("the application returned before its response was complete")
                await self._fail()
        finally:
            if recorder is not None and self.record is not None:
                recorder.end(self.record, is_complete=self._end_record(self.record))
            self._connection.tasks.discard(self.task)
            self.task = None

    def _end_record(self, record: RequestRecord) -> bool:
        """Records a refusal of the server, and returns whether the client got a whole response."""
        if self.refused is None:
            return self.is_complete
        record.status, record.code = self.refused  # Whatever the application would have said since.
        return record.status > 0

    async def receive(self) -> dict[str, Any]:
        """Returns the next piece of the body, or that the request is over (ASGI's ``receive``)."""
        if self._expects_continue and not self.is_abandoned and not self._connection.is_closing():
            self._expects_continue = False
            self._connection.write(_CONTINUE)
        if not self.is_abandoned and not self.is_complete:
            self._connection.want_body()
            if not self._has_news:
                await self._wait()
        self._has_news = False
        if self.is_abandoned or self.is_complete:
            return {"type": "http.disconnect"}
        body, self.body = self.body, b""
        if self.record is not None:
            self.record.bytes_in += len(body)
        return {
            "type": "http.request",
            "body": body if isinstance(body, bytes) else bytes(body),
            "more_body": self.more_body,
        }

    async def send(self, message: Any) -> None:
        """Sends a part of the response (ASGI's ``send``).

        Raises:
            RuntimeError: The application sent messages out of order, a malformed header, or more or less than its
                Content-Length.
        """
        connection = self._connection
        if connection.flow.write_paused and not self.is_abandoned:
            await connection.flow.drain()
        if self.is_abandoned:
            return
        kind = message["type"]
        if not self.is_started and kind == "http.response.start":
            connection.write(self._head(message["status"], message.get("headers", ())))
            self.is_started, self._expects_continue = True, False
        elif self.is_started and not self.is_complete and kind == "http.response.body":
            body = message.get("body", b"")
            if self.record is not None and self.scope["method"] != "HEAD":
                self.record.bytes_out += len(body)
            self._send_body(body, more=message.get("more_body", False))
        else:
            raise RuntimeError(f"the message {kind!r} is out of order")

    def _head(self, status: int, headers: Any) -> bytes:
        lines = [
            _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\ndate: " % status,
            self._connection.server.clock.http_date(),
            b"\r\n",
        ]
        length: int | None = None
        says_close = False
        for name, value in headers:
            line = _names.get(name) or _checked_name(name)
            if line in _FRAMING:
                if line == b"content-length: ":
                    length = int(value) if length is None else length
                elif line == b"connection: ":
                    says_close |= b"close" in [token.strip() for token in value.lower().split(b",")]
                elif value.lower() == b"chunked":
                    length = _CHUNKED
            lines += (line, value, b"\r\n")
        if _BAD_VALUE.search(b"".join([value for _, value in headers])):
            raise RuntimeError("the value of a header of the response has a control character")
        if self.record is not None:
            self.record.status = int(status)
            lines += (_REQUEST_ID, self.record.id.encode(), b"\r\n")
        # If the server is about to stop, the client's next request should reach another one.
        self.keep_alive &= not says_close and not self._connection.server.stopping
        if not self.keep_alive and not says_close:
            lines.append(b"connection: close\r\n")
        if length is None and self.scope["method"] != "HEAD" and status not in (204, 304):
            length = self._unknown_length(lines)
        self._left = length or 0
        lines.append(b"\r\n")
        return b"".join(lines)

    def _unknown_length(self, lines: list[bytes]) -> int:
        if self.scope["http_version"] == "1.0":
            # RFC 9112, 6.1: such a client knows no chunks. Its body ends with the connection.
            return _UNTIL_CLOSE
        lines.append(b"transfer-encoding: chunked\r\n")
        return _CHUNKED

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            self._left = 0
        elif self._left == _CHUNKED:
            last = b"" if more else b"0\r\n\r\n"
            if body or last:
                self._connection.write(b"".join((b"%x\r\n" % len(body), body, b"\r\n", last)) if body else last)
        else:
            if self._left != _UNTIL_CLOSE:
                self._left -= len(body)
                if self._left < 0:
                    raise RuntimeError("the body of the response is longer than its Content-Length")
            if body:
                self._connection.write(body)
        if not more:
            self._complete()

    def _complete(self) -> None:
        if self._left > 0:
            raise RuntimeError("the body of the response is shorter than its Content-Length")
        self.is_complete = True
        self.wake()
        self._connection.response_complete(self)

    async def _wait(self) -> None:
        # Several tasks of an application may wait: one for the body, one for the client to leave.
        if self._news is None:
            self._news = asyncio.Event()
        await self._news.wait()

    async def _fail(self) -> None:
        """Ends the response in place of the application: with a 500 if nothing was sent yet."""
        if self.is_started:
            self._connection.close()
            return
        await self._send_last(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", _FAILED)

    async def _refuse(self, *_: Any) -> None:
        """Responds in place of the application while the request cannot be recorded."""
        status, connection = HTTPStatus.SERVICE_UNAVAILABLE, self._connection
        if self.record is not None:
            self.record.code = connection.refusals.code(status)
        kind, body = connection.refusals.document(status, _HELD_UP)
        await self._send_last(status, kind, body, (b"retry-after", b"1"))

    async def _send_last(self, status: HTTPStatus, kind: str, body: bytes, *more: tuple[bytes, bytes]) -> None:
        """Sends a response that is the last one of its connection: the request's body has not been read."""
        length = b"%d" % len(body)
        headers = [(b"content-type", kind.encode()), (b"content-length", length), (b"connection", b"close"), *more]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def _log(self, message: str, error: BaseException | None = None) -> None:
        if not self.is_silent:
            logger.error("%s", message, exc_info=error)


def _checked_name(name: bytes) -> bytes:
    if not _NAME.fullmatch(name):
        raise RuntimeError("the name of a header of the response is malformed")
    line = name.lower() + b": "
    if len(_names) < _MAX_NAMES:
        _names[bytes(name)] = line
    return line
