"""The access log: one line for each request, as text or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from bucketry_http.shared.record import RequestRecord
from bucketry_http.telemetry.lines import write_lines
from bucketry_http.telemetry.shown import json_of_lines, shown, shown_again

LogFormat = Literal["text", "json"]

LOGGER: Final = "bucketry_http.access"
"""What lines of the access log have in the place of a logger's name."""

HIDDEN: Final = "(hidden)"
"""Stands in the place of a key that is not to be logged."""

_PLAIN: Final = re.compile(r"[\w./:@%+*~-]+")


_SHOWN: Any = msgspec.field(default_factory=int)
"""The default of what no line leaves out, also a figure that is 0."""


class AccessLine(msgspec.Struct, omit_defaults=True, gc=False):
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
    port: str = _SHOWN
    request_id: str = _SHOWN
    trace_id: str = ""
    address: str = ""
    principal: str = ""
    credential: str = ""
    method: str = ""
    action: str = ""
    bucket: str = ""
    key: str = ""
    keys: int = 0
    version_id: str | None = None
    status: int = _SHOWN
    code: str = ""
    aborted: bool = False
    bytes_in: int = _SHOWN
    bytes_out: int = _SHOWN
    seconds: float = _SHOWN
    backend_calls: int = _SHOWN
    backend_seconds: float = _SHOWN
    backend_retries: int = 0
    queue_seconds: float = _SHOWN
    user_agent: str = ""


_JSON: Final = msgspec.json.Encoder()


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
        self._write = write
        self._encode = _as_json if form == "json" else _as_text
        self._keys = keys
        self._worker = worker

    def end(self, records: Sequence[RequestRecord]) -> None:
        """Writes the lines of requests."""
        lines = [_line(record, self._worker, keys=self._keys) for record in records]
        write_lines(self._write, self._encode(lines))


def _line(record: RequestRecord, worker: int, *, keys: bool) -> AccessLine:
    # In the order of the fields: with their names it takes four times as long.
    return AccessLine(
        datetime.fromtimestamp(record.time, UTC),
        "INFO",
        LOGGER,
        worker,
        record.port,
        record.id,
        record.trace_headers.get("traceparent", "")[3:35],
        record.address,
        record.principal,
        record.credential,
        record.method,
        record.operation,
        shown_again(record.bucket),
        record.key and (shown(record.key) if keys else HIDDEN),
        len(record.keys),
        record.version_id,
        record.status,
        record.code,
        record.aborted,
        record.bytes_in,
        record.bytes_out,
        _micro(record.seconds),
        record.backend_calls,
        _micro(record.backend_seconds),
        record.backend_retries,
        _micro(record.queue_seconds),
        shown_again(record.user_agent),
    )


def _as_json(lines: Sequence[AccessLine]) -> bytes:
    return json_of_lines(_JSON.encode_lines(lines))


def _as_text(lines: Sequence[AccessLine]) -> bytes:
    return "".join(map(_text_of, lines)).encode()


def _text_of(line: AccessLine) -> str:
    values = msgspec.to_builtins(line)
    head = f"{values.pop('time')} {values.pop('level')} {values.pop('logger')}"
    pairs = " ".join([f"{name}={_quoted(value)}" for name, value in values.items()])
    return f"{head}: {pairs}\n"


def _quoted(value: object) -> str:
    """Returns a value as JSON. A text that cannot be mistaken needs no quotes.

    A key may hold line ends, and characters that turn text around.
    """
    if not isinstance(value, str):
        return _JSON.encode(value).decode()
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=not value.isprintable())


def _micro(seconds: float) -> float:
    """Rounds to microseconds. Faster than `round`, with the same result for what a request can take."""
    return int(seconds * 1e6 + 0.5) / 1e6
