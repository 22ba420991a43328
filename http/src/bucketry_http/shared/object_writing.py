"""Storing the body of a request: a small one in one call, a larger one while it comes.

A larger body passes through a `BodyChannel` from the event loop to the driver's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from bucketry import Body, BucketryError, IncompleteBody, InvalidDriver, ObjectInfo, PutOptions
from bucketry.body_channel import BodyChannel, memory_of

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.request_body import Pieces
from bucketry_http.shared.settings import PortSettings

T = TypeVar("T")


class Uploader:
    """Stores bodies. A small body is read first and stored in one call. The driver pulls a larger one, in a thread."""

    def __init__(self, calls: StoreCalls, settings: PortSettings) -> None:
        """Keeps what every upload needs."""
        self._calls = calls
        self._settings = settings
        self._room_checks = calls.store.room_checks

    async def store(
        self, bucket: str, key: str, pieces: Pieces, options: PutOptions, length: int | None = None
    ) -> ObjectInfo:
        """Stores an object.

        Args:
            bucket: The bucket.
            key: The key.
            pieces: The body.
            options: Headers and conditions.
            length: The body's length in bytes, if the client declared it.

        Raises:
            BucketryError: It could not be stored, or did not come whole. Nothing was stored.
        """
        put = partial(self._calls.store.put_object, bucket, key, options=options)
        return await self.send(bucket, key, put, pieces, length, objects=1)

    async def send(
        self,
        bucket: str,
        key: str,
        put: Callable[[bytes | Body], T],
        pieces: Pieces,
        length: int | None = None,
        *,
        objects: int = 0,
    ) -> T:
        """Hands a body to a call of the store.

        Args:
            bucket: The bucket that the call is about.
            key: The key that it is about.
            put: The call.
            pieces: The body.
            length: The body's length in bytes, if the client declared it.
            objects: How many objects the call makes.

        Raises:
            BucketryError: It could not be stored, or did not come whole. Nothing was stored.
        """
        try:
            if length is not None and self._room_checks:
                for check in self._room_checks:
                    await self._calls.call(check, bucket, key, length, objects)
            begun, ended = await self._begin(pieces)
            if not ended:
                return await self._stream(put, _Continued(begun, pieces), length)
            content = begun[0] if len(begun) == 1 else b"".join(begun)
            if length is not None and length != len(content):
                raise IncompleteBody(f"{len(content)} of the declared {length} bytes came")
            return put(content) if self._calls.inline else await self._calls.call(put, content)
        except BucketryError as error:
            error.locate(bucket, key)
            raise

    async def _begin(self, pieces: Pieces) -> tuple[list[bytes], bool]:
        begun: list[bytes] = []
        size = 0
        while size <= self._settings.inline_body_bytes:
            piece = await pieces.next()
            if piece:
                begun.append(piece)
            if pieces.ended or not piece:
                return begun, True
            size += memory_of(piece)
        return begun, False

    async def _stream(self, put: Callable[[bytes | Body], T], pieces: Pieces, length: int | None) -> T:
        from anyio import create_task_group  # Only here: a store that never blocks needs no anyio.

        loop = asyncio.get_running_loop()
        channel = BodyChannel(self._settings.buffer_bytes, asyncio.Event, loop.call_soon_threadsafe)
        body = Body(channel, length)
        stored: list[T] = []
        failure: Exception | None = None
        async with create_task_group() as group:
            group.start_soon(channel.fill, pieces.next)
            try:
                stored.append(await self._calls.transfer(put, body))
            except Exception as error:  # noqa: BLE001
                # It is raised outside the group, which would wrap it.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if not stored or not channel.drained:
            raise InvalidDriver("the call returned before the end of the body")
        return stored[0]


class _Continued:
    """A body whose first pieces were read already."""

    def __init__(self, begun: list[bytes], following: Pieces) -> None:
        self._begun = begun[::-1]
        self._following = following

    @property
    def ended(self) -> bool:
        return not self._begun and self._following.ended

    async def next(self) -> bytes:
        return self._begun.pop() if self._begun else await self._following.next()
