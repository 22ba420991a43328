"""Settings that both ports have."""

from __future__ import annotations

import msgspec

KIB = 1024
MIB = 1024 * KIB


class PortSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on calls and bodies in flight. The defaults suit a server with a handful of cores.

    Attributes:
        call_threads: Most calls of a blocking driver at a time: listing, deleting, asking for status, storing a body of
            up to `inline_body_bytes`, reading the next MiB of a download. None of them waits for a client.
        transfer_threads: Most larger bodies on their way to a driver at a time; each holds its thread to its end.
        inline_body_bytes: A body of up to this many bytes is read first and stored in one call.
        buffer_bytes: How much of a larger body waits in memory for its driver, in bytes.
        idle_seconds: How long a request's body may stand still before it is given up. While it comes, 1 KiB a second
            must come in each stretch of so much waiting for it, however much came before.
        wait_seconds: How long a request waits for one of these threads before it is asked to come back later (503).
    """

    call_threads: int = 64
    transfer_threads: int = 32
    inline_body_bytes: int = MIB
    buffer_bytes: int = 4 * MIB
    idle_seconds: float = 30.0
    wait_seconds: float = 10.0
