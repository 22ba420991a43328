"""A response whose head broke off is an error, whoever asks over these connections.

Where a test here fails after an update of Python or urllib3, ``bucketry_s3client.connections`` no longer reaches what
it has to reach: a response that breaks off inside its headers passes for a whole one, and metadata is lost for good.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import repeat
from pathlib import Path

import pytest
from bucketry_s3client import read_body
from bucketry_s3client.connections import WholeHeadPools
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError, ProtocolError

from tests.s3client.fake import Answer, Fake, Request, wired
from tests.servers.tls import certificate

HEAD = b'HTTP/1.1 200 OK\r\nETag: "x"\r\nx-amz-meta-a: first\r\nContent-Length: 123\r\n\r\n'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def answering(response: bytes | list[bytes], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Give this response to each connection, or one after the other, and close it."""
    given = iter(response) if isinstance(response, list) else repeat(response)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                _answer(listener.accept()[0], next(given), context)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _answer(connection: socket.socket, response: bytes, context: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        secured = connection if context is None else context.wrap_socket(connection, server_side=True)
        with secured:
            while not secured.recv(65536).endswith(b"\r\n\r\n"):
                pass
            secured.sendall(response)


def test_a_closed_client_has_no_connection() -> None:
    with wired(lambda _: Answer(200, b"x")) as (_, client):
        client.request("GET", "bucket", "key")
        client.request_small("GET", "bucket", "key")
        kept = client._pool.pool
        assert kept is not None
        (connection,) = [each for each in kept.queue if each is not None]
        client.close()
        assert connection.sock is None
        assert not client._quick


def heads(manager: PoolManager, url: str) -> dict[str, str]:
    response = manager.request("HEAD", url, retries=False, timeout=5.0)
    return dict(response.headers)


def test_pythons_own_connections_take_the_end_of_the_connection_for_the_end_of_the_head() -> None:
    # Once this fails, Python finds it out itself, and the module is not needed any more.
    with answering(HEAD[:-10]) as location, PoolManager() as manager:
        assert heads(manager, f"http://{location}/")["x-amz-meta-a"] == "first"


@pytest.mark.parametrize("cut", range(len(HEAD)))
def test_a_head_that_breaks_off_is_an_error(cut: int) -> None:
    with (
        answering(HEAD[:cut]) as location,
        WholeHeadPools() as manager,
        pytest.raises(ProtocolError),
    ):
        heads(manager, f"http://{location}/")


@pytest.mark.parametrize("head", [HEAD, HEAD.replace(b"\r\n", b"\n"), b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD])
def test_a_whole_head_is_none(head: bytes) -> None:
    with answering(head) as location, WholeHeadPools() as manager:
        assert heads(manager, f"http://{location}/") == {
            "ETag": '"x"',
            "x-amz-meta-a": "first",
            "Content-Length": "123",
        }


@pytest.mark.parametrize("cut", [5, 15, 25, 40])
def test_a_head_that_breaks_off_after_continue_is_an_error(cut: int) -> None:
    response = b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD
    with answering(response[:cut]) as location, WholeHeadPools() as manager, pytest.raises(ProtocolError):
        heads(manager, f"http://{location}/")


def test_a_line_that_is_no_header_is_an_error_since_those_behind_it_are_lost() -> None:
    broken = HEAD.replace(b"x-amz-meta-a: ", b"x-amz-meta-a\r\nb: ")
    with answering(broken) as location, WholeHeadPools() as manager, pytest.raises(ProtocolError):
        heads(manager, f"http://{location}/")


def test_an_object_may_have_more_metadata_than_python_takes_headers() -> None:
    metadata = b"".join(b"x-amz-meta-%d: %d\r\n" % (number, number) for number in range(600))
    with answering(HEAD[:-2] + metadata + b"\r\n") as location, WholeHeadPools() as manager:
        assert heads(manager, f"http://{location}/")["x-amz-meta-599"] == "599"


def test_headers_without_end_are_an_error() -> None:
    headers = b"".join(b"x-amz-meta-%d: %d\r\n" % (number, number) for number in range(1100))
    with answering(HEAD[:-2] + headers + b"\r\n") as location, WholeHeadPools() as manager, pytest.raises(HTTPError):
        heads(manager, f"http://{location}/")


def test_over_tls_it_is_an_error_too(tmp_path: Path) -> None:
    ca_file, chain, key = certificate(tmp_path, "127.0.0.1")
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    trust = ssl.create_default_context(cafile=str(ca_file))
    for cut in (len(HEAD), len(HEAD) - 2, len(HEAD) - 30):
        with answering(HEAD[:cut], context) as location, WholeHeadPools(ssl_context=trust) as manager:
            if cut == len(HEAD):
                assert heads(manager, f"https://{location}/")["x-amz-meta-a"] == "first"
            else:
                with pytest.raises(ProtocolError):
                    heads(manager, f"https://{location}/")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5\r\nhel",
        b"5\r\nhello\r\n",
        b"5\r\nhello\r\n00",  # as of "00f\r\n"
        b"5\r\nhello\r\n0\r\n",
        b"5\r\nhello\r\n0\r\ntrail",
    ],
    ids=repr,
)
def test_chunks_that_break_off_are_an_error_also_within_their_sizes(body: bytes) -> None:
    with (
        answering(CHUNKED + body) as location,
        closing(Fake(location).client(retries=0)) as client,
        pytest.raises(HTTPError),
    ):
        client.request("GET", "bucket", "key")


def test_chunks_that_end_are_whole() -> None:
    with (
        answering(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n") as location,
        closing(Fake(location).client(retries=0)) as client,
    ):
        assert client.request("GET", "bucket", "key")[1] == b"hello"


@pytest.mark.parametrize(
    ("body", "is_whole"), [(b"", False), (b"text", False), (b"<a><b>", False), (b"<a/>", True), (b"<a/>\n", True)]
)
def test_a_body_that_ends_with_the_connection_is_whole_only_where_it_shows_that(body: bytes, is_whole: bool) -> None:
    for status in (b"200 OK", b"404 Not Found"):
        response = b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n\r\n" + body
        with answering(response) as location, closing(Fake(location).client(retries=0)) as client:
            answer = client.open_unsigned("GET", "/", {})
            if is_whole:
                assert read_body(answer) == body
            else:
                with pytest.raises(ProtocolError):
                    read_body(answer)


def test_a_request_whose_response_broke_off_inside_its_head_is_sent_again_where_that_does_no_harm() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"
    with answering([whole[:20], whole[:3], whole]) as location, closing(Fake(location).client(retries=2)) as client:
        assert client.request("GET", "bucket", "key")[1] == b"done"
    with (
        answering([whole[:20], whole]) as location,
        closing(Fake(location).client(retries=2)) as client,
        pytest.raises(HTTPError),
    ):
        client.request("POST", "bucket", "key", repeatable=False)


def test_connections_beyond_those_that_are_kept_are_closed_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    # urllib3 logs a warning for each of them, and a server under load has many.
    together = threading.Barrier(4)

    def respond(_: Request) -> Answer:
        together.wait(30)
        return Answer(200, b"x")

    with caplog.at_level("DEBUG", "urllib3"), wired(respond, max_connections=1) as (_fake, client):
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda _: client.request("GET", "bucket")[1], range(4))) == [b"x"] * 4
        pool = client.pools.connection_from_url(client.endpoint)
        assert pool.num_connections == 4
        assert pool.pool is not None
        assert pool.pool.qsize() == 1
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
