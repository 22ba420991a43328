"""JSON bodies that do not come in one piece."""

from __future__ import annotations

import http.client
import json

from bucketry import Store
from bucketry.hookspecs import DriverSpec

from tests.http.serving import API, WAIT, connect, running

JSON = {"Content-Type": "application/json"}
HEAD = f"POST {API}/buckets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_a_body_may_come_in_many_pieces(driver: DriverSpec) -> None:
    keys = [f"k/{number}" for number in range(100)]
    body = json.dumps({"keys": keys}).encode()
    with Store(driver) as store:
        store.create_bucket("my-assets")
        store.put_object("my-assets", "k/99", b"")
        with running(store) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
            pieces = (body[start : start + 10] for start in range(0, len(body), 10))
            connection.request("POST", f"{API}/buckets/my-assets/objects/delete", pieces, JSON)
            response = connection.getresponse()
            assert (response.status, json.loads(response.read())) == (200, {"deleted": keys, "failed": []})
            connection.close()
        assert store.list_objects("my-assets").objects == ()


def test_a_body_that_grows_too_large_is_refused(driver: DriverSpec) -> None:
    with Store(driver) as store, running(store) as port, connect(port) as client:
        client.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(5):
            client.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_silent_body_is_given_up(driver: DriverSpec) -> None:
    head = f"{HEAD}Connection: close\r\nContent-Length: 10\r\n\r\n"
    with Store(driver) as store, running(store, idle_seconds=0.1) as port, connect(port) as client:
        client.sendall(head.encode() + b"{")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in answer
