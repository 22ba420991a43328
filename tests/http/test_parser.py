"""What the server relies on in its parser, httptools: each test says what breaks if a new version behaves otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httptools
import pytest


class Seen:
    """Remembers what the parser calls, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bytes | None]] = []
        self.at_head: Callable[[], None] = lambda: None
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_transfer_encoding=True)

    def on_message_begin(self) -> None:
        self.calls.append(("begin", None))

    def on_url(self, url: bytes) -> None:
        self.calls.append(("url", url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.calls.append((name.decode(), value))

    def on_headers_complete(self) -> None:
        self.calls.append(("head", None))
        self.at_head()

    def on_body(self, body: bytes) -> None:
        self.calls.append(("body", body))

    def on_message_complete(self) -> None:
        self.calls.append(("end", None))

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


HEAD = b"PUT /a HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_calls_come_in_order(seen: Seen) -> None:
    """Otherwise: requests are handed on before their headers are known."""
    seen.parser.feed_data(HEAD + b"Content-Length: 2\r\n\r\nab")
    assert seen.names() == ["begin", "url", "Host", "Content-Length", "head", "body", "end"]


def test_method_version_and_keep_alive_are_known_when_the_head_is_complete(seen: Seen) -> None:
    """Otherwise: scopes have no method, or connections stay open that a client wants closed."""
    found: list[Any] = []
    parser = seen.parser
    seen.at_head = lambda: found.extend(
        (parser.get_method(), parser.get_http_version(), parser.should_keep_alive(), parser.should_upgrade())
    )
    parser.feed_data(HEAD + b"Connection: close\r\n\r\n")
    assert found == [b"PUT", "1.1", False, False]


@pytest.mark.parametrize("data", [memoryview(HEAD + b"\r\n"), bytearray(HEAD + b"\r\n")])
def test_it_takes_bytes_of_any_kind(seen: Seen, data: Any) -> None:
    """Otherwise: slices of what came have to be copied."""
    seen.parser.feed_data(data)
    assert seen.names() == ["begin", "url", "Host", "head", "end"]


def test_an_exception_in_a_call_ends_parsing_as_a_parser_error(seen: Seen) -> None:
    """Otherwise: a request that breaks a limit is parsed on, and gets no response."""

    def refuse() -> None:
        raise ValueError("too much")

    seen.at_head = refuse
    with pytest.raises(httptools.HttpParserError):
        seen.parser.feed_data(HEAD + b"\r\n")


def test_what_comes_behind_a_last_request_is_no_error(seen: Seen) -> None:
    """Otherwise: a request with ``Connection: close`` gets a 400 where its client sent more behind it."""
    seen.parser.feed_data(HEAD + b"Connection: close\r\n\r\nmore of it")
    assert seen.names().count("end") == 1


def test_unknown_transfer_encodings_reach_us(seen: Seen) -> None:
    """Otherwise: clients get "malformed" in place of what to do (`body_length` refuses these codings)."""
    seen.parser.feed_data(HEAD + b"Transfer-Encoding: gzip\r\n\r\n")
    assert "head" in seen.names()


@pytest.mark.parametrize("length", [b"-1", b"+1", b"1x", b"1\r\nContent-Length: 2", b"9" * 30])
def test_it_refuses_lengths_that_are_no_number(seen: Seen, length: bytes) -> None:
    """Otherwise: `body_length` reads a length that the parser reads as another, and a request begins inside a body."""
    with pytest.raises(httptools.HttpParserError):
        seen.parser.feed_data(HEAD + b"Content-Length: " + length + b"\r\n\r\n")


def test_it_refuses_a_length_beside_chunks(seen: Seen) -> None:
    """Otherwise: request smuggling (RFC 9112, 6.3)."""
    with pytest.raises(httptools.HttpParserError):
        seen.parser.feed_data(HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")


@pytest.mark.parametrize("head", [b"GET /a HTTP/1.1\nHost: b\n\n", b"GET /a HTTP/1.1\r\nHost: b\r\n X: folded\r\n\r\n"])
def test_a_head_ends_with_an_empty_line_and_nothing_else(seen: Seen, head: bytes) -> None:
    """Otherwise: slices of what came may hold the end of one request and the beginning of the next."""
    with pytest.raises(httptools.HttpParserError):
        seen.parser.feed_data(head + HEAD)


def test_trailers_come_as_headers(seen: Seen) -> None:
    """Otherwise: trailers are not counted, or are mixed up with the headers of their request."""
    seen.parser.feed_data(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Late: 1\r\n\r\n")
    assert seen.names()[-3:] == ["body", "X-Late", "end"]


def test_an_offer_of_another_protocol_stops_the_parser_behind_the_head(seen: Seen) -> None:
    """Otherwise: `_decline` gives the new parser the wrong bytes, and Java's HTTP/2 offers fail."""
    head = HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as raised:
        seen.parser.feed_data(head + b"body")
    assert raised.value.args[0] == len(head)
    assert seen.parser.should_upgrade()
