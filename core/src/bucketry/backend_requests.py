"""What belongs to each request that a driver sends to its backend, besides what the operation needs.

Servers set a watcher for each request that they serve, and `bucketry.tracing` the trace of each call. Both follow calls
into threads, as context variables do. A driver that starts threads of its own gives them `in_this_context`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, copy_context
from typing import Final, ParamSpec, Protocol, TypeVar

import msgspec

from bucketry.origin import origin_of_call

REQUEST_ID: Final = "x-request-id"

_FIT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_NO_HEADERS: Final[Mapping[str, str]] = {}

P = ParamSpec("P")
T = TypeVar("T")


class Watcher(Protocol):
    """Belongs to one request that a server serves. Its methods may be called in any thread, and must not fail."""

    @property
    def id(self) -> str:
        """The request's id, which is fit for a header."""

    @property
    def trace_headers(self) -> Mapping[str, str]:
        """Headers that tell the backend of the trace (W3C Trace Context)."""

    def count_retry(self) -> None:
        """Learns that a request to the backend is sent again."""


class SentRequest(msgspec.Struct):
    """A request to the backend that is on its way.

    Attributes:
        status: Status of its response. Whoever sends the request sets it; 0: there is no response.
    """

    status: int = 0


class Tracing(Protocol):
    """The trace that a call of the store is part of. Its methods may be called in any thread, and must not fail."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that tell the backend of the trace (W3C Trace Context); empty: there is no trace."""

    def request(self, method: str, url: str, *, resends: int, count: int) -> AbstractContextManager[SentRequest]:
        """Traces one request, or several on one connection. Arguments as in `sending`."""


_watcher: Final[ContextVar[Watcher | None]] = ContextVar("bucketry_watcher", default=None)

set_watcher: Final = _watcher.set
"""Sets the watcher of the calls that follow in this context."""

watcher_of_call: Final = _watcher.get
"""Returns the watcher of the call that is being made; ``None``: nobody watches."""


_tracing: Final[ContextVar[Tracing | None]] = ContextVar("bucketry_tracing", default=None)

set_tracing: Final = _tracing.set
"""Sets the trace of the calls that follow in this context, and returns a token for `end_tracing`."""

end_tracing: Final = _tracing.reset
"""Brings back the trace of before. Takes the token of `set_tracing`."""

tracing_of_call: Final = _tracing.get
"""Returns the trace that the call is part of; ``None``: nobody traces it."""


def sending(method: str, url: str, *, resends: int = 0, count: int = 1) -> AbstractContextManager[SentRequest]:
    """Traces a request to the backend, if somebody wants to know. Use it in a ``with`` statement around each try.

    `request_headers` belongs inside: the backend is told of this very request.

    Args:
        method: The HTTP method.
        url: Where it is sent. The query is not looked at.
        resends: How often the same request was sent before.
        count: How many requests are sent together, without waiting for responses.
    """
    tracing = tracing_of_call()
    if tracing is None:
        return nullcontext(SentRequest())
    return tracing.request(method, url, resends=resends, count=count)


def in_this_context(function: Callable[P, T]) -> Callable[P, T]:
    """Returns a function that any thread can call, and that knows the request and the trace of this call.

    Several threads may be in it at once.
    """
    context = copy_context()

    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.copy().run(function, *args, **kwargs)

    return called


def request_headers() -> Mapping[str, str]:
    """Returns the headers that a driver adds to each request: the id of the request that it is made for, and its trace.

    The id is that of the call's watcher, or of its origin (`bucketry.origin`). There, one that is not fit for a header
    is left out.
    """
    watcher, tracing = watcher_of_call(), tracing_of_call()
    traced = _NO_HEADERS if tracing is None else tracing.headers
    if watcher is not None:
        return {REQUEST_ID: watcher.id, **(traced or watcher.trace_headers)}
    origin = origin_of_call()
    if origin is None or not _FIT_ID.fullmatch(origin.request_id):
        return traced
    return {REQUEST_ID: origin.request_id, **traced}
