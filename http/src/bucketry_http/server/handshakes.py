"""Connections with TLS: they are accepted here, since no event loop tells of handshakes that fail."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final, Literal

from bucketry_http.server.protocol import BoundedProtocol
from bucketry_http.server.state import LINGER_SECONDS, ServerState
from bucketry_http.shared.origin import network_of

Reason = Literal["no_tls", "version", "cipher", "certificate", "timeout", "closed", "other"]
"""Why a handshake failed: the client speaks no TLS, no version or cipher that the server has, or does not trust the
certificate; it was too slow, or left; or something else."""

_LOG_SECONDS: Final = 60.0
_MOST_ADDRESSES: Final = 1024
_PAUSE_SECONDS: Final = 1.0
"""How long no connection is accepted after one could not be."""

_REASONS: Final[tuple[tuple[str, Reason], ...]] = (
    ("HTTP_REQUEST", "no_tls"),
    ("HTTPS_PROXY_REQUEST", "no_tls"),
    ("WRONG_VERSION_NUMBER", "no_tls"),
    ("UNSUPPORTED_PROTOCOL", "version"),
    ("PROTOCOL_VERSION", "version"),
    ("VERSION_TOO_LOW", "version"),
    ("SHARED_CIPHER", "cipher"),
    ("SHARED_SIGNATURE", "cipher"),
    ("SUITABLE_KEY_SHARE", "cipher"),
    ("ALERT_HANDSHAKE_FAILURE", "cipher"),
    ("UNKNOWN_CA", "certificate"),
    ("CERTIFICATE", "certificate"),
)
"""Parts of the names that OpenSSL gives reasons, and what they mean."""

logger = logging.getLogger("bucketry_http")


def reason_of(error: OSError) -> Reason:
    """Returns why a handshake failed, in one of a few words."""
    if isinstance(error, ssl.SSLError):
        name = getattr(error, "reason", None) or ""
        return next((reason for part, reason in _REASONS if part in name), "other")
    if isinstance(error, ConnectionAbortedError | TimeoutError):
        return "timeout"
    return "closed" if isinstance(error, ConnectionError) else "other"


def _words_of(error: OSError) -> str:
    name = getattr(error, "reason", None)
    return name.replace("_", " ").lower() if name else str(error)


class FailureLog:
    """Logs handshakes that fail: for each address once in a while, and how many more there were."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Knows of no failures.

        Args:
            clock: Counts seconds.
        """
        self._clock = clock
        self._said: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, address: str, reason: Reason, detail: str) -> None:
        """Logs a failure, unless one of this address was logged within the last minute.

        Args:
            address: IP address of the client. Addresses of IPv6 with the same first 64 bits count as one.
            reason: Why it failed. A connection that ends without a word is no news: probes of TCP do that.
            detail: The same in words of OpenSSL or the event loop.
        """
        if reason == "closed":
            return
        now, network = self._clock(), network_of(address)
        since, more = self._said.get(network, (float("-inf"), 0))
        if now - since < _LOG_SECONDS:
            self._said[network] = since, more + 1
            return
        self._said[network] = now, 0
        self._said.move_to_end(network)
        if len(self._said) > _MOST_ADDRESSES:
            self._said.popitem(last=False)
        others = f" (and {more} times more since this was said last)" if more else ""
        logger.warning("a TLS handshake with %s failed: %s%s", address, detail, others)


class TlsAcceptor:
    """Accepts the connections of one listener, and makes their handshakes."""

    def __init__(
        self, bound: socket.socket, make: Callable[[], BoundedProtocol], state: ServerState, context: ssl.SSLContext
    ) -> None:
        """Accepts nothing yet.

        Args:
            bound: The socket that listens.
            make: Makes the protocol of a connection.
            state: Whose connections they are.
            context: The certificate and what else TLS needs.
        """
        self._bound = bound
        self._make = make
        self._state = state
        self._context = context
        self._log = FailureLog()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to accept connections."""
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def close(self) -> None:
        """Accepts no more connections. Handshakes go on."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait([self._accepting])

    async def end(self) -> None:
        """Ends the handshakes that are still in progress."""
        for task in (tasks := list(self._handshakes)):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LINGER_SECONDS)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._bound)
            except ConnectionAbortedError:
                continue  # The client left before it was accepted.
            except OSError as error:
                # The process has no file or memory left for one, as a rule.
                logger.error("no connection can be accepted now: %s", error.strerror)  # noqa: TRY400
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            task = loop.create_task(self._secure(connection, str(address[0])))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _secure(self, connection: socket.socket, address: str) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._state.settings.head_seconds,
                ssl_shutdown_timeout=LINGER_SECONDS,
            )
        except OSError as error:
            reason = reason_of(error)
            self._log.failed(address, reason, _words_of(error))
            if self._state.recorder is not None:
                self._state.recorder.handshake_failed(reason)
