"""Where a call to a store comes from: who sent the request behind it, and from which address.

Ports set the origin of each request, and core's lifecycle sets its own. Layers read it with `origin_of_call`. The
origin follows a call into the threads that asyncio and anyio start for it, as context variables do.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal

import msgspec

Action = Literal["api", "form", "lifecycle", "reset"]
"""What a call is part of: a request of an API, an upload by a browser's form, lifecycle, or the reset between tests."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call comes from.

    Attributes:
        principal: Id of the user who is responsible for it.
        address: IP address that the request came from.
        request_id: Id of the request, which is in its response too.
        action: What the call is part of.
    """

    principal: str
    address: str
    request_id: str
    action: Action = "api"


HOST_ID: Final = secrets.token_hex(16)
"""Id of this process, which goes with each request's id."""

_SERVICE: Final = "s3.amazonaws.com"
"""What S3's events name as principal and address of what S3 does by itself (S3 user guide, "Lifecycle event
notifications")."""

LIFECYCLE: Final = Origin(principal=_SERVICE, address=_SERVICE, request_id="", action="lifecycle")
"""The origin of calls that carry out lifecycle rules."""

RESET: Final = Origin(principal=_SERVICE, address=_SERVICE, request_id="", action="reset")
"""The origin of calls that bring a store back to its state at the start. They are no events."""

_origin: Final[ContextVar[Origin | None]] = ContextVar("bucketry_origin", default=None)

set_origin: Final = _origin.set
"""Sets the origin of the calls that follow in this context, such as in the task that serves a request."""

origin_of_call: Final = _origin.get
"""Returns the origin of the call that is being made; ``None``: nobody has set it, as for a call in a program."""


@contextmanager
def calls_from(origin: Origin) -> Iterator[None]:
    """Sets the origin of all calls in a ``with`` statement."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)
