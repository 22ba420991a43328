"""The access log: one line for each request, as text or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from bucketry_http.shared.record import RequestRecord
from bucketry_http.telemetry.lines import Lines
from bucketry_http.telemetry.shown import shown, shown_again

LogFormat = Literal["text", "json"]

LOGGER: Final = "bucketry_http.access"
"""What lines of the access log have in the place of a logger's name."""

HIDDEN: Final = "(hidden)"
"""Stands in the place of a key that is not to be logged."""

_PLAIN: Final = re.compile(r"[\w./:@%+*~-]+")


class AccessLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A line of the access log. What a request does not have is left out.

    Attributes:
        time: When the request came.
        level: Always ``INFO``.
        logger: Always ``bucketry_http.access``.
        worker: The number of the process, if there are several.
        port: The port that it came to.
        request_id: Its id.
        trace_id: The trace that it is part of.
        address: IP address of the client.
        principal: Id of the user who sent it.
        credential: Id of the key or token that proved it.
        method: The HTTP method.
        action: The operation's name in the S3 API.
        bucket: The bucket that it names.
        key: The key that it names.
        keys: How many keys it names, if several.
        version_id: The version that it names.
        status: Status of the response; 0: none was begun.
        code: Code of the error.
        aborted: Whether the client left before the end, or the response broke off.
        bytes_in: Bytes of the request's body.
        bytes_out: Bytes of the response's body.
        seconds: How long it took.
        backend_calls: How often the driver was called for it.
        backend_seconds: How long these calls took together.
        backend_retries: How often a request to the backend was sent again.
        queue_seconds: How long its calls waited for a thread.
        user_agent: What the client calls itself.
    """

    time: datetime
    level: str
    logger: str
    worker: int = 0
    port: str
    request_id: str
    trace_id: str = ""
    address: str = ""
    principal: str = ""
    credential: str = ""
    method: str
    action: str = ""
    bucket: str = ""
    key: str = ""
    keys: int = 0
    version_id: str | None = None
    status: int
    code: str = ""
    aborted: bool = False
    bytes_in: int
    bytes_out: int
    seconds: float
    backend_calls: int
    backend_seconds: float
    backend_retries: int = 0
    queue_seconds: float
    user_agent: str = ""


_ENCODE: Final = msgspec.json.Encoder().encode


class AccessLog:
    """Writes a line for each request when it has ended."""

    def __init__(self, write: Callable[[str], object], form: LogFormat, *, keys: bool = True, worker: int = 0) -> None:
        """Writes nothing yet.

        Args:
            write: Takes one or more whole lines with their line ends. If it fails, these lines are lost.
            form: How a line looks.
            keys: Whether keys are shown.
            worker: The number of this process, which each line has; 0: no line has one.
        """
        self._lines = Lines(write)
        self._render = _as_json if form == "json" else _as_text
        self._keys = keys
        self._worker = worker

    def begin(self, record: RequestRecord) -> None:
        """Does nothing."""

    def end(self, record: RequestRecord) -> None:
        """Writes the line."""
        line = _line(record, keys=self._keys)
        line.worker = self._worker
        self._lines.add(self._render(line))

    def close(self) -> None:
        """Writes what still waits."""
        self._lines.flush()


def _line(record: RequestRecord, *, keys: bool) -> AccessLine:
    line = AccessLine(
        time=_utc(record.time),
        level="INFO",
        logger=LOGGER,
        port=record.port,
        request_id=record.id,
        address=record.address,
        principal=record.principal,
        credential=record.credential,
        method=record.method,
        action=record.operation,
        bucket=shown(record.bucket),
        key=shown(record.key) if keys or not record.key else HIDDEN,
        status=record.status,
        code=record.code,
        bytes_in=record.bytes_in,
        bytes_out=record.bytes_out,
        seconds=_micro(record.seconds),
        backend_calls=record.backend_calls,
        backend_seconds=_micro(record.backend_seconds),
        queue_seconds=_micro(record.queue_seconds),
        user_agent=shown_again(record.user_agent),
    )
    # What few requests have. A line of all fields takes longer.
    if record.trace_headers:
        line.trace_id = record.trace_headers.get("traceparent", "")[3:35]
    if record.keys:
        line.keys = len(record.keys)
    line.version_id = record.version_id
    line.aborted = record.aborted
    line.backend_retries = record.backend_retries
    return line


def _as_json(line: AccessLine) -> str:
    return _ENCODE(line).decode() + "\n"


def _as_text(line: AccessLine) -> str:
    values = msgspec.to_builtins(line)
    head = f"{values.pop('time')} {values.pop('level')} {values.pop('logger')}"
    pairs = " ".join([f"{name}={_quoted(value)}" for name, value in values.items()])
    return f"{head}: {pairs}\n"


def _quoted(value: object) -> str:
    """Returns a value as JSON. A text that cannot be mistaken needs no quotes.

    A key may hold line ends, and characters that turn text around.
    """
    if not isinstance(value, str):
        return _ENCODE(value).decode()
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=not value.isprintable())


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _micro(seconds: float) -> float:
    """Rounds to microseconds. Faster than `round`, with the same result for what a request can take."""
    return int(seconds * 1e6 + 0.5) / 1e6
