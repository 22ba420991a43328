"""`status` of a gateway that cannot be used. These tests use fake servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bucketry import AccessDenied, Store, Unavailable, open_store

SECRET = "the secret of a test"


def store_at(location: str, **more: object) -> Store:
    settings = {
        "access_key": "access",
        "secret_key": SECRET,
        "connect_timeout": 1.0,
        "read_timeout": 0.3,
        "retries": 0,
    }
    return open_store(f"rgw://{location}", settings=settings | more, environ={})


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serves one answer to everything; yields where."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refused(code: str) -> bytes:
    # As RGW writes it: without a message.
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message></Message></Error>'.encode()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, refused("NoSuchBucket"), "host name mismatch: the gateway takes 127.0.0.1"),
        (403, refused("RequestTimeTooSkewed"), "clocks"),
        (403, refused("InvalidAccessKeyId"), "does not know the access key"),
        (403, refused("SignatureDoesNotMatch"), "secret key is not the access key's"),
        (403, refused("UserSuspended"), "suspended"),
        (503, b"<html>no backend</html>", "no gateway answers behind the endpoint"),
        (200, b"<html>hello</html>", "not one of S3"),
        (500, refused("InternalError"), "InternalError"),
    ],
)
def test_the_reason_is_said(status: int, body: bytes, reason: str) -> None:
    with answering(status, body) as location, store_at(location) as store:
        answer = store.status()
    assert not answer.available
    assert reason in answer.detail
    assert SECRET not in answer.detail


def test_a_gateway_that_is_not_there_is_unreachable() -> None:
    with store_at("127.0.0.1:1") as store:
        answer = store.status()
    assert (answer.available, answer.endpoint) == (False, "http://127.0.0.1:1")
    assert "refused" in answer.detail


def test_a_gateway_that_never_answers_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        store_at(f"127.0.0.1:{silent.getsockname()[1]}", retries=5) as store,
    ):
        answer = store.status()
    assert not answer.available
    assert "does not answer within read_timeout" in answer.detail


def test_a_name_that_is_none_is_said_to_be_none() -> None:
    with store_at("no-such-host.invalid:7480") as store:
        assert "name cannot be resolved" in store.status().detail


def test_a_public_endpoint_is_what_clients_hear_of() -> None:
    with store_at("127.0.0.1:1", public_endpoint="https://s3.example.com/") as store:
        assert store.status().endpoint == "https://s3.example.com"


def test_errors_hold_no_url() -> None:
    with store_at("127.0.0.1:1") as store:
        for act in (
            store.list_buckets,
            lambda: store.list_objects("photos"),
            lambda: store.list_parts("b0b", "k", "u"),
        ):
            with pytest.raises(Unavailable) as caught:
                act()
            assert "http" not in str(caught.value)
            assert "Signature" not in str(caught.value)


def test_a_refusal_keeps_its_code() -> None:
    with answering(403, refused("RequestTimeTooSkewed")) as location, store_at(location) as store:
        for act in (store.list_buckets, lambda: store.list_objects("photos")):
            with pytest.raises(AccessDenied, match="clocks"):
                act()
