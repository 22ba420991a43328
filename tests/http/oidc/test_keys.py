"""Where an issuer's keys come from, how long they are used, and what happens if there are none."""

from __future__ import annotations

import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import anyio.from_thread
import pytest
from bucketry import InvalidSettings, Unavailable
from bucketry_http.oidc import OidcIssuer, OidcSettings
from bucketry_http.oidc import keys as keys_module
from bucketry_http.oidc.keys import FRESH_SECONDS, PAUSE_SECONDS, STALE_SECONDS, IssuerKeys

from tests.http.oidc.issuing import Issuer, new_key

DISCOVERY = "/.well-known/openid-configuration"


class Ticking:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def accepts(source: OidcIssuer, token: str) -> bool:
    return anyio.run(source.identify, token) is not None


def test_keys_are_fetched_once(issuer: Issuer) -> None:
    source = OidcIssuer(issuer.settings())
    assert issuer.asked == []
    token = issuer.token()
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: accepts(source, token), range(32)))
    assert issuer.asked == [DISCOVERY, "/keys"]


def test_the_place_of_the_keys_may_be_given(issuer: Issuer) -> None:
    assert accepts(OidcIssuer(issuer.settings(jwks_url=f"{issuer.url}/other")), issuer.token())
    assert issuer.asked == ["/other"]


def test_new_keys_are_found_and_old_ones_end(issuer: Issuer) -> None:
    clock = Ticking()
    source = OidcIssuer(issuer.settings(), clock=clock)
    old = issuer.token()
    assert accepts(source, old)
    issuer.keys = {"second": new_key()}
    new = issuer.token(issuer.keys["second"], headers={"kid": "second"})
    clock.now += PAUSE_SECONDS
    assert accepts(source, new)
    assert not accepts(source, old)


def test_unknown_keys_do_not_flood_the_issuer(issuer: Issuer) -> None:
    clock = Ticking()
    source = OidcIssuer(issuer.settings(), clock=clock)
    unknown = issuer.token(headers={"kid": "nobody's"})
    for _ in range(5):
        assert not accepts(source, unknown)
    assert len(issuer.asked) == 2
    clock.now += PAUSE_SECONDS
    for _ in range(5):
        assert not accepts(source, unknown)
    assert len(issuer.asked) == 4


def test_keys_are_fetched_anew_after_a_while(issuer: Issuer) -> None:
    clock = Ticking()
    source = OidcIssuer(issuer.settings(), clock=clock)
    token = issuer.token()
    assert accepts(source, token)
    clock.now += FRESH_SECONDS
    assert accepts(source, token)
    assert len(issuer.asked) == 4


def test_an_issuer_that_is_down_is_bridged_for_a_day(issuer: Issuer, caplog: pytest.LogCaptureFixture) -> None:
    clock = Ticking()
    source = OidcIssuer(issuer.settings(), clock=clock)
    token = issuer.token()
    assert accepts(source, token)
    issuer.status = 500
    for _ in range(3):
        clock.now += FRESH_SECONDS
        assert accepts(source, token)
    clock.now += STALE_SECONDS
    with pytest.raises(Unavailable):
        accepts(source, token)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "status 500" in errors[0].getMessage()
    issuer.status = 200
    clock.now += PAUSE_SECONDS
    assert accepts(source, token)


def test_an_issuer_that_sends_a_byte_now_and_then_holds_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "WAIT_SECONDS", 0.3)
    ended = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not ended.wait(0.02):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        try:
            keys = IssuerKeys(OidcSettings(issuer=f"http://127.0.0.1:{listening.getsockname()[1]}", audience="a"))
            with pytest.raises(Unavailable):
                keys.fetched("first")
            assert not ended.is_set()
        finally:
            ended.set()
            thread.join()


def test_while_keys_are_fetched_the_old_ones_are_used_and_others_wait_for_a_while(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Ticking()
    keys = IssuerKeys(issuer.settings(), clock)
    assert keys.fetched("first")
    clock.now += FRESH_SECONDS
    asking, go_on = threading.Event(), threading.Event()

    def hang(_: str) -> dict[str, object]:
        asking.set()
        assert go_on.wait(30)
        return {}

    monkeypatch.setattr(keys, "_document", hang)
    monkeypatch.setattr(keys_module, "WAIT_SECONDS", 0.1)
    thread = threading.Thread(target=keys.fetched, args=("first",))
    thread.start()
    try:
        assert asking.wait(30)
        assert keys.fetched("first"), "it does not wait"
        assert keys.known("first"), "it needs no thread"
        assert keys.known("another") is None
        assert keys.fetched("another") is None, "it waits for no longer than it may"
    finally:
        go_on.set()
        thread.join()
    assert keys.known("first"), "they could not be had a moment ago"
    clock.now += PAUSE_SECONDS
    assert keys.known("first") is None


def test_an_issuer_that_hangs_takes_no_thread_from_others(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    source = OidcIssuer(issuer.settings())
    go_on, asked = threading.Event(), anyio.Event()

    def hang(_keys: IssuerKeys, _key_id: str) -> None:
        anyio.from_thread.run_sync(asked.set)
        assert go_on.wait(30)

    monkeypatch.setattr(IssuerKeys, "fetched", hang)

    async def look() -> None:
        others = anyio.to_thread.current_default_thread_limiter()
        async with anyio.create_task_group() as group:
            for _ in range(int(others.total_tokens)):
                group.start_soon(source.identify, issuer.token())
            await asked.wait()
            assert others.borrowed_tokens == 0
            go_on.set()

    anyio.run(look)


def test_without_keys_nobody_is_let_in(issuer: Issuer) -> None:
    issuer.status = 503
    with pytest.raises(Unavailable):
        accepts(OidcIssuer(issuer.settings()), issuer.token())


@pytest.mark.parametrize(
    ("path", "document"),
    [
        (DISCOVERY, b"not JSON"),
        (DISCOVERY, b"[]"),
        (DISCOVERY, b"\xff"),
        (DISCOVERY, b"[" * 100_000),
        (DISCOVERY, b'{"issuer": "https://another.example.com", "jwks_uri": "https://another.example.com/keys"}'),
        (DISCOVERY, b"{}"),
        ("/keys", b"{}"),
        ("/keys", b'{"keys": []}'),
        ("/keys", b'{"keys": {}}'),
        ("/keys", b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]}'),
        ("/keys", b'{"keys": [{"kty": "RSA", "kid": "first"}, 7, null]}'),
        ("/keys", json.dumps({"keys": [{"kid": str(number)} for number in range(101)]}).encode()),
        ("/keys", b" " * (2 * 1024 * 1024)),
    ],
)
def test_documents_that_cannot_be_used_give_no_keys(issuer: Issuer, path: str, document: bytes) -> None:
    issuer.documents[path] = document
    with pytest.raises(Unavailable):
        accepts(OidcIssuer(issuer.settings()), issuer.token())


def test_keys_come_neither_over_plain_http_nor_by_a_redirect(issuer: Issuer) -> None:
    issuer.documents[DISCOVERY] = json.dumps({"issuer": issuer.url, "jwks_uri": "http://203.0.113.1/keys"}).encode()
    with pytest.raises(Unavailable):
        accepts(OidcIssuer(issuer.settings()), issuer.token())
    issuer.documents.clear()
    issuer.status = 302
    with pytest.raises(Unavailable):
        accepts(OidcIssuer(issuer.settings()), issuer.token())
    assert "/elsewhere" not in issuer.asked


def test_keys_for_encryption_sign_nothing(issuer: Issuer) -> None:
    key = json.loads(issuer.document("/keys"))["keys"][0]
    issuer.documents["/keys"] = json.dumps({"keys": [{**key, "use": "enc"}]}).encode()
    with pytest.raises(Unavailable):
        accepts(OidcIssuer(issuer.settings()), issuer.token())


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": "http://login.example.com"},
        {"issuer": "login.example.com"},
        {"issuer": "https://user:secret@login.example.com"},
        {"issuer": "https://"},
        {"issuer": "https://login.example.com/#x"},
        {"issuer": "ftp://127.0.0.1"},
        {"jwks_url": "http://login.example.com/keys"},
        {"audience": ""},
        {"user_claim": ""},
        {"algorithms": ()},
        {"algorithms": ("none",)},
        {"algorithms": ("HS256",)},
        {"algorithms": ("RS256", "HS256")},
        {"user_prefix": "a:b"},
        {"leeway_seconds": -1},
        {"leeway_seconds": 3600},
        {"timeout_seconds": 0},
        {"timeout_seconds": 1000},
    ],
    ids=str,
)
def test_settings_that_would_be_unsafe_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        OidcSettings(**{"issuer": "https://login.example.com", "audience": "a", **settings})  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_a_missing_ca_file_is_said(issuer: Issuer) -> None:
    with pytest.raises(InvalidSettings, match="ca_file of an OIDC issuer"):
        OidcIssuer(issuer.settings(ca_file="/no/such/file.pem"))
