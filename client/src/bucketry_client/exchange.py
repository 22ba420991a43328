"""Sends a request until it has a response: retries what may be retried, and reads what the server refuses."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import httpx
import msgspec
from bucketry import (
    BucketryError,
    IncompleteBody,
    InvalidArgument,
    InvalidSettings,
    StoreClosed,
    Throttled,
    Unavailable,
)
from bucketry.redaction import protect_loggers, redacted

from bucketry_client._version import __version__
from bucketry_client.errors import error_of, host_of
from bucketry_client.requests import Request, base_of
from bucketry_client.responses import read_all
from bucketry_client.sending import Incoming, Sender
from bucketry_client.tokens import TokenSource

T = TypeVar("T")

MAX_PROBLEM_BYTES: Final = 1024 * 1024
"""Most bytes of the body of a refusal. The keys of a form's 1,000 stored files are in it, each of 1 KiB."""

_FIRST_WAIT: Final = 0.1
"""Seconds before the first retry, where the server names no time; twice as many before each further one."""

# httpcore logs the headers of requests, with the token.
protect_loggers("httpx", "httpcore")


class Trying(msgspec.Struct, frozen=True, kw_only=True):
    """How often a request is sent, and how long is waited.

    Attributes:
        retries: How often a request is sent again at most, if that is safe.
        resumes: How often a download is asked for the rest of its content at most.
        max_wait: Most seconds to wait before a retry. If the server asks for a longer wait, the call fails.
        max_json_bytes: Most bytes of JSON in a response.
    """

    retries: int = 3
    resumes: int = 5
    max_wait: float = 30.0
    max_json_bytes: int = 64 * 1024**2

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            InvalidSettings: One is negative.
        """
        if min(self.retries, self.resumes, self.max_wait, self.max_json_bytes) < 0:
            raise InvalidSettings("retries, resumes, max_wait and max_json_bytes are not negative")


class Exchange:
    """Sends the requests of a client.

    Attributes:
        address: Where the API is, for messages.
        trying: How often it tries.
    """

    def __init__(self, url: str, sender: Sender, token: TokenSource, trying: Trying) -> None:
        """Takes what is needed for all requests."""
        self.address = base_of(url)
        self.trying = trying
        self._sender = sender
        self._token = token
        self._closed = False

    async def run(self, request: Request, finish: Callable[[Incoming], Awaitable[T]], *, keep: bool = False) -> T:
        """Sends a request, and returns what ``finish`` makes of the response.

        Args:
            request: The request.
            finish: Reads the response of a success.
            keep: Whether the response stays open after that.

        Raises:
            StoreClosed: The client is closed.
            BucketryError: The server refuses the request, or cannot be reached.
        """
        if self._closed:
            raise StoreClosed("its client was closed: make another one")
        attempt = 0
        while True:
            try:
                return await self._once(request, finish, keep=keep)
            except _Failed as failed:
                wait = self._wait(failed, request, attempt)
                if wait is None:
                    raise failed.error from failed.error.__cause__
            attempt += 1
            await self._sender.sleep(wait)

    async def _once(self, request: Request, finish: Callable[[Incoming], Awaitable[T]], *, keep: bool) -> T:
        try:
            incoming = await self._send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _Failed(self._unreachable("no connection to", error), was_not_done=True) from None
        except IncompleteBody as error:
            raise error from error.__context__  # httpcore hides why the source failed.
        except (httpx.LocalProtocolError, httpx.InvalidURL) as error:
            raise InvalidArgument(f"the request cannot be sent: {error}") from error
        except httpx.TransportError as error:
            raise _Failed(self._unreachable("no response from", error)) from None
        kept = False
        try:
            if incoming.status in request.operation.statuses:
                result = await finish(incoming)
                kept = keep
                return result
            raise await self._refusal(incoming)
        except httpx.TransportError as error:
            raise _Failed(self._unreachable("a response broke off from", error)) from None
        finally:
            if not kept:
                await incoming.close()

    async def _send(self, request: Request) -> Incoming:
        headers = {
            "accept": "*/*",
            "accept-encoding": "identity",
            "user-agent": f"bucketry-client/{__version__}",
            **request.sent_headers(),
        }
        if (token := self._token.header()) is not None:
            headers["authorization"] = token
        if request.content is not None:
            request.content.begin()
        url = self.address + request.target()
        return await self._sender.send(request.operation.method, url, headers, request.content)

    async def _refusal(self, incoming: Incoming) -> _Failed:
        body = await read_all(incoming, MAX_PROBLEM_BYTES)
        error = error_of(incoming.status, incoming.headers, body, address=self.address)
        seconds = incoming.headers.get("retry-after", "")
        wait = int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 10 else None
        return _Failed(error, was_not_done=isinstance(error, Throttled), wait=wait)

    def _wait(self, failed: _Failed, request: Request, attempt: int) -> float | None:
        """Returns how many seconds to wait before the request is sent again; ``None``: it is not."""
        if request.once or attempt >= self.trying.retries or not failed.error.retryable:
            return None
        if request.content is not None and not request.content.again:
            return None
        if not failed.was_not_done and (request.conditional or not request.operation.repeatable):
            return None
        if failed.wait is not None:
            return failed.wait if failed.wait <= self.trying.max_wait else None
        spread: float = random.uniform(0.5, 1.0)  # noqa: S311 - so that clients do not come back all at once
        return min(_FIRST_WAIT * float(2**attempt) * spread, self.trying.max_wait)

    def _unreachable(self, what: str, error: httpx.TransportError) -> Unavailable:
        said = redacted(_said_by(error))[:300]
        failure = Unavailable(f"{what} {self.address}: {said}{_advice(self.address, said)}")
        failure.__cause__ = error
        return failure

    async def close(self) -> None:
        """Closes all connections. No request can follow."""
        self._closed = True
        await self._sender.close()


def _said_by(error: BaseException) -> str:
    """Returns what an error says, or the one behind it: some of httpx's have no text of their own."""
    behind = error.__cause__ or error.__context__
    return str(error) or ("" if behind is None else _said_by(behind)) or type(error).__name__


def _advice(address: str, said: str) -> str:
    """Returns what to do where an error looks as if the URL had the wrong scheme or the wrong authorities."""
    if "WRONG_VERSION_NUMBER" in said or "record layer failure" in said:
        return f": the server does not speak TLS there: write http://{host_of(address)}"
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return ": name the server's certificate authorities with ca_file"
    if "disconnected without sending" in said and address.startswith("http:"):
        return f" If it speaks TLS, write https://{host_of(address)}"
    return ""


class _Failed(Exception):
    """A try that failed.

    Attributes:
        error: Why.
        was_not_done: Whether it is sure that the server did not do what it was asked.
        wait: Seconds that the server asks to wait.
    """

    def __init__(self, error: BucketryError, *, was_not_done: bool = False, wait: int | None = None) -> None:
        super().__init__()
        self.error = error
        self.was_not_done = was_not_done
        self.wait = wait
