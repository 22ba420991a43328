"""Reading an object in async code."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest
from bucketry import ByteRange, GetOptions, InvalidArgument, Store, Unavailable, open_store
from bucketry.aio import AsyncStore

from tests.aio.slow import SlowDriver

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 4 * 1024 * 3  # 3 MiB


class Blocks:
    blocks = True


@pytest.fixture(params=["in the event loop", "in threads"])
def store(request: pytest.FixtureRequest) -> AsyncStore:
    store = open_store("memory://", layers=[] if request.param == "in the event loop" else [Blocks()])
    store.create_bucket("photos")
    store.put_object("photos", "key", iter([CONTENT[:1000], CONTENT[1000:]]))
    return AsyncStore(store)


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 100_000, 2**20, 2**22])
async def test_so_many_bytes_are_read_or_fewer_at_the_end(store: AsyncStore, size: int) -> None:
    async with store.get_object("photos", "key") as opened:
        assert await opened.read(0) == b""
        assert await opened.read(size) == CONTENT[:size]
        assert await opened.read(size) == CONTENT[size : 2 * size]
        assert await opened.read() == CONTENT[2 * size :]
        assert await opened.read() == b""
        assert await opened.read(size) == b""


async def test_content_comes_in_chunks(store: AsyncStore) -> None:
    async with store.get_object("photos", "key") as opened:
        assert opened.length == len(CONTENT)
        chunks = [chunk async for chunk in opened]
        assert [chunk async for chunk in opened] == []
    assert b"".join(chunks) == CONTENT
    assert all(chunks)


async def test_chunks_and_reads_go_on_where_the_other_ended(store: AsyncStore) -> None:
    async with store.get_object("photos", "key") as opened:
        assert await opened.read(10) == CONTENT[:10]
        first = await anext(opened)
        assert first + await opened.read() == CONTENT[10:]


async def test_a_range_is_read(store: AsyncStore) -> None:
    async with store.get_object("photos", "key", GetOptions(range=ByteRange(10, 19))) as opened:
        assert opened.content_range is not None
        assert (opened.content_range.start, opened.length, opened.info.size_bytes) == (10, 10, len(CONTENT))
        assert await opened.read() == CONTENT[10:20]


@pytest.mark.parametrize("read", [0, 10])
async def test_reading_after_it_was_closed_is_an_error(store: AsyncStore, read: int) -> None:
    async with store.get_object("photos", "key") as opened:
        await opened.read(read)
    await opened.close()
    with pytest.raises(InvalidArgument, match="closed before its end"):
        await opened.read()
    with pytest.raises(InvalidArgument, match="closed before its end"):
        await anext(opened)


async def test_reading_after_the_end_gives_nothing_also_when_it_is_closed(store: AsyncStore) -> None:
    async with store.get_object("photos", "key") as opened:
        await opened.read()
    assert await opened.read() == b""


@pytest.mark.parametrize("key", ["breaks", "short", "long"])
async def test_content_that_breaks_off_is_an_error_after_what_came(key: str) -> None:
    driver = SlowDriver()
    store = AsyncStore(Store(driver))
    await store.put_object("photos", key, b"content")
    async with store.get_object("photos", key) as opened:
        assert await anext(opened) == b"c"
        with pytest.raises(Unavailable) as caught:
            await opened.read()
    assert caught.value.key == key
    assert driver.closed_streams == 1


@pytest.mark.parametrize("how", ["unread", "begun", "whole"])
async def test_a_connection_is_freed_once(how: str) -> None:
    driver = SlowDriver()
    store = AsyncStore(Store(driver))
    await store.put_object("photos", "key", b"content")
    async with store.get_object("photos", "key") as opened:
        if how != "unread":
            await opened.read(1 if how == "begun" else -1)
    await opened.close()
    assert driver.closed_streams == 1


async def test_content_is_read_as_it_is_needed() -> None:
    taken = 0

    class Driver(SlowDriver):
        def _chunks(self, key: str, content: bytes) -> Iterator[bytes]:
            nonlocal taken
            for start in range(0, len(content), 2**18):
                taken += 1
                yield content[start : start + 2**18]

    driver = Driver()
    driver.features = driver.features.__class__(max_put_size=2**30)
    store = AsyncStore(Store(driver))
    await store.put_object("photos", "key", bytes(2**23))
    async with store.get_object("photos", "key") as opened:
        await anext(opened)
        assert taken <= 4
        assert len(await opened.read()) == 2**23 - 2**18


async def test_tasks_may_read_different_objects_at_once(store: AsyncStore) -> None:
    async def read() -> None:
        async with store.get_object("photos", "key") as opened:
            assert await opened.read() == CONTENT

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(read)
