"""A driver on a real server, traced: which spans its requests have, and what arrives at the server."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest
from bucketry import NoSuchKey, Store
from bucketry.tracing import Trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from tests.spans import Spans, about, id_of, parent_of, traceparent_of

HEADER = re.compile(rb"\r\ntraceparent: ([^\r]+)\r\n", re.IGNORECASE)
REQUEST = re.compile(rb"(?:^|\r\n\r\n|[^\r\n])?((?:GET|HEAD|PUT|POST|DELETE) /[^ ]* HTTP/1\.1\r\n)")


class Wire:
    """What goes to a server, as it goes.

    Attributes:
        location: Host and port of the way to it.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self._sent: list[bytearray] = []

    def connection(self) -> bytearray:
        """Keeps what goes over one more connection."""
        self._sent.append(bytearray())
        return self._sent[-1]

    def clear(self) -> None:
        """Forgets what went so far."""
        for each in self._sent:
            each.clear()

    @property
    def traceparents(self) -> list[str]:
        return [found.decode() for each in self._sent for found in HEADER.findall(each)]

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return sum(len(REQUEST.findall(each)) for each in self._sent)


@contextmanager
def wire_to(target: str) -> Iterator[Wire]:
    """Passes bytes on to a server."""
    host, _, port = target.rpartition(":")
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(f"127.0.0.1:{listener.getsockname()[1]}")
    threads: list[threading.Thread] = []

    def start(run: Callable[..., None], *arguments: object) -> threading.Thread:
        threads.append(threading.Thread(target=run, args=arguments, daemon=True))
        threads[-1].start()
        return threads[-1]

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection((host, int(port))) as server:
            back = start(_pass_on, server, client, bytearray())
            _pass_on(client, server, wire.connection())
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                start(serve, listener.accept()[0])

    start(accept)
    try:
        yield wire
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join()


def _pass_on(source: socket.socket, to: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while received := source.recv(65536):
            kept += received
            to.sendall(received)
    for each in (source, to):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


Act = Callable[[Store, str], object]


def _missing(store: Store, bucket: str) -> None:
    with pytest.raises(NoSuchKey):
        store.head_object(bucket, "missing")


ACTS: dict[str, Act] = {
    "put_object": lambda store, bucket: store.put_object(bucket, "key", b"content"),
    "head_object": _missing,
    "list_objects": lambda store, bucket: store.list_objects(bucket),
    "copy_object": lambda store, bucket: store.copy_object(bucket, "key", bucket, "copy"),
    "delete_objects": lambda store, bucket: store.delete_objects(bucket, ["copy"]),
    "usage_report": lambda store, bucket: store.usage_report(),
    "get_object": lambda store, bucket: store.get_object(bucket, "key").read(),
}


def check_each_request(open_with: Callable[..., Store], location: str, bucket: str) -> None:
    """Each request to the server is the child of its operation, and carries the id of its own span."""
    spans = Spans()
    with wire_to(location) as wire, open_with(layers=[Trace(spans.provider)], at=wire.location) as store:
        for name, act in ACTS.items():
            spans.clear()
            wire.clear()
            act(store, bucket)
            operation = spans.the(name)
            requests = [span for span in spans.ended if span.kind is SpanKind.CLIENT]
            assert requests, name
            assert {parent_of(span) for span in requests} == {id_of(operation)}, name
            assert len(wire.traceparents) == wire.count == _count(requests), name
            assert set(wire.traceparents) == {traceparent_of(span) for span in requests}, name
            assert all(about(span)["url.full"].startswith(f"http://{wire.location}/") for span in requests)


def _count(requests: Sequence[ReadableSpan]) -> int:
    return sum(about(span).get("bucketry.requests", 1) for span in requests)


def check_parts(open_with: Callable[..., Store], location: str, bucket: str, part_bytes: int) -> None:
    """Parts that are sent side by side are children of their operation."""
    spans = Spans()
    with wire_to(location) as wire, open_with(layers=[Trace(spans.provider)], at=wire.location) as store:
        store.put_object(bucket, "large", iter([bytes(part_bytes)] * 3))
    operation = spans.the("put_object")
    requests = [span for span in spans.ended if span.kind is SpanKind.CLIENT]
    assert len([span for span in requests if span.name == "PUT"]) >= 3
    assert {parent_of(span) for span in requests} == {id_of(operation)}
    assert set(wire.traceparents) == {traceparent_of(span) for span in requests}
