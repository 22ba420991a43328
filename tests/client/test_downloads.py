"""Downloads go on where they broke off, and never with bytes of another version."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import anyio
import bucketry
import pytest
from bucketry import ByteRange, VersioningSettings
from bucketry_client import AsyncClient, Client, Trying
from bucketry_testing import RestServer

from tests.client.facade import Facade
from tests.client.scripted import Answer, Asked, scripted
from tests.faults.proxy import WHOLE, Fault, FaultProxy

CONTENT = os.urandom(3_000_000)
CUT = Fault(name="cut", responses=700_000)
RESET = Fault(name="reset", responses=700_000, resets=True)


@pytest.fixture
def proxy(rest: RestServer) -> Iterator[FaultProxy]:
    with FaultProxy(urlsplit(rest.url).netloc) as started:
        yield started


def through(make: Facade, proxy: FaultProxy, **trying: int) -> Client:
    return make(f"http://{proxy.location}", trying=Trying(**trying))


@pytest.mark.parametrize("fault", [CUT, RESET], ids=["cut", "reset"])
def test_a_download_goes_on_after_each_break(
    make: Facade, rest: RestServer, bucket: str, proxy: FaultProxy, fault: Fault
) -> None:
    rest.store.put_object(bucket, "key", CONTENT)
    proxy.fault = fault
    with through(make, proxy, resumes=20).get_object(bucket, "key") as opened:
        assert opened.read() == CONTENT
    assert proxy.struck >= 4


def test_so_does_that_of_a_range(make: Facade, rest: RestServer, bucket: str, proxy: FaultProxy) -> None:
    rest.store.put_object(bucket, "key", CONTENT)
    proxy.fault = CUT
    with through(make, proxy, resumes=20).get_object(bucket, "key", range=ByteRange(1_000_000, 2_900_000)) as opened:
        assert b"".join(opened) == CONTENT[1_000_000:2_900_001]
    assert proxy.struck >= 2


def test_breaks_are_bounded(make: Facade, rest: RestServer, bucket: str, proxy: FaultProxy) -> None:
    rest.store.put_object(bucket, "key", CONTENT)
    proxy.fault = CUT
    opened = through(make, proxy, resumes=2).get_object(bucket, "key")
    with pytest.raises(bucketry.Unavailable):
        opened.read()
    assert proxy.struck == 3


def test_another_object_in_its_place_is_an_error(
    make: Facade, rest: RestServer, bucket: str, proxy: FaultProxy
) -> None:
    rest.store.put_object(bucket, "key", CONTENT)
    proxy.fault = CUT
    pieces = iter(through(make, proxy).get_object(bucket, "key"))
    first = next(pieces)
    rest.store.put_object(bucket, "key", bytes(len(CONTENT)))
    read = [first]
    with pytest.raises(bucketry.Unavailable, match="another version"):
        read.extend(pieces)
    assert CONTENT.startswith(b"".join(read))


def test_the_older_version_is_read_to_its_end(make: Facade, rest: RestServer, bucket: str, proxy: FaultProxy) -> None:
    rest.store.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    rest.store.put_object(bucket, "key", CONTENT)
    proxy.fault = CUT
    pieces = iter(through(make, proxy, resumes=20).get_object(bucket, "key"))
    first = next(pieces)
    rest.store.put_object(bucket, "key", b"new")
    proxy.fault = WHOLE
    assert first + b"".join(pieces) == CONTENT


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_loops_may_be_left(rest: RestServer, bucket: str, backend: str) -> None:
    rest.store.put_object(bucket, "key", CONTENT)

    async def leave() -> None:
        async with AsyncClient(rest.url) as client:
            async for listed in client.iter_objects(bucket):
                assert listed.key == "key"
                break
            async with await client.get_object(bucket, "key") as opened:
                async for piece in opened:
                    assert CONTENT.startswith(piece)
                    break
            gc.collect()

    anyio.run(leave, backend=backend)


def test_a_closed_download_cannot_be_read(client: Client, rest: RestServer, bucket: str) -> None:
    rest.store.put_object(bucket, "key", CONTENT)
    with client.get_object(bucket, "key") as opened:
        pass
    with pytest.raises(bucketry.InvalidArgument):
        opened.read()


def part(first: int, last: int, body: bytes, *, etag: str = '"e"', size: int = 10) -> Answer:
    return Answer(status=206, headers={"content-range": f"bytes {first}-{last}/{size}", "etag": etag}, body=body)


def broken(_: Asked) -> Answer:
    return Answer(headers={"content-length": "10", "etag": '"e"'}, body=b"01234")


WRONG_RESTS = {
    "other bytes": part(4, 9, b"456789"),
    "fewer bytes than it says": part(5, 9, b"5678"),
    "another etag": part(5, 9, b"56789", etag='"f"'),
    "another size": part(5, 9, b"56789", size=11),
    "the whole object": Answer(headers={"etag": '"e"'}, body=b"0123456789"),
}


@pytest.mark.parametrize("rest", WRONG_RESTS.values(), ids=WRONG_RESTS)
def test_a_rest_that_does_not_fit_is_refused(make: Facade, rest: Answer) -> None:
    with scripted(broken, rest) as server:
        opened = make(server.url, trying=Trying(resumes=1)).get_object("bucket", "key")
        with pytest.raises((bucketry.BackendError, bucketry.Unavailable)):
            opened.read()
    assert (server.asked[1].headers["range"], server.asked[1].headers["if-match"]) == ("bytes=5-9", '"e"')


def test_a_rest_that_fits_is_taken(make: Facade) -> None:
    with scripted(broken, part(5, 9, b"56789")) as server:
        assert make(server.url).get_object("bucket", "key").read() == b"0123456789"


SURPLUS = {
    "behind the content": ("5", b"5\r\n01234\r\n3\r\nabc\r\n0\r\n\r\n"),
    "in its last piece": ("5", b"8\r\n01234abc\r\n0\r\n\r\n"),
    "behind no content": ("0", b"3\r\nabc\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize(("length", "body"), SURPLUS.values(), ids=SURPLUS)
def test_more_bytes_than_the_length_says_are_refused(make: Facade, length: str, body: bytes) -> None:
    answer = Answer(headers={"content-length": length, "transfer-encoding": "chunked", "etag": '"e"'}, body=body)
    with scripted(answer) as server, pytest.raises(bucketry.BackendError, match="more bytes than it says"):
        make(server.url).get_object("bucket", "key").read()


def test_without_an_etag_nothing_is_resumed(make: Facade) -> None:
    with scripted(Answer(headers={"content-length": "10"}, body=b"01234")) as server:
        with pytest.raises(bucketry.Unavailable):
            make(server.url).get_object("bucket", "key").read()
        assert len(server.asked) == 1


WRONG_PARTS = {
    "a part of what was asked for whole": (None, part(0, 4, b"01234")),
    "other bytes": (ByteRange(0, 4), part(5, 9, b"56789")),
    "fewer bytes": (ByteRange(0, 4), part(0, 3, b"0123")),
    "a part of too small an object": (ByteRange(20, 24), part(0, 4, b"01234")),
}


@pytest.mark.parametrize(("asked", "answer"), WRONG_PARTS.values(), ids=WRONG_PARTS)
def test_other_bytes_than_were_asked_for_are_refused(make: Facade, asked: ByteRange | None, answer: Answer) -> None:
    with scripted(answer) as server, pytest.raises(bucketry.BackendError, match="other bytes"):
        make(server.url).get_object("bucket", "key", range=asked)


def test_the_last_bytes_are_what_was_asked_for(make: Facade) -> None:
    with scripted(part(7, 9, b"789")) as server:
        assert make(server.url).get_object("bucket", "key", range=ByteRange(None, 3)).read() == b"789"
