"""Backends over the honest driver and the wrong ones, with every way to look into them and to make them fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from bucketry import NoSuchKey, PutOptions, Store
from bucketry.sigv4 import SignatureError, Verifier
from bucketry_contract import Backend

from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import SECRET, HonestSettings

ROOM = 1024**2


class DriverBackend(Backend):
    """Opens drivers of one class, and keeps them to look into."""

    driver: type[HonestDriver] = HonestDriver
    secrets = (SECRET,)
    part_bytes = 4 * 1024**2

    def __init__(self) -> None:
        self.opened: list[HonestDriver] = []

    def open(self, layers: Sequence[object]) -> Store:
        self.opened.append(self.driver())
        return Store(self.opened[-1], layers)

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        stored = self._of(bucket).buckets[bucket].objects.get(key)
        return None if stored is None else b"".join(stored.pieces)

    def raw_uploads(self, bucket: str) -> list[str]:
        return list(self._of(bucket).buckets[bucket].uploads)

    def unreachable(self) -> Store:
        return Store(self.driver(failure="ConnectTimeout"))

    def bad_credentials(self) -> Store:
        return Store(self.driver(failure="SignatureDoesNotMatch"))

    def full(self) -> Store:
        return Store(self.driver(room=ROOM))

    def breaking_reads(self) -> Store:
        return Store(self.driver(breaks=True))

    def _of(self, bucket: str) -> HonestDriver:
        return next(driver for driver in self.opened if bucket in driver.buckets)


class ServedBackend(DriverBackend):
    """Serves presigned URLs too: a web server that knows no more than that."""

    serves_presigned_urls = True

    def __init__(self) -> None:
        super().__init__()
        self._servers: list[ThreadingHTTPServer] = []

    def open(self, layers: Sequence[object]) -> Store:
        driver = self.driver()
        store = Store(driver, layers)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(store))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        driver.endpoint = f"http://127.0.0.1:{server.server_port}"
        self._servers.append(server)
        self.opened.append(driver)
        return store

    def cleanup(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _handler(store: Store) -> type[BaseHTTPRequestHandler]:
    settings = HonestSettings()
    verifier = Verifier({settings.access_key: settings.secret_key}.get)

    def _delete(bucket: str, key: str) -> bytes:
        store.delete_object(bucket, key)
        return b""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(lambda bucket, key: store.get_object(bucket, key).read())

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            options = PutOptions(content_type=self.headers["Content-Type"])
            self._answer(lambda bucket, key: store.put_object(bucket, key, body, options).etag.encode())

        def do_DELETE(self) -> None:
            self._answer(_delete)

        def _answer(self, act: Callable[[str, str], bytes]) -> None:
            url = urlsplit(self.path)
            headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
            bucket, _, key = unquote(url.path)[1:].partition("/")
            try:
                verifier.verify(self.command, url.path.encode(), url.query.encode(), headers)
                status, content = 200, act(bucket, key)
            except SignatureError:
                status, content = 403, b""
            except NoSuchKey:
                status, content = 404, b""
            self.send_response(status)
            for name, value in parse_qsl(url.query):
                if name.startswith("response-"):
                    self.send_header(name.removeprefix("response-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
