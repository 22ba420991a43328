"""``Date`` is the time of the response, and ``Last-Modified`` is never later (RFC 9110, 6.6.1 and 8.8.2.1)."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime

import pytest
from bucketry import Store
from bucketry.s3 import parse_http_date

from tests.http.raw_requests import answers
from tests.http.s3.client import Client
from tests.http.s3.serving import memory_store, serving
from tests.http.serving import API, WAIT, connect, running

Head = Callable[[], Message]


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store() as opened:
        opened.create_bucket("things")
        yield opened


@pytest.fixture(params=["rest", "s3", "s3 attributes"])
def head(request: pytest.FixtureRequest, store: Store) -> Iterator[Head]:
    """Asks for an object on one of the ports; returns the headers of the response."""
    if request.param == "rest":
        with running(store) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)

            def ask() -> Message:
                connection.request("HEAD", f"{API}/buckets/things/objects/a")
                response = connection.getresponse()
                response.read()
                return response.headers

            yield ask
            connection.close()
    else:
        with serving(store) as url:
            client = Client(url)
            if request.param == "s3":
                yield lambda: client.ask("HEAD", "/things/a").headers
            else:
                headers = {"x-amz-object-attributes": "ETag"}
                yield lambda: client.ask("GET", "/things/a?attributes", headers=headers).headers


def dates(headers: Message) -> tuple[datetime, datetime]:
    (date,), (modified,) = headers.get_all("date", []), headers.get_all("last-modified", [])
    return parsedate_to_datetime(date), parsedate_to_datetime(modified)


def test_a_response_is_no_older_than_its_object(head: Head, store: Store) -> None:
    started = time.monotonic()
    while time.monotonic() - started < 1.5:
        before = datetime.now(UTC).replace(microsecond=0)
        written = store.put_object("things", "a", b"").last_modified.replace(microsecond=0)
        date, modified = dates(head())
        assert before <= date <= datetime.now(UTC)
        assert written == modified <= date


def test_an_object_from_the_future_is_from_now(head: Head, store: Store) -> None:
    store.clock.advance(hours=1)
    assert store.put_object("things", "a", b"").last_modified > datetime.now(UTC)
    store.clock.reset()
    date, modified = dates(head())
    assert modified <= date <= datetime.now(UTC)


def test_a_turned_clock_shows_in_both(head: Head, store: Store) -> None:
    turned = store.clock.advance(days=90).replace(microsecond=0)
    written = store.put_object("things", "a", b"").last_modified.replace(microsecond=0)
    date, modified = dates(head())
    assert turned <= written == modified <= date < turned + timedelta(minutes=1)
    store.clock.reset()
    date, modified = dates(head())
    assert modified <= date <= datetime.now(UTC)


def test_a_refused_head_has_the_time_too(store: Store) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with running(store) as port, connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = answers(client)
    (line,) = [line for line in answer.split(b"\r\n") if line.startswith(b"date: ")]
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert before <= parsedate_to_datetime(line[6:].decode()) <= datetime.now(UTC)
    store.clock.advance(days=90)
    with running(store) as port, connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = answers(client)
    (line,) = [line for line in answer.split(b"\r\n") if line.startswith(b"date: ")]
    assert parsedate_to_datetime(line[6:].decode()) >= before + timedelta(days=90)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "0", "Mon", "Mon, 99 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 99999 00:00:00 GMT", "9" * 5000,
        f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +9999999",
        "Fri, 31 Dec 9999 23:00:00 -2300", ",,,", "Mon, :: Jan", "1 2 3 4 5 6", "\x00", "ä" * 30,
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_a_date_has_three_forms(text: str) -> None:
    assert parse_http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
