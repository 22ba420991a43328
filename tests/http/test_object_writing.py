"""A body on its way to a driver takes limited memory, however small its pieces are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from bucketry import Body
from bucketry.body_channel import BATCH_BYTES, SMALL_BYTES, BodyChannel
from bucketry_http.shared.object_writing import Uploader

MIB = 1024**2


class Sending:
    """Pieces of one size, which are counted as they are taken."""

    def __init__(self, piece: bytes, count: int) -> None:
        self._pieces: Iterator[bytes] = iter([piece] * count)
        self.taken = 0
        self.ended = False

    async def next(self) -> bytes:
        self.taken += 1
        return next(self._pieces, b"")


async def filled(pieces: Sending, capacity: int) -> list[bytes]:
    """Fills a channel until it is full, then reads it from a thread; returns what the reader saw."""
    channel = BodyChannel(capacity, asyncio.Event, asyncio.get_running_loop().call_soon_threadsafe)
    filling = asyncio.ensure_future(channel.fill(pieces.next))
    for _ in range(10):
        await asyncio.sleep(0)
    waiting = pieces.taken
    seen = await asyncio.to_thread(lambda: list(channel))
    await filling
    assert waiting * 64 <= capacity + 64
    return seen


@pytest.mark.parametrize("size", [1, 2, 63])
def test_tiny_pieces_are_bounded_and_joined(size: int) -> None:
    count = 3 * BATCH_BYTES // 64
    seen = asyncio.run(filled(Sending(b"x" * size, count), BATCH_BYTES))
    assert sum(map(len, seen)) == size * count
    assert len(seen) < 10


def test_pieces_that_are_not_small_reach_the_driver_as_they_are() -> None:
    piece = b"x" * SMALL_BYTES
    assert asyncio.run(filled(Sending(piece, 600), BATCH_BYTES)) == [piece] * 600


class Calls:
    """Counts what was taken before a driver is called."""

    store = SimpleNamespace(room_checks=())

    def __init__(self, pieces: Sending) -> None:
        self._pieces = pieces
        self.taken = 0

    async def transfer(self, put: Any, body: Any) -> Any:
        self.taken = self._pieces.taken
        return await asyncio.to_thread(put, body)


class Settings:
    inline_body_bytes = MIB
    buffer_bytes = 4 * MIB


def test_a_body_that_is_held_is_bounded_in_memory_too() -> None:
    pieces = Sending(b"x", 40_000)
    calls: Any = Calls(pieces)
    settings: Any = Settings()

    def put(body: bytes | Body) -> int:
        assert isinstance(body, Body)
        return sum(map(len, body))

    size = asyncio.run(Uploader(calls, settings).send("b", "k", put, pieces))
    assert size == 40_000
    assert calls.taken < 20_000
