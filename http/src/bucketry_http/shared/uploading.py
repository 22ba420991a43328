"""Stores a body that a client is sending."""

from __future__ import annotations

import anyio
from bucketry import Body, BucketryError, IncompleteBody, InvalidDriver, ObjectInfo, PutOptions

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.channel import BodyChannel
from bucketry_http.shared.receiving import Pieces
from bucketry_http.shared.transfers import TransferSettings


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
        try:
            return await self._store(bucket, key, pieces, options, length)
        except BucketryError as error:
            error.locate(bucket, key)
            raise

    async def _store(
        self, bucket: str, key: str, pieces: Pieces, options: PutOptions, length: int | None
    ) -> ObjectInfo:
        begun, ended = await self._begin(pieces)
        if ended:
            content = b"".join(begun)
            if length not in {None, len(content)}:
                raise IncompleteBody(f"{len(content)} of the declared {length} bytes came")
            return await self._calls.call(self._calls.store.put_object, bucket, key, content, options)
        return await self._stream(bucket, key, _Continued(begun, pieces), options, length)

    async def _begin(self, pieces: Pieces) -> tuple[list[bytes], bool]:
        begun: list[bytes] = []
        size = 0
        while size <= self._settings.inline_body_bytes:
            piece = await pieces.next()
            if not piece:
                return begun, True
            begun.append(piece)
            size += len(piece)
        return begun, False

    async def _stream(
        self, bucket: str, key: str, pieces: Pieces, options: PutOptions, length: int | None
    ) -> ObjectInfo:
        channel = BodyChannel(self._settings.buffer_bytes)
        body = Body(channel, length)
        stored: ObjectInfo | None = None
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(channel.fill, pieces)
            try:
                stored = await self._calls.transfer(self._calls.store.put_object, bucket, key, body, options)
            except Exception as error:  # noqa: BLE001
                # Raised outside the group, which would wrap it.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if stored is None or not channel.drained:
            raise InvalidDriver("put_object returned before the end of the body", bucket=bucket, key=key)
        return stored


class _Continued:
    """Pieces that were read already, and then those that follow."""

    def __init__(self, begun: list[bytes], following: Pieces) -> None:
        self._begun = begun[::-1]
        self._following = following

    async def next(self) -> bytes:
        return self._begun.pop() if self._begun else await self._following.next()
