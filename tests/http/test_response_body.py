"""A download from a driver that blocks: the next batch is read while one is sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import anyio
import pytest
from bucketry import ObjectInfo, OpenedObject, Store, Unavailable
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.response_body import BATCH_BYTES, ContentReader, ContentSender

from tests.http.conftest import memory_driver
from tests.http.serving import WAIT

COUNT = 4


class Source:
    """Content that notes which of its batches was read, and whether it was closed."""

    def __init__(self, fails_at: int = COUNT) -> None:
        self.read = [threading.Event() for _ in range(COUNT)]
        self.fails_at = fails_at
        self.closed = False

    def opened(self) -> OpenedObject:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        info = ObjectInfo(key="k", size_bytes=COUNT * BATCH_BYTES, etag="e", last_modified=moment)
        return OpenedObject(info, self._chunks()).on_close(self._close)

    def _chunks(self) -> Iterator[bytes]:
        for number, read in enumerate(self.read):
            if number == self.fails_at:
                raise Unavailable("it broke off")
            read.set()
            yield bytes([number]) * BATCH_BYTES

    def _close(self) -> None:
        self.closed = True


class Client:
    """What an ASGI server does for a client; ``look`` is called before it takes a piece."""

    def __init__(self, look: Callable[[int], object]) -> None:
        self.look = look
        self.content = bytearray()
        self.complete = False

    async def receive(self) -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: dict[str, object]) -> None:
        if message["type"] != "http.response.body":
            return
        body = message["body"]
        assert isinstance(body, bytes)
        if body:
            await asyncio.to_thread(self.look, body[0])
        self.content += body
        self.complete = not message["more_body"]


def send(source: Source, client: Client) -> None:
    async def run() -> None:
        with Store(memory_driver("threads")) as store:
            calls = StoreCalls(store, call_threads=2, transfer_threads=2)
            sender = ContentSender(ContentReader(calls, source.opened()), 200, [])
            await sender({}, client.receive, client.send)  # type: ignore[arg-type]

    asyncio.run(run())


def test_the_next_batch_is_read_while_one_is_sent() -> None:
    source = Source()
    missed: list[int] = []

    def look(number: int) -> None:
        if number + 1 < COUNT and not source.read[number + 1].wait(WAIT):
            missed.append(number)

    client = Client(look)
    send(source, client)
    assert not missed
    assert client.content == b"".join(bytes([number]) * BATCH_BYTES for number in range(COUNT))
    assert client.complete
    assert source.closed


def test_no_more_than_one_batch_is_read_ahead() -> None:
    source = Source()
    client = Client(lambda number: early.append(number) if any(r.is_set() for r in source.read[number + 2 :]) else None)
    early: list[int] = []
    send(source, client)
    assert not early


def test_what_was_read_goes_out_before_it_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(fails_at=2)
    client = Client(lambda _: None)
    send(source, client)
    assert len(client.content) == 2 * BATCH_BYTES
    assert not client.complete
    assert source.closed
    assert [record.levelname for record in caplog.records if record.name == "bucketry_http"] == ["WARNING"]


def test_a_client_that_cannot_be_sent_to_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    """Also where what is read ahead fails meanwhile."""
    source = Source(fails_at=1)

    def look(_: int) -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        send(source, Client(look))
    assert source.closed
    assert not [record for record in caplog.records if record.name == "asyncio"]


@pytest.mark.parametrize("how", ["scope", "task"])
def test_a_download_that_is_cancelled_while_it_is_read_is_closed(how: str) -> None:
    """The thread that reads is awaited: a generator cannot be closed while it runs."""
    source, begun, go = Source(), threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        begun.set()
        go.wait(WAIT)
        yield bytes(10)

    async def run() -> None:
        with Store(memory_driver("threads")) as store:
            calls = StoreCalls(store, call_threads=2, transfer_threads=2)
            opened = source.opened()
            reader = ContentReader(calls, OpenedObject(opened.info, slow()).on_close(opened.close))

            async def read() -> None:
                try:
                    await reader.next()
                finally:
                    await reader.close()

            with anyio.CancelScope() as scope:
                task = asyncio.ensure_future(read()) if how == "task" else None
                asyncio.get_running_loop().call_later(0.1, scope.cancel if task is None else task.cancel)
                asyncio.get_running_loop().call_later(0.2, go.set)
                with suppress(asyncio.CancelledError):
                    await (task or read())
            assert source.closed

    asyncio.run(run())
    assert begun.is_set()
