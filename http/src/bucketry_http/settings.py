"""What an operator can set on the REST API."""

from __future__ import annotations

import msgspec

KIB = 1024
MIB = 1024 * KIB


class RestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the REST API. The defaults suit a server with a handful of cores.

    Attributes:
        call_threads: Most calls of a blocking driver at a time (listing, deleting, asking for status).
        transfer_threads: Most bodies on their way to or from a driver in a thread at a time; each holds its thread.
        inline_body_bytes: A body of up to this many bytes is read first and stored in one call.
        buffer_bytes: How much of a larger body waits in memory for its driver, in bytes.
        max_form_files: Most parts of one multipart form.
        idle_seconds: How long an upload may stand still before it is given up.
        ready_seconds: How long readiness waits for the store's status.
        docs: Whether ``/schema`` serves the OpenAPI document and the interactive page.
    """

    call_threads: int = 64
    transfer_threads: int = 32
    inline_body_bytes: int = MIB
    buffer_bytes: int = 4 * MIB
    max_form_files: int = 10_000
    idle_seconds: float = 60.0
    ready_seconds: float = 5.0
    docs: bool = True
