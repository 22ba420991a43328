"""The hosts that requests may name: names that a page can point at this machine are refused."""

from __future__ import annotations

import pytest
from bucketry import InvalidSettings, Store, open_store
from bucketry_http import RestSettings, S3Settings, create_app
from bucketry_http.shared.hosts import HostRules, _read, is_foreign, read_host
from litestar.testing import TestClient

from tests.http.raw_requests import answers
from tests.http.serving import API, connect, running

LOOPBACK = ("127.0.0.1", 8000)
ELSEWHERE = ("192.0.2.7", 8000)
OWN = [
    "localhost",
    "localhost:8000",
    "LOCALHOST",
    "LocalHost.:8000",
    "my-assets.localhost",
    "a.b.localhost:1",
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.8.9.10",
    "[::1]",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7f00:1]",
]
NOT_OWN = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "evil-localhost",
    "notlocalhost",
    "127.0.0.1.evil.example",
    "192.0.2.7",
    "0.0.0.0",  # noqa: S104 - to be known, not to be bound
    "[::]",
    "[2001:db8::1]",
    "[::ffff:192.0.2.7]",
    # What is not understood is not this machine, although some clients would take it for that.
    "",
    " ",
    ".",
    "localhost..",
    ".localhost",
    "localhost:",
    "localhost:x",
    "localhost:99999",
    "localhost:80:80",
    "localhost/",
    "user@localhost",
    "localhost@evil.example",
    "evil.example@localhost",
    "local host",
    "localhost, evil.example",
    "localhost#",
    "localhost?",
    "[::1",
    "::1",
    "::1]",
    "[::1%lo]",
    "[::1%25lo]",
    "[localhost]",
    "[127.0.0.1]",
    "[]",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "localhost\x00",
    "lo\xe7alhost",
    "*.localhost",
    "x" * 300 + ".localhost",
]


@pytest.mark.parametrize("host", OWN)
def test_these_name_this_machine(host: str) -> None:
    assert HostRules().allow(host, LOOPBACK)
    assert HostRules().allow(host, ("::1", 8000))


@pytest.mark.parametrize("host", NOT_OWN)
def test_these_do_not(host: str) -> None:
    assert not HostRules().allow(host, LOOPBACK)
    assert not HostRules().allow(host, ("::1", 8000))


def test_a_request_without_host_is_no_browsers() -> None:
    assert HostRules().allow(None, LOOPBACK)


@pytest.mark.parametrize("server", [ELSEWHERE, ("2001:db8::7", 8000), ("/run/bucketry.sock", None), None])
def test_other_connections_may_name_any_host_until_hosts_are_named(server: object) -> None:
    assert HostRules().allow("api.example.com", server)
    assert not HostRules(["api.example.net"]).allow("api.example.com", server)
    assert HostRules(["api.example.com"]).allow("api.example.com:443", server)


def test_a_client_in_the_same_process_connects_to_a_name() -> None:
    assert HostRules().allow("testserver", ("testserver", 80))
    assert HostRules().allow("localhost", ("testserver", 80))
    assert not HostRules().allow("evil.example", ("testserver", 80))
    with TestClient(create_app(open_store("memory://"))) as client:
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/live", headers={"Host": "evil.example"}).status_code == 421


def test_the_address_that_was_connected_to_is_always_right() -> None:
    assert HostRules(["api.example.com"]).allow("192.0.2.7:8000", ELSEWHERE)
    assert not HostRules(["api.example.com"]).allow("192.0.2.8:8000", ELSEWHERE)
    # A socket for both versions of IP has the older addresses in the newer form.
    assert HostRules(["api.example.com"]).allow("192.0.2.7:8000", ("::ffff:192.0.2.7", 8000))
    assert not HostRules().allow("evil.example", ("::ffff:127.0.0.1", 8000))


def test_a_named_host_is_one_host() -> None:
    rules = HostRules(["API.example.com.", "2001:db8::1"])
    assert rules.allow("api.EXAMPLE.com:8000", LOOPBACK)
    assert rules.allow("api.example.com.", LOOPBACK)
    assert rules.allow("[2001:db8:0::1]:80", LOOPBACK)
    for other in ("v2.api.example.com", "xapi.example.com", "example.com", "api.example.com.evil.example"):
        assert not rules.allow(other, LOOPBACK)
    assert rules.allow("localhost", LOOPBACK)


def test_a_star_stands_for_names_below_and_alone_for_all() -> None:
    rules = HostRules(["*.example.com"])
    assert rules.allow("a.b.example.com", LOOPBACK)
    for other in ("example.com", "evilexample.com", "a.example.com.evil.example"):
        assert not rules.allow(other, LOOPBACK)
    assert HostRules(["*"]).allow("evil.example", LOOPBACK)


def test_domains_and_public_endpoints_are_known() -> None:
    rules = HostRules(known=["s3.example.com"], endpoints=["https://files.example.com:8443/x"])
    for host in ("s3.example.com", "my-assets.s3.example.com", "files.example.com", "files.example.com:8443"):
        assert rules.allow(host, LOOPBACK)
    assert not rules.allow("my-assets.files.example.com", LOOPBACK)
    assert rules.allow("anything.example.net", ELSEWHERE)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "http://api.example.com",
        "api.example.com:80",
        "a b",
        "*example.com",
        "*.",
        "*.*",
        "a.*",
        "127.1",
        "[::1]:80",
    ],
)
def test_a_host_that_cannot_be_is_a_wrong_setting(host: str) -> None:
    for kind in (RestSettings, S3Settings):
        with pytest.raises(InvalidSettings, match="cannot be an allowed host"):
            kind(allowed_hosts=(host,))


@pytest.mark.parametrize("url", ["", "api.example.com", "http://", "http://a b/", "http://a:x/"])
def test_a_public_endpoint_that_cannot_be_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(InvalidSettings):
        RestSettings(public_endpoints=(url,))


def test_names_are_read_in_their_usual_form() -> None:
    found = read_host("My-Assets.S3.Example.com.:09000")
    assert found is not None
    assert (found.name, found.port, found.is_loopback) == ("my-assets.s3.example.com", 9000, False)


def asked(port: int, *lines: str) -> bytes:
    with connect(port) as client:
        client.sendall(("\r\n".join([*lines, "Connection: close", "", ""])).encode())
        return answers(client)


@pytest.mark.parametrize(
    "target", [f"{API}/buckets", f"{API}/status", "/health/live", "/schema", "/schema/openapi.json", "/none"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_a_rebound_name_reaches_nothing(port: int, target: str, method: str) -> None:
    answer = asked(port, f"{method} {target} HTTP/1.1", f"Host: rebound.evil.example:{port}")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 421 ")
    assert b"content-type: application/problem+json" in head
    assert body == b"" if method == "HEAD" else (b'"code":"host_not_allowed"' in body and b"allowed_hosts" in body)


def test_the_hosts_of_the_settings_are_accepted(store: Store) -> None:
    with running(store, allowed_hosts=("api.example.com",)) as port:
        assert asked(port, f"GET {API}/status HTTP/1.1", "Host: api.example.com").startswith(b"HTTP/1.1 200 ")
        assert asked(port, f"GET {API}/status HTTP/1.1", "Host: localhost").startswith(b"HTTP/1.1 200 ")
        assert asked(port, f"GET {API}/status HTTP/1.1", "Host: api.example.net").startswith(b"HTTP/1.1 421 ")


def test_the_application_takes_hosts_as_an_argument_too(store: Store) -> None:
    app = create_app(store, RestSettings(allowed_hosts=("a.example.com",)), allowed_hosts=["b.example.com"])
    with TestClient(app) as client:
        for host, status in (("a.example.com", 200), ("b.example.com", 200), ("c.example.com", 421)):
            assert client.get("/health/live", headers={"Host": host}).status_code == status


def test_long_names_are_not_understood_and_not_remembered() -> None:
    rules = HostRules(["a.example.com"])
    before = _read.cache_info().currsize
    for number in range(50):
        long = f"{number}" + "x" * 10_000
        assert not rules.allow(f"{long}.localhost", LOOPBACK)
        assert read_host(long) is None
        assert is_foreign(f"http://{long}", None, long)
    assert _read.cache_info().currsize == before
    assert HostRules().allow("x" * 10_000, ELSEWHERE)
