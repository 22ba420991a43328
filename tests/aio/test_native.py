"""A driver that implements operations as coroutines: they are awaited, with the checks of every other call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from bucketry import (
    DONE,
    Body,
    Done,
    Features,
    GetOptions,
    HeadOptions,
    IncompleteBody,
    InvalidArgument,
    InvalidDriver,
    InvalidKey,
    NoSuchKey,
    ObjectInfo,
    PutOptions,
    Store,
    StoreClosed,
    Unavailable,
    Unsupported,
    VersionOptions,
)
from bucketry.aio import AsyncContent, AsyncStore
from bucketry.hookspecs import hookimpl

from tests.aio.slow import SlowDriver
from tests.core.tiny import SdkError

pytestmark = pytest.mark.anyio

IN_LOOP = "in the event loop"
IN_THREAD = "in a thread"


class Coroutines:
    """What the driver has coroutines for."""

    def __init__(self, driver: NativeDriver) -> None:
        self.driver = driver
        self.closed = 0
        self.lasts: float = 0

    async def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        await self._called()
        if key == "broken":
            raise SdkError("connection reset")
        return self.driver.objects[bucket, key][0]

    async def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        await self._called()
        content = body.read()
        info = ObjectInfo(key=key, size_bytes=len(content), etag="1", last_modified=datetime.now(UTC))
        self.driver.objects[bucket, key] = info, content
        return info

    async def get_object(self, bucket: str, key: str, options: GetOptions) -> AsyncContent:
        await self._called()
        info, content = self.driver.objects[bucket, key]
        return AsyncContent(info, self._chunks(key, content), close=self._close)

    async def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        await self._called()
        self.driver.tags = dict(tags)
        return DONE

    async def _chunks(self, key: str, content: bytes) -> AsyncIterator[bytes]:
        yield content[:1]
        if key == "breaks":
            raise SdkError("connection reset")
        if key == "hangs":
            await anyio.sleep_forever()
        if key == "empty chunks":
            yield b""
        if key != "short":
            yield content[1:]
        if key == "long":
            yield b"more"

    async def _close(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.closed += 1

    async def _called(self) -> None:
        self.driver.calls.append(IN_LOOP)
        await anyio.sleep(self.lasts)


class NativeDriver(SlowDriver):
    """Has coroutines for some of its operations."""

    def __init__(self) -> None:
        super().__init__()
        self.features = Features(put_metadata=True, put_tagging=True, max_put_size=2**24)
        self.async_driver: Any = Coroutines(self)
        self.calls: list[str] = []
        self.tags: dict[str, str] = {}

    def _stop(self, place: str) -> None:
        self.calls.append(IN_THREAD)

    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        raise NotImplementedError


@pytest.fixture
def driver() -> NativeDriver:
    return NativeDriver()


@pytest.fixture
def store(driver: NativeDriver) -> AsyncStore:
    return AsyncStore(Store(driver))


async def test_a_coroutine_is_awaited_in_place_of_a_call_in_a_thread(store: AsyncStore, driver: NativeDriver) -> None:
    assert (await store.put_object("photos", "key", b"content")).size_bytes == 7
    assert (await store.head_object("photos", "key")).size_bytes == 7
    async with store.get_object("photos", "key") as opened:
        assert await opened.read(3) == b"con"
        assert [chunk async for chunk in opened] == [b"tent"]
    assert await store.put_object_tagging("photos", "key", {"a": "b"}) is None  # type: ignore[func-returns-value]
    assert driver.tags == {"a": "b"}
    assert driver.calls == [IN_LOOP] * 4
    await store.list_objects("photos")
    assert driver.calls[4:] == [IN_THREAD]


async def test_the_same_checks_come_first(store: AsyncStore, driver: NativeDriver) -> None:
    with pytest.raises(InvalidKey):
        await store.head_object("photos", "")
    with pytest.raises(Unsupported):
        await store.put_object("photos", "key", b"content", PutOptions(if_match="1"))
    with pytest.raises(InvalidArgument, match="a body is bytes"):
        await store.put_object("photos", "key", 5)  # type: ignore[arg-type]
    assert driver.calls == []


async def test_errors_are_those_of_the_contract(store: AsyncStore) -> None:
    with pytest.raises(NoSuchKey) as missing:
        await store.head_object("photos", "missing")
    assert (missing.value.bucket, missing.value.key) == ("photos", "missing")
    with pytest.raises(Unavailable) as broken:
        await store.head_object("photos", "broken")
    assert isinstance(broken.value.__cause__, SdkError)


@pytest.mark.parametrize("key", ["breaks", "short", "long"])
async def test_content_that_breaks_off_is_an_error(store: AsyncStore, driver: NativeDriver, key: str) -> None:
    await store.put_object("photos", key, b"content")
    async with store.get_object("photos", key) as opened:
        assert await opened.read(1) == b"c"
        with pytest.raises(Unavailable) as caught:
            await opened.read()
        assert caught.value.key == key
    assert driver.async_driver.closed == 1


@pytest.mark.parametrize("size", [0, 1, -1])
async def test_an_object_is_closed_once(store: AsyncStore, driver: NativeDriver, size: int) -> None:
    await store.put_object("photos", "key", b"content")
    with anyio.CancelScope() as scope:
        async with store.get_object("photos", "key") as opened:
            await opened.read(size)
            scope.cancel()
    await opened.close()
    assert driver.async_driver.closed == 1
    if size >= 0:
        with pytest.raises(InvalidArgument, match="closed before its end"):
            await opened.read()


async def test_bodies_that_wait_go_to_the_method_of_the_driver(store: AsyncStore, driver: NativeDriver) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        yield bytes(size)

    await store.put_object("photos", "small", pieces(10))
    await store.put_object("photos", "large", pieces(2**20))
    await store.put_object("photos", "iterable", [b"content"])
    assert driver.calls[0] == IN_LOOP
    assert set(driver.calls[1:]) == {IN_THREAD}

    async def broken() -> AsyncIterator[bytes]:
        yield b"content"
        raise OSError("no disk")

    with pytest.raises(IncompleteBody):
        await store.put_object("photos", "broken", broken())


async def test_a_layer_around_an_operation_has_it_called_in_threads(driver: NativeDriver) -> None:
    class Layer:
        @hookimpl(wrapper=True)
        def head_object(self) -> Generator[None, ObjectInfo, ObjectInfo]:
            return (yield)

    store = AsyncStore(Store(driver, [Layer()]))
    await store.put_object("photos", "key", b"content")
    await store.head_object("photos", "key")
    assert driver.calls == [IN_LOOP, IN_THREAD]


async def test_a_coroutine_can_be_cancelled(store: AsyncStore, driver: NativeDriver) -> None:
    driver.async_driver.lasts = 60
    with pytest.raises(TimeoutError), anyio.fail_after(0.01):
        await store.put_object("photos", "key", b"content")
    assert driver.objects == {}


async def test_many_calls_at_once_do_not_mix(store: AsyncStore) -> None:
    async def put_and_look(number: int) -> None:
        await store.put_object("photos", f"{number}", bytes(number))
        assert (await store.head_object("photos", f"{number}")).size_bytes == number

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(put_and_look, number)


async def test_a_closed_store_awaits_no_coroutine(store: AsyncStore, driver: NativeDriver) -> None:
    await store.close()
    driver.calls.clear()
    with pytest.raises(StoreClosed):
        await store.head_object("photos", "key")
    with pytest.raises(StoreClosed):
        await store.get_object("photos", "key")
    with pytest.raises(StoreClosed):
        await store.put_object("photos", "key", b"content")
    assert driver.calls == []


async def test_results_of_another_type_are_refused(store: AsyncStore, driver: NativeDriver) -> None:
    async def nothing(bucket: str, key: str, options: object) -> None: ...

    broken = AsyncStore(Store(_with(driver, head_object=nothing, get_object=nothing)))
    for call in (broken.head_object("photos", "key"), broken.get_object("photos", "key")):
        with pytest.raises(InvalidDriver, match="returned None"):
            await call


async def test_coroutines_that_cannot_be_used_are_refused(driver: NativeDriver) -> None:
    async def wrong(bucket: str) -> None: ...

    async def listing(bucket: str, options: object) -> None: ...

    with pytest.raises(InvalidDriver, match=r"must have the parameters \(bucket, key, options\)"):
        Store(_with(driver, head_object=wrong))
    with pytest.raises(InvalidDriver, match="no operation that the driver implements"):
        Store(_with(driver, hed_object=wrong))
    with pytest.raises(InvalidDriver, match="work to do after list_objects"):
        AsyncStore(Store(_with(driver, list_objects=listing)))


def _with(driver: NativeDriver, **coroutines: Any) -> NativeDriver:
    class Broken:
        def __init__(self) -> None:
            vars(self).update(coroutines)

    driver.async_driver = Broken()
    return driver
