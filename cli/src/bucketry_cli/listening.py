"""Sockets and URLs of ``bucketry serve``, and serving in one process."""

from __future__ import annotations

import asyncio
import atexit
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from bucketry_cli.errors import Failure, describe
from bucketry_cli.output import write_lines

if TYPE_CHECKING:
    from bucketry.clock import Clock
    from bucketry_http import Listener, ServerSettings


_LOCAL: Final = frozenset({"127.0.0.1", "::1"})
"""Addresses that ``localhost`` stands for."""

_ELSEWHERE: Final = {
    socket.AF_INET: ("192.0.2.1", 9),
    socket.AF_INET6: ("2001:db8::1", 9, 0, 0),
}
"""Addresses for documentation, which belong to no machine (RFC 5737 and RFC 3849)."""

_LAZY_SECONDS: Final = 0.5
"""How long after the start the REST API is made at the latest."""


class Address(NamedTuple):
    """Where a port listens: its socket, and the URL under which clients reach it."""

    bound: socket.socket
    url: str

    @classmethod
    def of(cls, host: str, bound: socket.socket, scheme: str) -> Address:
        """Makes it for a socket that listens on a host, as given."""
        return cls(bound, url_of(host, bound, scheme))


class Endpoint(NamedTuple):
    """A listener, and a name and a path for each thing on it that a user may want to open."""

    listener: Listener
    places: tuple[tuple[str, str], ...]


def is_loopback(host: str) -> bool:
    """Returns whether an address is a loopback address, which other machines cannot reach."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int, option: str) -> socket.socket:
    """Listens on an address.

    Args:
        host: Name or address.
        port: TCP port; 0: any that is free.
        option: The option that sets the port, for the hint.

    Raises:
        Failure: The address is in use or not available; the message names it.
    """
    from bucketry_http.server.server import bind as bind_socket

    try:
        return bind_socket(host, port)
    except (OSError, UnicodeError) as error:
        raise _refusal(error, f"{host} port {port}", option) from error


def _refusal(error: OSError | UnicodeError, where: str, option: str) -> Failure:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return Failure(
            f"cannot listen on {where}: in use", f"stop what listens there, or give another {option} (0: any)"
        )
    # Names that cannot be in the DNS, such as one of 300 letters, do not get that far.
    if isinstance(error, socket.gaierror | UnicodeError):
        named = option.replace("port", "host")
        return Failure(f"cannot listen on {where}: no such host", f"give an address of this machine as {named}")
    return Failure(f"cannot listen on {where}: {describe(error)}")


def is_everywhere(host: str) -> bool:
    """Returns whether an address stands for all addresses of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


def url_of(host: str, bound: socket.socket, scheme: str) -> str:
    """Returns the URL under which clients reach a socket.

    For a socket on all addresses it is a URL that other machines can use too.

    Args:
        host: Name or address to listen on, as given.
        bound: The socket there.
        scheme: ``http`` or ``https``.
    """
    name = "localhost" if host in _LOCAL else _own_address(bound.family) if is_everywhere(host) else host
    port = bound.getsockname()[1]
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def _own_address(family: socket.AddressFamily | int) -> str:
    """Returns this machine's address in its network, or its name if it has no network."""
    with suppress(OSError, KeyError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        # Connecting a datagram socket chooses a route and sends nothing.
        probe.connect(_ELSEWHERE[socket.AddressFamily(family)])
        address = str(probe.getsockname()[0])
        if not is_loopback(address):
            return address
    return socket.gethostname()


def _shown(listener: Listener, settings: ServerSettings) -> str:
    """Returns the URL of a listener that is shown to the user."""
    from bucketry_http.server.server import url_of_listener

    assert listener.bound is not None  # noqa: S101 - `bind` came first
    scheme = "http" if listener.is_plain else settings.scheme
    if is_everywhere(listener.host):
        return url_of(listener.host, listener.bound, scheme)
    return url_of_listener(listener, listener.bound, scheme)


def announce(
    endpoints: Sequence[Endpoint], headline: str, notes: Sequence[tuple[str, str]], settings: ServerSettings
) -> None:
    """Writes what is served where; called once all of it listens.

    Args:
        endpoints: What listens where.
        headline: The first line.
        notes: The last lines, each with a name as the places have.
        settings: Settings of the server.
    """
    places = [
        (name, _shown(endpoint.listener, settings) + path) for endpoint in endpoints for name, path in endpoint.places
    ]
    places += notes
    width = max(len(name) for name, _ in places)
    with suppress(BrokenPipeError):  # Whoever started the server may not read it.
        write_lines([headline, *(f"{name:<{width}}  {text}" for name, text in places)])


def run(
    endpoints: Sequence[Endpoint],
    headline: str,
    notes: Sequence[tuple[str, str]],
    settings: ServerSettings,
    on_reload: Callable[[], None],
) -> None:
    """Serves until a signal. A second signal ends the process at once; a third one does not even wait for its records.

    Args:
        endpoints: What listens where.
        headline: Written first, once all of them listen.
        notes: Written last, each with a name as the places have.
        settings: Settings of the server.
        on_reload: Called in a thread on SIGHUP.
    """
    from bucketry_http import Server

    listeners = [endpoint.listener for endpoint in endpoints]
    server = Server(
        listeners,
        lambda _: announce(endpoints, headline, notes, settings),
        settings,
        on_reload=on_reload,
    )
    end_at_once_on_signals()
    server.run()
    if server.was_forced:
        server.end_process()


def end_at_once_on_signals() -> None:
    """Has a signal end the process at once and well, from now on to its very end.

    A server has signals of its own while it serves. These are for what comes after it: closing a store may take long.
    """
    from bucketry_http.server.server import STOPPING_SIGNALS

    for number in STOPPING_SIGNALS:
        signal.signal(number, _end_at_once)
    # When the interpreter ends, it puts the system's own way back, which is death by the signal, unless it is ignored.
    for number in STOPPING_SIGNALS:
        atexit.register(signal.signal, number, signal.SIG_IGN)


def _end_at_once(*_: object) -> NoReturn:
    logging.shutdown()
    with suppress(OSError, RuntimeError):  # Nobody reads it, or the signal came in the middle of writing it.
        sys.stdout.flush()
    os._exit(0)


class LazyApp:
    """An application that is made in a thread, with its first request or soon after the start; requests wait for it.

    The framework of the REST API takes longer to import than all the rest of a server. S3 clients need not wait for
    that, nor share the processor with it.
    """

    def __init__(self, make: Callable[[], Any], clock: Clock) -> None:
        """Makes nothing yet.

        Args:
            make: Returns an ASGI application that needs no lifespan.
            clock: The clock that ``Date`` shows.
        """
        self.clock = clock
        self._make = make
        self._made: asyncio.Future[Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        # Shielded: a client that goes away must not stop what others wait for.
        app = await asyncio.shield(self._begin())
        await app(scope, receive, send)

    def _begin(self) -> asyncio.Future[Any]:
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return self._made

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        timer = asyncio.get_running_loop().call_later(_LAZY_SECONDS, self._begin)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        timer.cancel()
        await send({"type": "lifespan.shutdown.complete"})
