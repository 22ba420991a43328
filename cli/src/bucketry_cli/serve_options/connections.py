"""How long clients may take, and how much of a request the server holds."""

from __future__ import annotations

from typing import ClassVar, Final

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.numbers import FiniteRange

_DAY: Final = 86_400.0
_SECONDS: Final = FiniteRange(0, _DAY, min_open=True)
_GIB: Final = 1024**3


def _seconds(name: str, default: float, text: str) -> click.Option:
    return option(name, type=_SECONDS, default=default, show_default=True, metavar="SECONDS", help=text)


def _number(name: str, default: int, most: int, text: str, *, least: int = 1, metavar: str = "N") -> click.Option:
    return option(
        name, type=click.IntRange(least, most), default=default, show_default=True, metavar=metavar, help=text
    )


class ConnectionOptions(Group, frozen=True, kw_only=True):
    """How long clients may take, and how much of a request the server holds."""

    TITLE: ClassVar = "Connections"
    OPTIONS: ClassVar = (
        _seconds("--head-seconds", 30.0, "How long a client may take for a TLS handshake, and for a request's head."),
        _seconds("--keep-alive-seconds", 75.0, "How long a connection may wait for its next request."),
        _seconds("--send-seconds", 60.0, "How long a client may read nothing of a response that waits for it."),
        _seconds("--idle-seconds", 30.0, "How long the server waits for the next bytes of a request's body."),
        _seconds("--wait-seconds", 10.0, "How long a request waits for a thread; then the response is 503."),
        _seconds("--ready-seconds", 5.0, "How long /health/ready waits for the store."),
        _number("--call-threads", 64, 4096, "Most short calls of the store at a time, on each port."),
        _number("--transfer-threads", 32, 4096, "Most large bodies on their way to the store at a time, on each port."),
        _number(
            "--inline-body-bytes",
            1024**2,
            _GIB,
            "Largest body that is read first and then stored in one call.",
            metavar="BYTES",
        ),
        _number(
            "--buffer-bytes",
            4 * 1024**2,
            _GIB,
            "How much of a larger body waits in memory for the store.",
            least=64 * 1024,
            metavar="BYTES",
        ),
        _number(
            "--max-head-bytes",
            64 * 1024,
            1024**2,
            "Most bytes of a request's line and headers together.",
            least=4096,
            metavar="BYTES",
        ),
        _number("--max-headers", 1000, 100_000, "Most headers of a request.", least=16),
        _number("--max-url-bytes", 16 * 1024, 1024**2, "Longest request target.", least=1024, metavar="BYTES"),
    )

    head_seconds: float
    keep_alive_seconds: float
    send_seconds: float
    idle_seconds: float
    wait_seconds: float
    ready_seconds: float
    call_threads: int
    transfer_threads: int
    inline_body_bytes: int
    buffer_bytes: int
    max_head_bytes: int
    max_headers: int
    max_url_bytes: int
