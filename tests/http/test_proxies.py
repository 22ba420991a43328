"""What trusted proxies say of a request, and what nobody else may say."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from bucketry import InvalidSettings
from bucketry.sigv4 import Credentials, Presigner
from bucketry_http import Listener, S3Settings, Server, ServerSettings, create_s3_app
from bucketry_http.server.proxies import TrustedProxies
from bucketry_http.server.request_head import BadHead

from tests.http.s3.serving import CREDENTIAL, memory_store
from tests.http.serving import WAIT, connect

PROXY = ("10.0.0.1", 4711)
CLIENT = "192.0.2.60"


def headers(**named: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"host", b"inner:8000"),
        *((name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in named.items()),
    ]


def see(*networks: str, **named: str) -> tuple[Any, str, bytes]:
    seen = TrustedProxies(networks or ("10.0.0.0/8",)).see(headers(**named), PROXY, "http")
    hosts = [value for name, value in seen.headers if name == b"host"]
    assert len(hosts) == 1
    return seen.client, seen.scheme, hosts[0]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({}, (PROXY, "http", b"inner:8000")),
        ({"accept": "x"}, (PROXY, "http", b"inner:8000")),
        ({"x_forwarded_for": CLIENT}, ((CLIENT, 0), "http", b"inner:8000")),
        ({"x_forwarded_for": f"{CLIENT}:99"}, ((CLIENT, 99), "http", b"inner:8000")),
        ({"x_forwarded_for": "2001:db8::7"}, (("2001:db8::7", 0), "http", b"inner:8000")),
        ({"x_forwarded_for": "[2001:db8::7]:99"}, (("2001:db8::7", 99), "http", b"inner:8000")),
        ({"x_forwarded_for": "::ffff:192.0.2.60"}, ((CLIENT, 0), "http", b"inner:8000")),
        ({"x_forwarded_proto": "https"}, (PROXY, "https", b"inner:8000")),
        ({"x_forwarded_proto": "HTTPS"}, (PROXY, "https", b"inner:8000")),
        ({"x_forwarded_host": "s3.example.com"}, (PROXY, "http", b"s3.example.com")),
        (
            {"x_forwarded_for": CLIENT, "x_forwarded_proto": "https", "x_forwarded_host": "s3.example.com:444"},
            ((CLIENT, 0), "https", b"s3.example.com:444"),
        ),
        # Its client made up the first address.
        ({"x_forwarded_for": f"127.0.0.1, {CLIENT}"}, ((CLIENT, 0), "http", b"inner:8000")),
        ({"x_forwarded_for": f"nonsense, {CLIENT}"}, ((CLIENT, 0), "http", b"inner:8000")),
        # Two proxies: the second one, too, is trusted.
        ({"x_forwarded_for": f"1.1.1.1, {CLIENT}, 10.2.3.4"}, ((CLIENT, 0), "http", b"inner:8000")),
        ({"x_forwarded_for": "10.2.3.5, 10.2.3.4"}, (("10.2.3.5", 0), "http", b"inner:8000")),
        # Each adds the scheme that it saw, or one replaces it.
        (
            {"x_forwarded_for": f"{CLIENT}, 10.2.3.4", "x_forwarded_proto": "https, http"},
            ((CLIENT, 0), "https", b"inner:8000"),
        ),
        (
            {"x_forwarded_for": f"{CLIENT}, 10.2.3.4", "x_forwarded_proto": "https"},
            ((CLIENT, 0), "https", b"inner:8000"),
        ),
        # The client made up a scheme, and the only proxy added its own.
        ({"x_forwarded_for": CLIENT, "x_forwarded_proto": "https, http"}, ((CLIENT, 0), "http", b"inner:8000")),
        ({"x_forwarded_for": " , "}, (PROXY, "http", b"inner:8000")),
        ({"forwarded": f"for={CLIENT};proto=https;host=s3.example.com"}, ((CLIENT, 0), "https", b"s3.example.com")),
        (
            {"forwarded": f'For="{CLIENT}:99" ; by=10.0.0.1;Proto=https; Host="s3.example.com:444"'},
            ((CLIENT, 99), "https", b"s3.example.com:444"),
        ),
        ({"forwarded": 'for="[2001:db8::7]:99"'}, (("2001:db8::7", 99), "http", b"inner:8000")),
        (
            {"forwarded": f"for=1.1.1.1;proto=https, for={CLIENT};proto=http, for=10.2.3.4;proto=https"},
            ((CLIENT, 0), "http", b"inner:8000"),
        ),
        ({"forwarded": "for=_hidden;proto=https"}, (None, "https", b"inner:8000")),
        ({"forwarded": "for=unknown"}, (None, "http", b"inner:8000")),
        ({"forwarded": "proto=https"}, (None, "https", b"inner:8000")),
        ({"forwarded": f"for=1.1.1.1, for={CLIENT}, for=10.2.3.4, for=10.2.3.5"}, ((CLIENT, 0), "http", b"inner:8000")),
    ],
)
def test_what_a_proxy_says_counts(named: dict[str, str], expected: tuple[Any, str, bytes]) -> None:
    assert see(**named) == expected


def test_a_network_of_mapped_addresses_is_one_of_version_4() -> None:
    trusted = TrustedProxies(["::ffff:10.0.0.0/104", "::ffff:192.0.2.7"])
    assert all(map(trusted.include, [("10.1.2.3", 1), ("::ffff:10.1.2.3", 1), ("192.0.2.7", 1)]))
    assert not any(map(trusted.include, [("11.1.2.3", 1), ("192.0.2.8", 1), ("::10.0.0.1", 1)]))


@pytest.mark.parametrize(
    "named",
    [
        {"x_forwarded_for": "nonsense"},
        {"x_forwarded_for": f"{CLIENT}, nonsense"},
        {"x_forwarded_for": f"{CLIENT}:99999"},
        {"x_forwarded_for": "[2001:db8::7"},
        {"x_forwarded_for": f"{CLIENT}:x"},
        {"x_forwarded_for": f"{CLIENT}:{'0' * 5000}"},
        {"x_forwarded_for": "fe80::1%eth0"},
        {"x_forwarded_for": "[fe80::1%a text]:80"},
        {"x_forwarded_for": ", ".join([CLIENT, *["10.2.3.4"] * 33])},
        {"forwarded": ", ".join([f"for={CLIENT}", *["for=10.2.3.4"] * 33])},
        {"x_forwarded_proto": "gopher"},
        {"x_forwarded_host": "a b"},
        {"x_forwarded_host": "a/b"},
        {"x_forwarded_for": CLIENT, "forwarded": f"for={CLIENT}"},
        {"forwarded": "for"},
        {"forwarded": "for="},
        {"forwarded": f"for={CLIENT};for={CLIENT}"},
        {"forwarded": f"for={CLIENT} proto=https"},
        {"forwarded": 'for="192.0.2.60'},
        {"forwarded": "for=nonsense"},
        {"forwarded": f"for={CLIENT};proto=gopher"},
        {"forwarded": f'for={CLIENT};host="a b"'},
    ],
)
def test_what_is_not_understood_is_refused(named: dict[str, str]) -> None:
    with pytest.raises(BadHead):
        see(**named)


def test_several_headers_of_a_name_are_one_list() -> None:
    lines = [(b"x-forwarded-for", b"1.1.1.1"), (b"host", b"h"), (b"x-forwarded-for", b"192.0.2.60, 10.9.9.9")]
    assert TrustedProxies(["10.0.0.0/8"]).see(lines, PROXY, "http").client == (CLIENT, 0)


@pytest.mark.parametrize("network", ["nonsense", "10.0.0.1/8", "10.0.0.0/33", "", "*", "localhost"])
def test_proxies_are_addresses_and_networks(network: str) -> None:
    with pytest.raises(InvalidSettings, match=re.escape(repr(network))):
        ServerSettings(trusted_proxies=(network,))


async def tell(scope: Any, receive: Any, send: Any) -> None:
    """An application that tells what it sees."""
    if scope["type"] != "lifespan":
        host = dict(scope["headers"])[b"host"].decode()
        body = msgspec.json.encode([scope["client"][0], scope["scheme"], host])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def served(app: Any, *proxies: str) -> Iterator[int]:
    ready = threading.Event()
    server = Server([Listener(app, port=0)], lambda _: ready.set(), ServerSettings(trusted_proxies=proxies))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield urlsplit(server.urls[0]).port or 0
    finally:
        server.stop()
        thread.join()


def said(client: Any, *lines: str) -> tuple[int, bytes]:
    client.sendall(("\r\n".join(("GET / HTTP/1.1", "Host: inner", *lines)) + "\r\n\r\n").encode())
    content = client.recv(65536)
    while b"\r\n\r\n" not in content or not content.rstrip(b"\r\n0").endswith((b"]", b"}")):
        content += client.recv(65536)
    return int(content.split()[1]), re.search(rb"[\[{].*[\]}]", content, re.DOTALL)[0]  # type: ignore[index]


SPOOFED = ("X-Forwarded-For: 192.0.2.60", "X-Forwarded-Proto: https", "X-Forwarded-Host: s3.example.com")


@pytest.mark.parametrize("proxies", [(), ("10.0.0.0/8",)])
def test_nobody_else_is_believed(proxies: tuple[str, ...]) -> None:
    with served(tell, *proxies) as port, connect(port) as client:
        for lines in (SPOOFED, ("Forwarded: for=192.0.2.60;proto=https;host=s3.example.com",), ("Forwarded: ;;=",)):
            assert said(client, *lines) == (200, b'["127.0.0.1","http","inner"]')


def test_each_request_of_a_connection_has_its_own_client() -> None:
    with served(tell, "127.0.0.0/8") as port, connect(port) as client:
        assert said(client, *SPOOFED) == (200, b'["192.0.2.60","https","s3.example.com"]')
        assert said(client) == (200, b'["127.0.0.1","http","inner"]')
        assert said(client, "X-Forwarded-For: 192.0.2.61") == (200, b'["192.0.2.61","http","inner"]')
        # Also if the parser reads the request a second time (see `BoundedProtocol._decline`).
        offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA")
        assert said(client, *SPOOFED, *offer) == (200, b'["192.0.2.60","https","s3.example.com"]')
        assert said(client, "X-Forwarded-For: nonsense")[0] == 400


def test_a_signature_is_for_the_host_that_the_client_named() -> None:
    """A proxy that renames the host breaks no signature, if it says what the host was."""
    with (
        memory_store() as store,
        served(
            create_s3_app(store, S3Settings(credentials=(CREDENTIAL,), domains=("s3.example.com",))), "127.0.0.1"
        ) as port,
    ):
        store.create_bucket("assets")
        store.put_object("assets", "a", b"content")
        signer = Presigner(
            Credentials(CREDENTIAL.access_key, CREDENTIAL.secret_key),
            endpoint="https://s3.example.com",
            region="us-east-1",
            addressing="virtual",
        )
        url = signer.presign_url("GET", "assets", "a", expires_in=60)
        target = url.removeprefix("https://assets.s3.example.com")
        for named, status in (("assets.s3.example.com", b"200"), ("other.s3.example.com", b"403")):
            with connect(port) as client:
                lines = (f"GET {target} HTTP/1.1", "Host: inner", f"X-Forwarded-Host: {named}", "Connection: close")
                client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
                assert client.recv(65536).split()[1] == status
