"""What is known of one request while it is served: for logs, audit, metrics, traces and limits.

`bucketry_http.shared.recorded.Recorder` makes the record if somebody wants one. It costs nothing otherwise: ports look
whether the request's scope has a record, and fill in what they know.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final, Literal, cast

import msgspec
from bucketry.backend_requests import watcher_of_call

Port = Literal["rest", "s3"]

RECORD: Final = "bucketry_record"
"""Where in a request's scope its record is."""

PRESIGN: Final = "Presign"
"""How the name of a request for a presigned URL begins, which is no operation of S3; then comes what the URL does."""

REQUEST_ID: Final = b"x-request-id"

request_ids: Final = map(f"{secrets.token_hex(4).upper()}%08X".__mod__, count(1))
"""New ids of requests: those of one process have the same beginning, which is random."""


class RequestRecord(msgspec.Struct, gc=False):
    """One request. The port fills it in while it serves the request.

    Attributes:
        port: The port that it came to.
        id: Its id, which its response and its calls of the backend carry too.
        method: The HTTP method.
        time: When it came, in seconds since 1970.
        started: The same as `time.perf_counter` counts.
        scheme: ``http`` or ``https``, as the client sees it.
        path: The path of the URL as it came, without the query.
        address: IP address of the client; empty if it is in the same process.
        user_agent: What the client calls itself, cut to 256 characters.
        traceparent: The trace that the client says it is part of (W3C Trace Context), as it came; empty: none.
        tracestate: What belongs to that, likewise.
        principal: Id of the user who sends it; empty as long as nobody has looked.
        credential: Id of the key or token that proves it. It is never a secret.
        operation: The operation's name in the S3 API; empty if the request is none.
        bucket: The bucket that it names.
        key: The key that it names.
        keys: The keys, if the operation is about several.
        version_id: The version that it names.
        source_bucket: The bucket that it copies from; empty: it is no copy.
        source_key: The key that it copies from.
        source_version_id: The version that it copies, as far as somebody knows it.
        status: Status of the response; 0: none was begun.
        code: Code of the error that was sent; empty: none.
        refused: Whether it was refused because of its sender, where its status does not say so: because the sender is
            unknown, or sends too much.
        bytes_in: Bytes of the request's body that were read.
        bytes_out: Bytes of the response's body that were sent.
        backend_calls: How often the driver was called for it.
        backend_seconds: How long these calls took together.
        backend_retries: How often the driver sent a request again.
        queue_seconds: How long its calls waited for a thread.
        trace_headers: What tells the backend of the trace: what the client said of it, or the span of this request.
        span: The span of this request, if it is traced.
        aborted: Whether the client left before the response's end, or the response broke off.
        seconds: How long it took from its head to the end of its response. It is set at the end.
    """

    port: Port
    id: str
    method: str
    time: float
    started: float
    scheme: str = ""
    path: str = ""
    address: str = ""
    user_agent: str = ""
    traceparent: str = ""
    tracestate: str = ""
    principal: str = ""
    credential: str = ""
    operation: str = ""
    bucket: str = ""
    key: str = ""
    keys: Sequence[str] = ()
    version_id: str | None = None
    source_bucket: str = ""
    source_key: str = ""
    source_version_id: str | None = None
    status: int = 0
    code: str = ""
    refused: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    backend_calls: int = 0
    backend_seconds: float = 0.0
    backend_retries: int = 0
    queue_seconds: float = 0.0
    trace_headers: Mapping[str, str] = {}
    span: object = None
    aborted: bool = False
    seconds: float = 0.0

    def count_retry(self) -> None:
        """Counts a request to the backend that is sent again."""
        self.backend_retries += 1


# Nothing else in a server's process sets a watcher.
record_of_call: Final = cast("Callable[[], RequestRecord | None]", watcher_of_call)
"""Returns the record of the request that a call of the store is made for; ``None``: nobody wants records."""


def id_of(scope: Any) -> str:
    """Returns the id of a request; empty if nobody wants records."""
    return scope[RECORD].id if RECORD in scope else ""


def note_code(scope: Any, code: str) -> None:
    """Records the code of the error that a request ends with, if somebody wants records."""
    if RECORD in scope:
        scope[RECORD].code = code
