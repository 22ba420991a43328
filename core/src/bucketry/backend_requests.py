"""What belongs to each request that a driver sends to its backend, besides what the operation needs.

Servers set a watcher for each request that they serve. It follows calls into threads, as context variables do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final, Protocol

from bucketry.origin import origin_of_call

REQUEST_ID: Final = "x-request-id"

_FIT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Watcher(Protocol):
    """Belongs to one request that a server serves. Its methods may be called in any thread, and must not fail."""

    @property
    def trace_headers(self) -> Mapping[str, str]:
        """Headers that tell the backend of the trace (W3C Trace Context)."""

    def count_retry(self) -> None:
        """Learns that a request to the backend is sent again."""


_watcher: Final[ContextVar[Watcher | None]] = ContextVar("bucketry_watcher", default=None)

set_watcher: Final = _watcher.set
"""Sets the watcher of the calls that follow in this context."""

watcher_of_call: Final = _watcher.get
"""Returns the watcher of the call that is being made; ``None``: nobody watches."""


def request_headers() -> Mapping[str, str]:
    """Returns the headers that a driver adds to each request: the id of the request that it is made for, and its trace.

    The id is that of the call's origin (`bucketry.origin`). One that is not fit for a header is left out.
    """
    origin, watcher = origin_of_call(), watcher_of_call()
    if origin is None and watcher is None:
        return _NO_HEADERS
    traced = _NO_HEADERS if watcher is None else watcher.trace_headers
    if origin is None or not _FIT_ID.fullmatch(origin.request_id):
        return traced
    return {REQUEST_ID: origin.request_id, **traced}
