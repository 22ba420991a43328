"""What async code may upload, and what a driver makes of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from bucketry import (
    Body,
    BucketryError,
    Features,
    IncompleteBody,
    InvalidArgument,
    InvalidBucketName,
    NoSuchBucket,
    NoSuchKey,
    ObjectInfo,
    PutOptions,
    Store,
    TooLarge,
    open_store,
)
from bucketry.aio import AsyncBody, AsyncStore
from bucketry.hookspecs import hookimpl

from tests.aio.slow import SlowDriver

pytestmark = pytest.mark.anyio

MIB = 1024**2
LARGE = bytes(range(256)) * 4 * 1024 * 5  # 5 MiB: more than waits in memory for a driver


class Blocks:
    blocks = True


@pytest.fixture(params=["in the event loop", "in threads"])
def store(request: pytest.FixtureRequest) -> AsyncStore:
    store = open_store("memory://", layers=[] if request.param == "in the event loop" else [Blocks()])
    store.create_bucket("photos")
    return AsyncStore(store)


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        await anyio.lowlevel.checkpoint()
        yield content[start : start + size]
        yield b""


class File:
    """An async file that returns less than it is asked for."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    async def read(self, size: int = -1) -> bytes:
        await anyio.lowlevel.checkpoint()
        return self._file.read(min(size, 70_000))


KINDS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "file": io.BytesIO,
    "iterator": lambda content: iter([content[:7], b"", content[7:]]),
    "list": lambda content: [content[:7], content[7:]],
    "Body": Body,
    "Body of a file": lambda content: Body(io.BytesIO(content), len(content)),
    "async iterator": pieces,
    "async file": File,
    "AsyncBody": lambda content: AsyncBody(pieces(content), len(content)),
    "AsyncBody of a file": lambda content: AsyncBody(File(content), len(content)),
    "AsyncBody of unknown length": lambda content: AsyncBody(pieces(content)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
async def test_each_kind_is_stored_as_it_is(store: AsyncStore, kind: str, content: bytes) -> None:
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    info = await store.put_object("photos", "key", KINDS[kind](content), PutOptions(content_md5=digest))
    assert info.size_bytes == len(content)
    async with store.get_object("photos", "key") as opened:
        assert await opened.read() == content


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "Body" not in kind or "Async" in kind])
async def test_a_part_is_stored_likewise(store: AsyncStore, kind: str) -> None:
    upload = await store.create_multipart_upload("photos", "key")
    part = await store.upload_part("photos", "key", upload.upload_id, 1, KINDS[kind](LARGE))
    await store.complete_multipart_upload("photos", "key", upload.upload_id, [part])
    assert (await store.head_object("photos", "key")).size_bytes == len(LARGE)


async def test_a_file_of_anyio_is_stored(store: AsyncStore, tmp_path: Path) -> None:
    await anyio.Path(tmp_path / "file").write_bytes(LARGE)
    async with await anyio.open_file(tmp_path / "file", "rb") as file:
        assert (await store.put_object("photos", "key", file)).size_bytes == len(LARGE)


async def test_an_opened_object_is_a_body_whose_length_is_known() -> None:
    lengths: list[int | None] = []

    class Watch:
        blocks = True

        @hookimpl(wrapper=True)
        def put_object(self, body: Body) -> Generator[None, ObjectInfo, ObjectInfo]:
            lengths.append(body.length)
            return (yield)

    sync = open_store("memory://", layers=[Watch()])
    sync.create_bucket("photos")
    async with AsyncStore(sync) as store:
        made = await store.put_object("photos", "from", LARGE)
        async with store.get_object("photos", "from") as opened:
            copied = await store.put_object("photos", "to", opened)
    assert lengths == [len(LARGE), len(LARGE)]
    assert copied.etag == made.etag


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["small", "large"])
@pytest.mark.parametrize("more", [-1, 1])
async def test_a_body_of_another_length_is_not_stored(store: AsyncStore, content: bytes, more: int) -> None:
    with pytest.raises(IncompleteBody):
        await store.put_object("photos", "key", AsyncBody(pieces(content), len(content) + more))
    with pytest.raises(NoSuchKey):
        await store.head_object("photos", "key")


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["at once", "soon", "late"])
async def test_an_error_of_the_source_is_the_cause_of_the_failure(store: AsyncStore, content: bytes) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(content):
            yield piece
        raise OSError("no disk")

    with pytest.raises(IncompleteBody, match="OSError") as caught:
        await store.put_object("photos", "key", broken())
    assert isinstance(caught.value.__cause__, OSError)
    assert (caught.value.bucket, caught.value.key) == ("photos", "key")
    with pytest.raises(NoSuchKey):
        await store.head_object("photos", "key")


@pytest.mark.parametrize("content", [b"", LARGE], ids=["soon", "late"])
async def test_an_error_of_the_contract_in_a_source_stays_itself(store: AsyncStore, content: bytes) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(content):
            yield piece
        raise TooLarge("no more than this")

    with pytest.raises(TooLarge, match="no more than this"):
        await store.put_object("photos", "key", broken())


async def test_pieces_of_text_are_refused(store: AsyncStore) -> None:
    async def text() -> AsyncIterator[Any]:
        yield "text"

    with pytest.raises(InvalidArgument, match="binary mode"):
        await store.put_object("photos", "key", text())


@pytest.mark.parametrize("wrong", ["text", 5, None, {"a": b"b"}])
async def test_what_is_no_body_is_refused(store: AsyncStore, wrong: Any) -> None:
    with pytest.raises(InvalidArgument, match="a body is bytes"):
        await store.put_object("photos", "key", wrong)


async def test_a_body_is_stored_once_only(store: AsyncStore) -> None:
    body = Body(b"content")
    await store.put_object("photos", "key", body)
    with pytest.raises(InvalidArgument, match="make a new Body"):
        await store.put_object("photos", "key", body)


@pytest.mark.parametrize(
    ("bucket", "error"), [("missing", NoSuchBucket), ("Not A Name", InvalidBucketName)], ids=["missing", "malformed"]
)
async def test_a_put_that_is_refused_does_not_wait_for_its_body(
    store: AsyncStore, bucket: str, error: type[BucketryError]
) -> None:
    """Not for the end of a large one, at least."""

    async def endless() -> AsyncIterator[bytes]:
        yield LARGE
        await anyio.sleep_forever()

    with anyio.fail_after(20), pytest.raises(error):
        await store.put_object(bucket, "key", endless())


async def test_a_large_body_waits_for_its_driver() -> None:
    """Back-pressure: what the driver does not take stays in the source."""
    driver = SlowDriver("before")
    driver.features = Features(max_put_size=1024**3)
    taken = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield bytes(MIB)

    async with AsyncStore(Store(driver)) as store, anyio.create_task_group() as group:
        group.start_soon(store.put_object, "photos", "key", counted())
        await driver.has_stopped()
        await anyio.wait_all_tasks_blocked()
        assert taken <= 6
        driver.go_on()
    assert driver.objects["photos", "key"][0].size_bytes == 100 * MIB


async def test_the_source_is_read_in_the_task_of_the_put(store: AsyncStore) -> None:
    """So it sees the same context variables, and may hold what belongs to a task."""
    tasks = set()

    async def source() -> AsyncIterator[bytes]:
        async for piece in pieces(LARGE):
            tasks.add(anyio.get_current_task().id)
            yield piece

    await store.put_object("photos", "key", source())
    assert tasks == {anyio.get_current_task().id}


async def test_a_body_of_the_same_store_needs_no_thread_of_those_that_wait() -> None:
    """As many copies as threads, each of which reads from the store that it writes to."""
    sync = open_store("memory://", layers=[Blocks()])
    sync.create_bucket("photos")
    sync.put_object("photos", "from", LARGE)

    async def copy(store: AsyncStore, number: int) -> None:
        async with store.get_object("photos", "from") as opened:
            await store.put_object("photos", f"{number}", opened)

    async with AsyncStore(sync, call_threads=2, transfer_threads=2) as store:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for number in range(8):
                    group.start_soon(copy, store, number)
        assert len([entry async for entry in store.iter_objects("photos")]) == 9
