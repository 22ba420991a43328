"""The access log: one line for each request, as text or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from bucketry_http.shared.record import RequestRecord
from bucketry_http.telemetry.shown import shown

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


_HEAD: Final = ("time", "level", "logger")
_ENCODE: Final = msgspec.json.Encoder().encode


class AccessLog:
    """Writes a line for each request when it has ended."""

    def __init__(self, write: Callable[[str], object], form: LogFormat, *, keys: bool = True) -> None:
        """Writes nothing yet.

        Args:
            write: Takes whole lines with their line ends. If it fails, the line is lost.
            form: How a line looks.
            keys: Whether keys are shown.
        """
        self._write = write
        self._render = _as_json if form == "json" else _as_text
        self._keys = keys

    def begin(self, record: RequestRecord) -> None:
        """Does nothing."""

    def end(self, record: RequestRecord) -> None:
        """Writes the line."""
        # Nobody reads the log any more, or its disk is full: requests are served all the same.
        with suppress(OSError, ValueError):
            self._write(self._render(_line(record, keys=self._keys)))


def _line(record: RequestRecord, *, keys: bool) -> AccessLine:
    return AccessLine(
        time=datetime.fromtimestamp(record.time, UTC),
        level="INFO",
        logger=LOGGER,
        port=record.port,
        request_id=record.id,
        trace_id=record.trace_headers.get("traceparent", "")[3:35],
        address=record.address,
        principal=record.principal,
        credential=record.credential,
        method=record.method,
        action=record.operation,
        bucket=shown(record.bucket),
        key=HIDDEN if record.key and not keys else shown(record.key),
        keys=len(record.keys),
        version_id=record.version_id,
        status=record.status,
        code=record.code,
        aborted=record.aborted,
        bytes_in=record.bytes_in,
        bytes_out=record.bytes_out,
        seconds=round(record.seconds, 6),
        backend_calls=record.backend_calls,
        backend_seconds=round(record.backend_seconds, 6),
        backend_retries=record.backend_retries,
        queue_seconds=round(record.queue_seconds, 6),
        user_agent=shown(record.user_agent),
    )


def _as_json(line: AccessLine) -> str:
    return _ENCODE(line).decode() + "\n"


def _as_text(line: AccessLine) -> str:
    values = msgspec.to_builtins(line)
    head = " ".join(values.pop(name) for name in _HEAD)
    pairs = " ".join(f"{name}={_quoted(value)}" for name, value in values.items())
    return f"{head}: {pairs}\n"


def _quoted(value: object) -> str:
    """Returns a value as JSON. A text that cannot be mistaken needs no quotes.

    A key may hold line ends, and characters that turn text around.
    """
    text = value if isinstance(value, str) else ""
    return text if _PLAIN.fullmatch(text) else json.dumps(value, ensure_ascii=not text.isprintable())
