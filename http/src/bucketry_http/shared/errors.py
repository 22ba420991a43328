"""What can be wrong with a request before any store is called, and what the log says about requests that fail."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Final

from bucketry import BucketryError, IncompleteBody, Unavailable

logger = logging.getLogger("bucketry_http")

_MOST: Final = 300
"""Characters of a cause's own text."""

_QUERY: Final = re.compile(r"\?[^\s'\")]*")
"""Of a URL: it may hold a signature."""


class RequestError(BucketryError):
    """A request that HTTP itself or an API's rules for bodies forbid, before any store is asked."""

    code = "malformed_request"
    status = HTTPStatus.BAD_REQUEST
    sentence = "The request is not valid"


class MalformedForm(RequestError):
    """The body is no complete multipart form (RFC 7578)."""

    code = "malformed_form"
    sentence = "The body is not a valid multipart form"


class UnsupportedMediaType(RequestError):
    """The body is of a kind that this operation does not take."""

    code = "unsupported_media_type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    sentence = "The body's content type does not fit this operation"


class HostNotAllowed(RequestError):
    """The request was sent to a host name that this server is not known under."""

    code = "host_not_allowed"
    status = HTTPStatus.MISDIRECTED_REQUEST
    sentence = "This server is not known under the host that the request names"

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "use localhost, or have its operator allow the host "
            "(setting allowed_hosts, option --allowed-host of bucketry serve)"
        )


class ForeignOrigin(RequestError):
    """A web page of another origin sends what only pages of allowed origins may send."""

    code = "foreign_origin"
    status = HTTPStatus.FORBIDDEN
    sentence = "A web page of another origin may not do this"

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "have the server's operator allow its origin (setting cors_origins, option --cors-origin of bucketry serve)"
        )


class SlowBody(IncompleteBody):
    """The body came too slowly, or stood still (RFC 9110, 15.5.9)."""

    code = "request_timeout"
    sentence = "The body came too slowly"


class ServerStops(Unavailable):
    """The server goes on for a moment, and is not to be sent anything more. Nothing is wrong, so it is not logged."""

    sentence = "The server is about to stop"


def log_failure(what: str, error: BucketryError) -> None:
    """Writes one line about an error of the contract, with its cause; with the traceback at the level ``debug``.

    Args:
        what: What failed.
        error: The error.
    """
    detailed = error.__cause__ if logger.isEnabledFor(logging.DEBUG) else None
    logger.warning("%s", _one_line(f"{what}: {error}{_because(error.__cause__)}"), exc_info=detailed)


def _because(cause: BaseException | None) -> str:
    if cause is None:
        return ""
    text = _QUERY.sub("?…", str(cause))[:_MOST]
    return f" (caused by {type(cause).__name__}{': ' + text if text else ''})"


def _one_line(text: str) -> str:
    # A key, and so a path, may have a line end in it.
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
