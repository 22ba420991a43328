"""Stores for async code, on asyncio and on trio: `AsyncStore` is a `Store` whose methods are awaited.

It needs the package ``anyio``: ``pip install 'bucketry[aio]'``.

Example::

    from bucketry.aio import open_store

    async with open_store("memory://") as store:
        await store.create_bucket("my-assets")
        await store.put_object("my-assets", "images/photo.jpg", b"hello")
        async with store.get_object("my-assets", "images/photo.jpg") as photo:
            async for chunk in photo:
                ...
        async for entry in store.iter_objects("my-assets"):
            ...
"""

from __future__ import annotations

from bucketry._async_content import AsyncContent
from bucketry.aio._bodies import AsyncBody, AsyncBodySource, SupportsAsyncRead
from bucketry.aio._open_store import open_store
from bucketry.aio._opened_object import AsyncOpenedObject
from bucketry.aio._opening import Opening
from bucketry.aio._store import AsyncStore

__all__ = [
    "AsyncBody",
    "AsyncBodySource",
    "AsyncContent",
    "AsyncOpenedObject",
    "AsyncStore",
    "Opening",
    "SupportsAsyncRead",
    "open_store",
]
