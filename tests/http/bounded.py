"""Both ports over one store, with bounds that a test can reach."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from bucketry import ObjectInfo, ObjectPage, Store
from bucketry.hookspecs import hookimpl
from bucketry_access import Accounts, Directory, User, create_token
from bucketry_http import (
    Limited,
    Limiter,
    Listener,
    RateLimits,
    RestSettings,
    S3Settings,
    Server,
    ServerSettings,
    create_app,
    create_s3_app,
)
from bucketry_http.rest.app import StorageApp
from bucketry_memory import MemoryDriver, MemorySettings

from tests.http.s3.serving import ACCESS_KEY, CREDENTIAL, SECRET_KEY, WAIT
from tools.bounds import Refusal

BUCKET = "my-assets"
OBJECTS = f"/api/v1/storage/buckets/{BUCKET}/objects"
FORM_TYPE = "multipart/form-data; boundary=b"


class Gate:
    """Holds up listings, and puts of one key, until it is opened."""

    blocks = True

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    @hookimpl(wrapper=True)
    def list_objects(self) -> Generator[None, ObjectPage, ObjectPage]:
        self._wait()
        return (yield)

    @hookimpl(wrapper=True)
    def put_object(self, key: str) -> Generator[None, ObjectInfo, ObjectInfo]:
        if key == "held":
            self._wait()
        return (yield)

    def _wait(self) -> None:
        self.entered.set()
        self.opened.wait(WAIT)


class Served:
    """Both ports over one store, with bounds that a test can reach."""

    def __init__(self, rest: str, s3: str, limiter: Limiter, gate: Gate) -> None:
        self.urls = {"rest": rest, "s3": s3}
        self.limiter = limiter
        self.gate = gate
        self.token = ""

    def send(self, port: str, method: str, path: str, body: bytes = b"", **headers: str) -> Refusal:
        """Sends a request, signed or with a token, and returns status and code of the response."""
        return self.ask(port, method, path, body, **headers)[0]

    def ask(self, port: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[Refusal, str]:
        """Sends a request likewise, and returns the body of the response too."""
        with self.sending(port, method, path, body, **headers) as response:
            content = response.read()
            return told(response.status, content), content.decode()

    @contextmanager
    def sending(
        self, port: str, method: str, path: str, body: bytes = b"", **headers: str
    ) -> Iterator[http.client.HTTPResponse]:
        url = self.urls[port]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if port == "rest" and self.token:
            named["Authorization"] = f"Bearer {self.token}"
        if port == "s3":
            signed = AWSRequest(method, url + path, data=body, headers=named)
            S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(signed)
            named = dict(signed.headers)
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=WAIT)
        try:
            connection.request(method, path, body, named)
            yield connection.getresponse()
        finally:
            connection.close()

    def raw(self, port: str, content: bytes) -> Refusal:
        """Sends bytes, and returns what the response says."""
        return self.ask_raw(port, content)[0]

    def ask_raw(self, port: str, content: bytes) -> tuple[Refusal, str]:
        """Sends bytes, and returns the whole response too."""
        place = urlsplit(self.urls[port])
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=WAIT) as client:
            client.sendall(content)
            said = bytearray()
            with suppress(ConnectionResetError):
                while piece := client.recv(65536):
                    said += piece
        return told(int(said.split(b" ", 2)[1]), bytes(said)), said.decode()


def told(status: int, body: bytes) -> Refusal:
    found = re.search(rb'<Code>(\w+)</Code>|"code":"(\w+)"', body)
    return Refusal(status, (found[1] or found[2]).decode() if found else "")


ALICE = create_token()


@cache
def base_app(*, with_users: bool) -> StorageApp:
    """An application, which takes long to make."""
    users = Directory(Accounts((User(id="alice", is_root=True, tokens=(ALICE.token,)),), ()))
    return create_app(Store(MemoryDriver(MemorySettings())), directory=users if with_users else None)


@contextmanager
def serving(
    bound: str, *layers: object, server: ServerSettings | None = None, limits: RateLimits | None = None, **settings: Any
) -> Iterator[Served]:
    limiter, gate = Limiter(limits or RateLimits()), Gate()
    ready = threading.Event()
    driver = MemoryDriver(MemorySettings())
    driver.features = msgspec.structs.replace(driver.features, non_blocking="threads" not in bound)
    with_users = bound.startswith("--principal")
    with Store(driver, [*layers, *([gate] if "threads" in bound else [])]) as store:
        store.create_bucket(BUCKET)
        rest = {name: value for name, value in settings.items() if name in RestSettings.__struct_fields__}
        s3 = {name: value for name, value in settings.items() if name in S3Settings.__struct_fields__}
        apps: list[Any] = [
            base_app(with_users=with_users).over(store, RestSettings(**rest)),
            create_s3_app(store, S3Settings(credentials=(CREDENTIAL,), **s3)),
        ]
        how = server or ServerSettings(grace_seconds=0.2)
        running = Server([Listener(Limited(app, limiter), port=0) for app in apps], lambda _: ready.set(), how)
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            assert ready.wait(WAIT)
            served = Served(running.urls[0], running.urls[1], limiter, gate)
            served.token = ALICE.text.reveal() if with_users else ""
            yield served
        finally:
            gate.opened.set()
            running.stop()
            thread.join()


def path_of(port: str, key: str = "key") -> str:
    return f"{OBJECTS}/{key}" if port == "rest" else f"/{BUCKET}/{key}"


def form(*fields: tuple[str, bytes], files: int = 1) -> tuple[bytes, str]:
    parts = [b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)
             for name, value in fields]  # fmt: skip
    parts += [b'--b\r\nContent-Disposition: form-data; name="file"; filename="%d"\r\n\r\nx\r\n' % number
              for number in range(files)]  # fmt: skip
    return b"".join(parts) + b"--b--\r\n", FORM_TYPE
