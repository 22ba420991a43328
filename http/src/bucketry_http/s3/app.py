"""The S3 endpoint as an ASGI application."""

from __future__ import annotations

from typing import Any

from bucketry import Store

from bucketry_http.s3.settings import S3Settings
from bucketry_http.shared.calls import StoreCalls


class S3App:
    """The S3 endpoint over one store."""

    def __init__(self, store: Store, settings: S3Settings) -> None:
        """Prepares to serve; nothing is called on the store yet."""
        self._settings = settings
        self._calls = StoreCalls(store, call_threads=settings.call_threads, transfer_threads=settings.transfer_threads)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request, or the server's start and stop."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 501, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def create_s3_app(store: Store, settings: S3Settings | None = None) -> S3App:
    """Makes the S3 endpoint over a store, as an ASGI application.

    Args:
        store: The store. The caller opens and closes it.
        settings: How to serve it, and to whom. Without credentials every request is refused.
    """
    return S3App(store, settings or S3Settings())
