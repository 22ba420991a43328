"""HTTP to the letter, on both ports: what a head must have, and what clients of an older version can read."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from bucketry import Store
from bucketry_http import Listener, RestSettings, S3Rights, S3Settings, Server, create_app, create_s3_app

from tests.http.conftest import memory_driver
from tests.http.raw_requests import answers
from tests.http.serving import API, WAIT, connect

STATUSES = re.compile(rb"HTTP/1\.1 (\d+) ")


@contextmanager
def both_ports(store: Store) -> Iterator[dict[str, int]]:
    """Serves REST and S3, where anybody may do everything, side by side."""
    ready = threading.Event()
    apps = {
        "rest": create_app(store, RestSettings(allowed_hosts=("*",))),
        "s3": create_s3_app(store, S3Settings(anonymous=S3Rights(), allowed_hosts=("*",))),
    }
    server = Server([Listener(app, port=0) for app in apps.values()], lambda _: ready.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield {name: urlsplit(url).port or 0 for name, url in zip(apps, server.urls, strict=True)}
    finally:
        server.stop()
        thread.join()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store(memory_driver("inline")) as opened:
        opened.create_bucket("my-assets")
        yield opened


@pytest.fixture(scope="module")
def ports(store: Store) -> Iterator[dict[str, int]]:
    with both_ports(store) as found:
        yield found


@pytest.fixture(params=["rest", "s3"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def port(ports: dict[str, int], name: str) -> int:
    return ports[name]


def target_of(name: str, path: str = "") -> str:
    return f"{API}/buckets/my-assets/objects{path}" if name == "rest" else f"/my-assets{path}"


def ask(port: int, head: str, body: bytes = b"") -> tuple[int, bytes, bytes]:
    """Sends bytes as they are; returns the first response's status, its head in lower case, and all after it."""
    with connect(port) as client:
        client.sendall(head.encode("latin-1") + body)
        said = answers(client)
    head_said, _, rest = said.partition(b"\r\n\r\n")
    found = STATUSES.match(said)
    return int(found[1]) if found else 0, head_said.lower(), rest


HOSTS = {
    "missing": "",
    "twice": "Host: x\r\nHost: x\r\n",
    "two names": "Host: x\r\nHost: y\r\n",
    "a blank in it": "Host: x y\r\n",
    "a list": "Host: x, y\r\n",
    "a path": "Host: x/y\r\n",
    "a user": "Host: u@x\r\n",
    "no port": "Host: x:http\r\n",
    "not ASCII": "Host: \xfcber\r\n",
}
GOOD_HOSTS = ["x", "x:80", "x:", "", "[::1]", "[::1]:9000", "a_b.example", "127.0.0.1:1", "X.EXAMPLE"]


@pytest.mark.parametrize("lines", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_request_names_one_host(port: int, name: str, lines: str, version: str) -> None:
    status, head, _ = ask(port, f"GET {target_of(name)} HTTP/{version}\r\n{lines}Connection: close\r\n\r\n")
    # HTTP/1.0 knew no Host.
    assert status == (200 if (version, lines) == ("1.0", "") else 400)
    assert b"connection: close" in head


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_every_form_of_a_host_is_taken(port: int, name: str, host: str) -> None:
    assert ask(port, f"GET {target_of(name)} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")[0] == 200


@pytest.mark.parametrize("path", ["#", "/a#b", "?prefix=#", "/#"])
def test_a_target_has_no_fragment(port: int, name: str, path: str, store: Store) -> None:
    store.put_object("my-assets", "a", b"1")
    target = target_of(name, path)
    assert ask(port, f"DELETE {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[0] == 400
    assert store.head_object("my-assets", "a").size_bytes == 1


def test_an_absolute_target_names_the_host(ports: dict[str, int], store: Store) -> None:
    """The header does not count then (RFC 9112, 3.2.2): the bucket is that of the target's host."""
    store.put_object("my-assets", "a", b"here")
    request = "GET http://LOCALHOST/my-assets/a HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n"
    assert ask(ports["s3"], request)[::2] == (200, b"here")


@pytest.mark.parametrize("target", ["http://x", "http://x:", "http://x:80?", "HTTPS://[::1]:9000?", "http://x/?"])
def test_an_absolute_target_may_have_no_path(port: int, target: str) -> None:
    """It stands for ``/`` then (RFC 9110, 4.2.3)."""
    status, root = (
        ask(port, f"GET {form} HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")[0] for form in (target, "/")
    )
    assert status == root != 400


def test_an_absolute_target_keeps_its_query(ports: dict[str, int], store: Store) -> None:
    store.put_object("my-assets", "a", b"here")
    for query, keys in [("prefix=a", 1), ("prefix=http://x/%3F", 0)]:
        request = f"GET http://x:/my-assets?{query} HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n"
        status, _, listing = ask(ports["s3"], request)
        assert (status, listing.count(b"<Key>a</Key>")) == (200, keys)


@pytest.mark.parametrize(
    "target", ["http:///a", "http://:80/a", "http://?a", "ftp://x/a", "x:80", "http://u@x/a", "http://[x/a", "*", "?a"]
)
def test_another_form_of_target_is_refused(port: int, target: str) -> None:
    assert ask(port, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[0] == 400


CODINGS = ["gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked;q=1", "x"]


@pytest.mark.parametrize(
    "coding", [*CODINGS, "chunked\r\nTransfer-Encoding: chunked", "gzip\r\nTransfer-Encoding: chunked"]
)
def test_chunked_is_the_only_transfer_encoding(port: int, name: str, store: Store, coding: str) -> None:
    head = f"PUT {target_of(name, '/b')} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {coding}\r\n\r\n"
    status, said, rest = ask(port, head, b"1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (status, STATUSES.search(rest)) == (501, None)
    assert b"connection: close" in said
    assert "b" not in {info.key for info in store.iter_objects("my-assets")}


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED", "  chunked  ", "\tchunked"])
def test_chunks_are_taken_in_any_case(ports: dict[str, int], store: Store, coding: str) -> None:
    head = (
        f"PUT {target_of('rest', '/c')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: {coding}\r\n\r\n"
    )
    assert ask(ports["rest"], head, b"3\r\nabc\r\n0\r\n\r\n")[0] == 201
    assert store.head_object("my-assets", "c").size_bytes == 3


@pytest.mark.parametrize(
    ("lines", "version", "status"),
    [
        ("Transfer-Encoding: \r\n", "1.1", 400),
        ("Transfer-Encoding: chunked\t\r\n", "1.1", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "1.1", 400),
        ("Content-Length: 3\r\nContent-Length: 3\r\n", "1.1", 400),
        ("Content-Length: 3, 3\r\n", "1.1", 400),
        ("Content-Length: 99999999999999999999999\r\n", "1.1", 400),
        ("Transfer-Encoding: chunked\r\n", "1.0", 400),
        ("", "2.0", 505),
        ("", "0.9", 505),
        ("", "1.7", 400),
    ],
)
def test_a_body_without_a_sure_end_is_refused(port: int, name: str, lines: str, version: str, status: int) -> None:
    head = f"PUT {target_of(name, '/d')} HTTP/{version}\r\nHost: x\r\n{lines}\r\n"
    assert ask(port, head, b"3\r\nabc\r\n0\r\n\r\n")[0] == status


def test_what_is_refused_says_what_to_do(ports: dict[str, int]) -> None:
    problem = json.loads(ask(ports["rest"], "GET / HTTP/1.1\r\n\r\n")[2])
    assert (problem["code"], problem["status"]) == ("malformed_request", 400)
    assert problem["detail"] == "The header Host is missing: every HTTP/1.1 request has it."
    document = ask(ports["s3"], "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n")[2]
    assert b"<Code>NotImplemented</Code>" in document
    assert b"send that, or none" in document


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("NONE / HTTP/1.1\r\nHost: x", "send a request as in RFC 9112"),
        ("GET / HTTP/1.1\r\nHost: x\r\nno header", "send a request as in RFC 9112"),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\t", "has a tab"),
        ("CONNECT x:80 HTTP/1.1\r\nHost: x", "is not a proxy"),
        (f"GET /{'a' * 20_000} HTTP/1.1\r\nHost: x", "may have 16384 bytes"),
        ("GET / HTTP/1.1\r\nHost: x" + "\r\na: b" * 1_001, "may have 1000 headers"),
        ("GET / HTTP/1.1\r\nHost: x\r\na: " + "b" * 70_000, "65536 bytes"),
    ],
)
def test_a_refusal_is_in_words_of_its_own(port: int, lines: str, words: str) -> None:
    """Python has a description for each status, which says neither what is wrong here nor what to do."""
    status, _, document = ask(port, f"{lines}\r\n\r\n")
    assert words.encode() in document
    assert HTTPStatus(status).description.encode() not in document


@pytest.mark.parametrize("value", ["private ", "private\t", " \t private \t "])
def test_blanks_around_a_value_are_no_part_of_it(ports: dict[str, int], store: Store, value: str) -> None:
    head = (
        f"PUT /my-assets/e HTTP/1.1\r\nHost: x \r\nConnection: close \r\nContent-Length: 1 \r\nx-amz-acl: {value}\r\n"
    )
    assert ask(ports["s3"], head + "x-amz-meta-h: a  b \t\r\nContent-Type:\ttext/plain \r\n\r\n", b"1")[0] == 200
    info = store.head_object("my-assets", "e")
    assert (info.metadata, info.content_type) == ({"h": "a  b"}, "text/plain")


@pytest.mark.parametrize("connection", ["", "Connection: keep-alive\r\n"])
def test_an_old_client_gets_no_chunks(port: int, name: str, connection: str) -> None:
    """Neither with a stream of unknown length, nor with a known one, nor with an error."""
    for path, expected in [("", 200), ("/none", 404)]:
        status, head, body = ask(port, f"GET {target_of(name, path)} HTTP/1.0\r\nHost: x\r\n{connection}\r\n")
        assert status == expected
        assert b"transfer-encoding" not in head
        assert b"connection: close" in head
        if name == "rest":
            json.loads(body)
        else:
            assert body.startswith(b"<")
            assert body.endswith(b">")


def test_an_old_client_gets_a_long_listing_whole(ports: dict[str, int], store: Store) -> None:
    store.create_bucket("many-keys")
    for number in range(2500):
        store.put_object("many-keys", f"{number:04}", b"")
    _, head, body = ask(ports["rest"], f"GET {API}/buckets/many-keys/objects HTTP/1.0\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert len(json.loads(body)) == 2500


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_old_client_may_look(port: int, name: str, method: str, store: Store) -> None:
    store.put_object("my-assets", "f", b"content")
    status, head, body = ask(port, f"{method} {target_of(name, '/f')} HTTP/1.0\r\n\r\n")
    assert (status, body) == (200, b"content" if method == "GET" else b"")
    assert b"content-length: 7" in head


def test_an_old_client_is_not_told_to_go_on(port: int, name: str, store: Store) -> None:
    head = f"PUT {target_of(name, '/g')} HTTP/1.0\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with connect(port) as client:
        client.sendall(head.encode())
        # What it may have said by then is no 100.
        time.sleep(0.3)
        client.sendall(b"abc")
        assert re.match(rb"HTTP/1\.1 20[01] ", answers(client))
    assert store.head_object("my-assets", "g").size_bytes == 3


def test_a_request_has_a_bounded_number_of_headers(port: int, name: str) -> None:
    for count, expected in [(900, 200), (1100, 431)]:
        lines = "".join(f"X-{number}: x\r\n" for number in range(count))
        head = f"GET {target_of(name)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n"
        assert ask(port, head)[0] == expected
