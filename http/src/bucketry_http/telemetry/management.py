"""The management port: metrics and health, for those who run the server. It asks nobody for credentials."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec
from bucketry.clock import Clock
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.connection import is_stopping
from bucketry_http.shared.health import Health, probe
from bucketry_http.shared.lifespan import confirm_lifespan
from bucketry_http.shared.recorded import TOLD_SECONDS
from bucketry_http.shared.response_body import send_response

METRICS: Final = "/metrics"
LIVE: Final = "/health/live"
READY: Final = "/health/ready"

_PROBE_SECONDS: Final = 10.0
"""How old the state of the stores may be that metrics show."""

Answer = tuple[HTTPStatus, bytes, bytes]
"""Status, media type and body."""


class ManagementApp:
    """Metrics and health as an ASGI application.

    Attributes:
        clock: What ``Date`` shows.
        is_starting: Whether the processes that serve the other ports do not do so yet.
    """

    def __init__(self, registry: CollectorRegistry, calls: StoreCalls, *, ready_seconds: float = 5.0) -> None:
        """Takes what it shows.

        Args:
            registry: The metrics.
            calls: The store.
            ready_seconds: How long the store may take to say that it is ready.
        """
        self.clock = Clock()
        self.is_starting = False
        self._registry = registry
        self._calls = calls
        self._ready_seconds = ready_seconds
        self._about = _About(calls.store.capabilities.driver)
        self._probed = float("-inf")
        self._scraping = asyncio.Lock()
        registry.register(self._about)
        self._paths: Mapping[str, Callable[[Any], Awaitable[Answer]]] = {
            METRICS: self._metrics,
            LIVE: self._live,
            READY: self._ready,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await confirm_lifespan(receive, send)
            return
        handler = self._paths.get(scope["path"])
        headers = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
        if handler is None:
            status, kind, body = _text(HTTPStatus.NOT_FOUND, f"there are {', '.join(self._paths)}")
        elif scope["method"] not in {"GET", "HEAD"}:
            status, kind, body = _text(HTTPStatus.METHOD_NOT_ALLOWED, "use GET")
            headers.append((b"allow", b"GET, HEAD"))
        else:
            status, kind, body = await handler(scope)
        headers += [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        await send_response(send, status, headers, b"" if scope["method"] == "HEAD" else body)

    async def _metrics(self, scope: Any) -> Answer:
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        try:
            encode, kind = choose_encoder(accept)
        except TypeError:  # It names a version that is no number (prometheus-client 0.26).
            encode, kind = choose_encoder("")
        await asyncio.sleep(TOLD_SECONDS)  # Requests that have ended count.
        # One after the other: each takes as long as there are metrics.
        async with self._scraping:
            if time.monotonic() - self._probed > _PROBE_SECONDS:
                await self._probe()
            body = await asyncio.to_thread(encode, self._registry)
        return HTTPStatus.OK, kind.encode(), body

    async def _live(self, _scope: Any) -> Answer:
        return _json(HTTPStatus.OK, {"status": "live"})

    async def _ready(self, scope: Any) -> Answer:
        if is_stopping(scope):
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "stopping"})
        if self.is_starting:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "starting"})
        health = await self._probe()
        status = HTTPStatus.OK if health.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _json(status, {"status": "ready" if health.ready else "not ready", "stores": health.stores})

    async def _probe(self) -> Health:
        health = await probe(self._calls, self._ready_seconds)
        self._about.health, self._probed = health, time.monotonic()
        return health


class _About(Collector):
    """The version, and which stores are ready as of the last probe."""

    def __init__(self, driver: str) -> None:
        self._labels = (version("bucketry-http"), driver)
        self.health: Health | None = None

    def collect(self) -> list[Metric]:
        """Returns a figure for the version, and one for each store."""
        info = GaugeMetricFamily("bucketry_build_info", "The version; always 1.", labels=["version", "driver"])
        info.add_metric(self._labels, 1.0)
        family = GaugeMetricFamily(
            "bucketry_store_available", "Whether a store answers and takes the credentials: 1 or 0.", labels=["store"]
        )
        for store in self.health.stores if self.health is not None else ():
            family.add_metric([store.name], float(store.ready))
        return [info, family]


def _json(status: HTTPStatus, content: Mapping[str, object]) -> Answer:
    return status, b"application/json", msgspec.json.encode(content)


def _text(status: HTTPStatus, content: str) -> Answer:
    return status, b"text/plain; charset=utf-8", f"{content}\n".encode()
