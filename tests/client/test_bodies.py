"""Bodies of every kind are sent as they are read, and those that fail store nothing."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import bucketry
import pytest
from bucketry_client import AsyncClient, Client
from bucketry_testing import RestServer

from tests.client.facade import Facade
from tests.client.scripted import json, scripted

STORED = json({"key": "k", "size_bytes": 1, "content_type": "a/b", "last_modified": "2024-01-15T10:30:00Z"}, 201)


def pieces(*sizes: int) -> Iterator[bytes]:
    for size in sizes:
        yield bytes(size)


def failing() -> Iterator[bytes]:
    yield b"1"
    raise ValueError("no more")


def _in_pieces(content: bytes) -> list[bytes]:
    return [content[:1], b"", content[1:]]


@pytest.mark.parametrize("source", [bytes, bytearray, memoryview, io.BytesIO, _in_pieces])
def test_every_source_is_sent(client: Client, bucket: str, source: Any) -> None:
    assert client.put_object(bucket, "key", source(b"12")).size_bytes == 2
    assert client.get_object(bucket, "key").read() == b"12"


def test_a_known_length_is_declared(make: Facade) -> None:
    with scripted(STORED) as server:
        client = make(server.url)
        client.put_object("b", "k", pieces(3, 4), length=7)
        client.put_object("b", "k", pieces(3, 4))
        declared, chunked = server.asked
    assert (declared.headers["content-length"], declared.body) == ("7", bytes(7))
    assert (chunked.headers["transfer-encoding"], chunked.body) == ("chunked", bytes(7))
    assert "content-length" not in chunked.headers


@pytest.mark.parametrize("length", [6, 8])
def test_another_length_than_declared_stores_nothing(
    client: Client, rest: RestServer, bucket: str, length: int
) -> None:
    with pytest.raises(bucketry.IncompleteBody):
        client.put_object(bucket, "key", pieces(3, 4), length=length)
    assert not rest.store.list_objects(bucket).objects


def test_a_source_that_fails_stores_nothing(client: Client, rest: RestServer, bucket: str) -> None:
    with pytest.raises(bucketry.IncompleteBody) as raised:
        client.put_object(bucket, "key", failing())
    assert isinstance(raised.value.__cause__, ValueError)
    assert not rest.store.list_objects(bucket).objects


@pytest.mark.parametrize("source", ["text", 1, None, {"a": b"1"}])
def test_no_other_source_is_taken(client: Client, bucket: str, source: Any) -> None:
    with pytest.raises(bucketry.InvalidArgument):
        client.put_object(bucket, "key", source)


def test_pieces_of_text_are_refused(client: Client, rest: RestServer, bucket: str) -> None:
    with pytest.raises(bucketry.InvalidArgument, match="binary"):
        client.put_object(bucket, "key", io.StringIO("text"))  # type: ignore[arg-type]
    assert not rest.store.list_objects(bucket).objects


def test_a_piece_that_is_nothing_is_no_end(client: Client, rest: RestServer, bucket: str) -> None:
    with pytest.raises(bucketry.InvalidArgument, match="NoneType"):
        client.put_object(bucket, "key", iter([b"1", None, b"2"]))  # type: ignore[arg-type]
    assert not rest.store.list_objects(bucket).objects


async def later() -> AsyncIterator[bytes]:
    yield b"1"
    await anyio.lowlevel.checkpoint()
    yield b"2"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_asynchronous_sources_are_sent(rest: RestServer, bucket: str, tmp_path: Path, backend: str) -> None:
    (tmp_path / "file").write_bytes(b"file")

    async def put() -> None:
        async with AsyncClient(rest.url) as client, await anyio.open_file(tmp_path / "file", "rb") as file:
            await client.put_object(bucket, "pieces", later())
            await client.put_object(bucket, "file", file)

    anyio.run(put, backend=backend)
    assert rest.store.get_object(bucket, "pieces").read() == b"12"
    assert rest.store.get_object(bucket, "file").read() == b"file"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_put_stores_nothing(rest: RestServer, bucket: str, backend: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1000)
            await anyio.sleep(0.01)

    async def cancel() -> None:
        async with AsyncClient(rest.url) as client:
            with anyio.move_on_after(0.2):
                await client.put_object(bucket, "key", endless())
            assert (await client.get_live()).status == "live"

    anyio.run(cancel, backend=backend)
    assert not rest.store.list_objects(bucket).objects


def test_the_waiting_client_takes_nothing_asynchronous(rest: RestServer, bucket: str) -> None:
    with Client(rest.url) as client, pytest.raises(bucketry.InvalidArgument, match="AsyncClient"):
        client.put_object(bucket, "key", later())
    assert not rest.store.list_objects(bucket).objects
