"""Stores a body that a client is sending."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
from bucketry import Body, BucketryError, IncompleteBody, InvalidDriver, ObjectInfo, PutOptions

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.channel import BodyChannel, memory_of
from bucketry_http.shared.receiving import Pieces
from bucketry_http.shared.transfers import TransferSettings

T = TypeVar("T")


class Uploader:
    """Stores bodies as they come: small ones read first and in one call, others pulled by the driver in a thread."""

    def __init__(self, calls: StoreCalls, settings: TransferSettings) -> None:
        """Keeps what every upload needs."""
        self._calls = calls
        self._settings = settings

    async def store(
        self, bucket: str, key: str, pieces: Pieces, options: PutOptions, length: int | None = None
    ) -> ObjectInfo:
        """Stores an object.

        Args:
            bucket: The bucket.
            key: The key.
            pieces: The content.
            options: Headers and conditions.
            length: The content's length in bytes, where the client declared it.

        Raises:
            BucketryError: It could not be stored, or did not come whole; nothing was stored then.
        """
        put = self._calls.store.put_object
        return await self.send(bucket, key, lambda body: put(bucket, key, body, options), pieces, length)

    async def send(
        self, bucket: str, key: str, put: Callable[[bytes | Body], T], pieces: Pieces, length: int | None = None
    ) -> T:
        """Hands a body to a call of the store.

        Args:
            bucket: The bucket that the call is about.
            key: The key that it is about.
            put: The call.
            pieces: The content.
            length: The content's length in bytes, where the client declared it.

        Raises:
            BucketryError: It could not be stored, or did not come whole; nothing was stored then.
        """
        try:
            begun, ended = await self._begin(pieces)
            if not ended:
                return await self._stream(put, _Continued(begun, pieces), length)
            content = begun[0] if len(begun) == 1 else b"".join(begun)
            if length is not None and length != len(content):
                raise IncompleteBody(f"{len(content)} of the declared {length} bytes came")
            return await self._calls.call(put, content)
        except BucketryError as error:
            error.locate(bucket, key)
            raise

    async def _begin(self, pieces: Pieces) -> tuple[list[bytes], bool]:
        begun: list[bytes] = []
        size = 0
        while size <= self._settings.inline_body_bytes:
            piece = await pieces.next()
            if not piece:
                return begun, True
            begun.append(piece)
            size += memory_of(piece)
        return begun, False

    async def _stream(self, put: Callable[[bytes | Body], T], pieces: Pieces, length: int | None) -> T:
        channel = BodyChannel(self._settings.buffer_bytes)
        body = Body(channel, length)
        stored: list[T] = []
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(channel.fill, pieces)
            try:
                stored.append(await self._calls.transfer(put, body))
            except Exception as error:  # noqa: BLE001
                # Raised outside the group, which would wrap it.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if not stored or not channel.drained:
            raise InvalidDriver("the call returned before the end of the body")
        return stored[0]


class _Continued:
    """Pieces that were read already, and then those that follow."""

    def __init__(self, begun: list[bytes], following: Pieces) -> None:
        self._begun = begun[::-1]
        self._following = following

    async def next(self) -> bytes:
        return self._begun.pop() if self._begun else await self._following.next()
