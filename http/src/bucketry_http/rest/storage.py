"""The application object, which holds the store that its handlers call."""

from __future__ import annotations

import copy
from typing import Any, Self, cast

from bucketry import Store
from litestar import Litestar, Request
from litestar.types import Receive, Scope, Send

from bucketry_http.rest.cors import BrowserRules
from bucketry_http.rest.head_requests import as_get
from bucketry_http.rest.routing import PREFIX, route_object_key
from bucketry_http.rest.settings import RestSettings
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.writing import Uploader


class StorageApp(Litestar):
    """The REST API as an ASGI application.

    Attributes:
        calls: The store that it serves.
        uploader: Stores what clients send.
        settings: How it serves it.
        gate: Decides over every request first.
    """

    calls: StoreCalls
    uploader: Uploader
    settings: RestSettings
    gate: BrowserRules

    def serve_store(self, store: Store, settings: RestSettings) -> Self:
        """Serves this store from now on; returns the application itself."""
        self.settings = settings
        self.gate = settings.gate()
        self.calls = StoreCalls(
            store,
            call_threads=settings.call_threads,
            transfer_threads=settings.transfer_threads,
            wait_seconds=settings.wait_seconds,
        )
        self.uploader = Uploader(self.calls, settings)
        return self

    def over(self, store: Store, settings: RestSettings | None = None) -> Self:
        """Returns the same application over another store, in a small part of the time that a new one takes.

        The two share the framework's lifespan, which must not run for both at once; they do not need it.

        Args:
            store: The other store.
            settings: How to serve it; unless given, as before. Whether there is a docs page stays as it is.
        """
        return copy.copy(self).serve_store(store, settings or self.settings)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request, its object key first: the framework's router would not leave it as it is."""
        if scope["type"] == "http":
            send = await self.gate.admit(scope, send)
            if send is None:
                return
            route_object_key(scope)
            if scope["method"] == "HEAD" and not scope["path"].startswith(PREFIX):
                scope, send = as_get(scope, send)
        await super().__call__(cast("Scope", scope), cast("Receive", receive), cast("Send", send))


def app_of(request: Request[Any, Any, Any]) -> StorageApp:
    """Returns the application that a request came to."""
    return cast("StorageApp", request.scope["litestar_app"])


def calls_of(request: Request[Any, Any, Any]) -> StoreCalls:
    """Returns the store that a request is about."""
    return app_of(request).calls
