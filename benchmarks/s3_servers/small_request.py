"""Small S3 requests in process, without a socket: their calls, our files that they pass, and their processor time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import MutableMapping
from pathlib import Path
from time import process_time
from types import FrameType
from typing import Any, Final, final

import msgspec
from bucketry import Secret, Store
from bucketry.sigv4 import Credentials, Signer, payload_hash
from bucketry_http.s3 import S3Credential, S3Settings, create_s3_app
from bucketry_memory import MemoryDriver, MemorySettings

BUCKET: Final = "bench"
CONTENT: Final = bytes(range(256)) * 4
_KEYS: Final = ("access-key", "secret-key-of-the-bench")
_HOST: Final = "127.0.0.1:9000"
_PATH: Final = f"/{BUCKET}/photos/000001"
_ROOT: Final = f"{Path(__file__).parents[2]}/"

Message = MutableMapping[str, Any]


class Passed(msgspec.Struct, frozen=True):
    """What one request passes.

    Attributes:
        files: Our files of which a function is called.
        calls: Calls of all kinds, of Python functions and of C functions, as ``sys.setprofile`` reports them.
    """

    files: tuple[str, ...]
    calls: int


@final
class SmallRequests:
    """The S3 port over the memory driver, and signed requests for an object of 1 KiB."""

    def __init__(self) -> None:
        """Makes port and requests."""
        self._store = Store(MemoryDriver(MemorySettings()))
        self._store.create_bucket(BUCKET)
        credential = S3Credential(access_key=_KEYS[0], secret_key=Secret(_KEYS[1]))
        self._app: Any = create_s3_app(self._store, S3Settings(credentials=(credential,)))
        self._loop = asyncio.new_event_loop()
        self._scopes = {"PUT": _signed("PUT", CONTENT), "GET": _signed("GET", b"")}
        for method in (*self._scopes, *self._scopes):  # What is remembered from one request to the next is there then.
            self.seconds(method, 2)

    def close(self) -> None:
        """Closes the store and the event loop."""
        self._loop.close()
        self._store.close()

    def count(self, method: str) -> Passed:
        """Counts what a PUT or GET passes."""
        # What is remembered for a second, such as the text of a date, is there then.
        self.seconds(method, 1)
        files: set[str] = set()
        calls = 0

        def note(frame: FrameType, event: str, _: object) -> None:
            nonlocal calls
            name = frame.f_code.co_filename
            if name == __file__ or event not in {"call", "c_call"}:
                return
            calls += 1
            if event == "call" and name.startswith(_ROOT) and "/src/bucketry" in name:
                files.add(name.removeprefix(_ROOT))

        async def counted() -> None:
            sys.setprofile(note)
            try:
                await self._request(method)
            finally:
                sys.setprofile(None)

        self._loop.run_until_complete(counted())
        return Passed(tuple(sorted(files)), calls)

    def seconds(self, method: str, times: int) -> float:
        """Returns the processor time of so many PUTs or GETs."""

        async def repeated() -> None:
            for _ in range(times):
                await self._request(method)

        begun = process_time()
        self._loop.run_until_complete(repeated())
        return process_time() - begun

    async def _request(self, method: str) -> None:
        body = CONTENT if method == "PUT" else b""
        received: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Message] = []

        async def receive() -> Message:
            return received.pop() if received else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(dict(self._scopes[method]), receive, send)
        if sent[0]["status"] != 200:
            raise RuntimeError(f"{method} failed: {sent}")


def _signed(method: str, body: bytes) -> dict[str, Any]:
    """Returns the ASGI scope of a signed request."""
    headers = {"content-length": str(len(body))} if body else {}
    signer = Signer(Credentials(_KEYS[0], Secret(_KEYS[1])), region="us-east-1")
    signed = signer.sign(method, f"http://{_HOST}{_PATH}", payload=payload_hash(body), headers=headers)
    pairs = {"host": signed.host, **headers, **signed.headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in pairs.items()],
        "server": ("127.0.0.1", 9000),
        "client": ("127.0.0.1", 50000),
    }
