"""What the connections of one application share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from bucketry.clock import Clock

if TYPE_CHECKING:
    from bucketry_http.server.protocol import BoundedProtocol
    from bucketry_http.server.proxies import TrustedProxies
    from bucketry_http.server.settings import ServerSettings
    from bucketry_http.shared.recorded import Recorder


LINGER_SECONDS: Final = 1.0
"""How long a client has to notice the end of its connection: to read that its request was cut off, or to answer."""


class ServerState:
    """What all connections of one application share.

    Attributes:
        app: The ASGI application.
        clock: The clock that ``Date`` shows.
        app_state: What the application's lifespan put into ``state``.
        settings: Settings of the server.
        scheme: ``https`` if connections are encrypted, else ``http``.
        proxies: The proxies whose headers count; ``None``: there are none.
        connections: Those that are open.
        tasks: One for each request in progress.
        recorder: Makes a record of each request; ``None``: nobody wants records.
        stopping: Whether the server is about to stop (`bucketry_http.shared.connection.is_stopping`).
    """

    def __init__(self, app: Any, settings: ServerSettings, scheme: str, recorder: Recorder | None = None) -> None:
        """Starts without connections. An application that goes by a clock of its own has it as attribute ``clock``."""
        self.app = app
        self.clock: Clock = getattr(app, "clock", None) or Clock()
        self.recorder = recorder
        self.app_state: dict[str, Any] = {}
        self.settings = settings
        self.scheme = scheme
        self.proxies = _proxies(settings)
        self.connections: set[BoundedProtocol] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.stopping = False


def _proxies(settings: ServerSettings) -> TrustedProxies | None:
    if not settings.trusted_proxies:
        return None
    from bucketry_http.server.proxies import TrustedProxies  # Only here: many servers have no proxies in front.

    return TrustedProxies(settings.trusted_proxies)
