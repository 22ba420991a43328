"""Both ports over one store in memory, with a record of each request."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bucketry import Store
from bucketry_access import Directory
from bucketry_http import Listener, RestSettings, S3Settings, Server, ServerSettings, create_app, create_s3_app
from bucketry_http.shared.record import RequestRecord
from bucketry_http.shared.recorded import Gate, Recorder, Sink

from tests.http.s3.client import Client, Reply
from tests.http.s3.serving import CREDENTIAL, READER, WAIT
from tests.http.serving import API, eventually


@dataclass
class Kept(Sink):
    """Keeps all records."""

    begun: list[str] = field(default_factory=list)
    ended: list[RequestRecord] = field(default_factory=list)

    def begin(self, record: RequestRecord) -> None:
        self.begun.append(record.id)

    def end(self, records: Sequence[RequestRecord]) -> None:
        self.ended += records


@dataclass
class Ports:
    """Two ports, and the records of their requests."""

    rest_url: str
    s3_url: str
    kept: Kept

    def rest(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Sends a request to the REST port."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(self.rest_url).send(method, f"{API}/{path}", named, body)

    @property
    def s3(self) -> Client:
        """A client of the S3 port."""
        return Client(self.s3_url)

    def last(self) -> RequestRecord:
        """The record of the last request. It ends after its response."""
        assert eventually(lambda: 0 < len(self.kept.begun) == len(self.kept.ended))
        return self.kept.ended[-1]


@contextmanager
def recorded_ports(
    store: Store,
    sinks: Sequence[Sink] = (),
    gates: Sequence[Gate] = (),
    server_settings: ServerSettings | None = None,
    *,
    directory: Directory | None = None,
) -> Iterator[Ports]:
    """Serves a store on both ports in a thread."""
    kept = Kept()
    ready = threading.Event()
    apps = {
        "rest": create_app(store, RestSettings(), directory=directory),
        "s3": create_s3_app(store, S3Settings(credentials=(CREDENTIAL, READER)), directory=directory),
    }
    listeners = [
        Listener(apps["rest"], port=0, recorder=Recorder("rest", [kept, *sinks], gates)),
        Listener(apps["s3"], port=0, recorder=Recorder("s3", [kept, *sinks], gates)),
    ]
    server = Server(listeners, lambda _: ready.set(), server_settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        rest, s3 = server.urls
        assert urlsplit(rest).port != urlsplit(s3).port
        yield Ports(rest, s3, kept)
    finally:
        server.stop()
        thread.join()
