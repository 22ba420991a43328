"""How a connection ends whose client or backend does not do its part, and what is left of it."""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Generator, Iterator

import bucketry_http.s3.app as app
import pytest
from bucketry import AnyBucketSettings, Store
from bucketry.hookspecs import hookimpl
from bucketry.layers import Faults

from tests.http.layers import Counted
from tests.http.s3.client import Client
from tests.http.s3.serving import WAIT, memory_store, serving
from tests.http.s3.signing import Signing
from tests.http.s3.test_connections import MIB, Connection, connected
from tests.http.serving import eventually

STRANGER = Signing(secret_key="wrong")


class BrokenRules:
    """A driver with a bug."""

    @hookimpl(wrapper=True)
    def get_bucket_settings(self, bucket: str) -> Generator[None, AnyBucketSettings, AnyBucketSettings]:
        yield
        raise RuntimeError("a bug")


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def odd_store(counted: Counted) -> Iterator[Store]:
    layers = [Faults("get_object:torn:after=3000000"), BrokenRules(), counted]
    with memory_store(layers) as opened:
        opened.create_bucket("things")
        opened.put_object("things", "long", bytes(8 * MIB))
        opened.put_object("things", "short", bytes(2 * MIB))
        yield opened


@pytest.fixture
def odd(odd_store: Store) -> Iterator[Client]:
    with serving(odd_store) as url:
        yield Client(url)


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def takes_a_byte(connection: Connection) -> bool:
    time.sleep(0.05)
    try:
        connection.socket.sendall(b"x")
    except OSError:
        return False
    return True


def test_a_refused_client_cannot_hold_its_connection(
    s3: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "DRAIN_SECONDS", 0.3)
    with connected(s3) as connection:
        connection.send_head("PUT", "/things/a", MIB, by=STRANGER)
        assert connection.answer().error == (403, "SignatureDoesNotMatch")
        assert eventually(lambda: not takes_a_byte(connection))
    assert failures(caplog) == []


@pytest.mark.parametrize("by", [Signing(), STRANGER], ids=["allowed", "refused"])
@pytest.mark.parametrize("sent", [10, 3 * MIB], ids=["held", "streamed"])
def test_an_upload_that_breaks_off_is_no_failure_of_the_server(
    s3: Client, store: Store, caplog: pytest.LogCaptureFixture, by: Signing, sent: int
) -> None:
    caplog.set_level(logging.INFO)
    for length in (80 * MIB, 10 * MIB):
        with connected(s3) as connection:
            connection.send_head("PUT", "/things/a", length, by=by)
            connection.socket.sendall(bytes(sent))
    assert s3.ask("PUT", "/things/b", b"after").status == 200
    assert [info.key for info in store.iter_objects("things")] == ["b"]
    assert [record.name for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_download_that_breaks_off_is_logged_once(odd: Client, caplog: pytest.LogCaptureFixture) -> None:
    with connected(odd) as connection:
        connection.send_head("GET", "/things/long", None)
        with pytest.raises(http.client.IncompleteRead) as broken:
            connection.answer("GET")
        assert 2 * MIB <= len(broken.value.partial) <= 3_000_000
        assert connection.is_closed()
    assert failures(caplog) == []
    assert [record.levelname for record in caplog.records if "broke off" in record.getMessage()] == ["WARNING"]


def test_a_read_that_has_a_body_leaves_its_connection_in_order(s3: Client, store: Store) -> None:
    store.put_object("things", "a", bytes(8 * MIB))
    begun = time.monotonic()
    with connected(s3) as connection:
        for _ in range(2):
            connection.send_head("GET", "/things/a", 5)
            connection.socket.sendall(b"12345")
            assert len(connection.answer("GET").body) == 8 * MIB
        connection.send_head("GET", "/", None)
        assert connection.answer("GET").status == 200
        assert time.monotonic() - begun < WAIT / 2


def test_rules_that_cannot_be_had_keep_no_answer_back(
    odd: Client, counted: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    reply = odd.ask("GET", "/things/short", headers={"origin": "https://example.com"})
    assert (reply.status, len(reply.body)) == (200, 2 * MIB)
    assert eventually(lambda: counted.closed == ["short"])
    reply = odd.ask("GET", "/things/none", headers={"origin": "https://example.com"})
    assert reply.error == (404, "NoSuchKey")
    assert len(failures(caplog)) == 2
