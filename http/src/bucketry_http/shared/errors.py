"""Errors in requests that are found before any store is called, and the log of requests that fail."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Final

from bucketry import BucketryError, IncompleteBody, QuotaExceeded, Unsupported

logger = logging.getLogger("bucketry_http")

_MAX_CAUSE: Final = 300
"""Longest text of a cause in the log, in characters."""

_QUERY: Final = re.compile(r"\?[^\s'\")]*")
"""The query of a URL, which may hold a signature."""


class RequestError(BucketryError):
    """The request breaks a rule of HTTP or of the API. No store was called."""

    code = "malformed_request"
    status = HTTPStatus.BAD_REQUEST
    sentence = "The request is not valid"


class MalformedForm(RequestError):
    """The body is not a complete multipart form (RFC 7578)."""

    code = "malformed_form"
    sentence = "The body is not a valid multipart form"


class UnsupportedMediaType(RequestError):
    """The body has a media type that this operation does not take."""

    code = "unsupported_media_type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    sentence = "The body's content type does not fit this operation"


class HostNotAllowed(RequestError):
    """The request names a host that is not one of this server's hosts."""

    code = "host_not_allowed"
    status = HTTPStatus.MISDIRECTED_REQUEST
    sentence = "This server is not known under the host that the request names"

    def __init__(self) -> None:
        """Adds what to do."""
        super().__init__(
            "use localhost, or have its operator allow the host "
            "(setting allowed_hosts, option --allowed-host of bucketry serve)"
        )


class Unauthenticated(RequestError):
    """The request has no credential, and needs one; or its credential is not valid (RFC 9110, 15.5.2).

    Attributes:
        challenge: The value of ``WWW-Authenticate`` (RFC 6750, 3).
    """

    code = "unauthenticated"
    status = HTTPStatus.UNAUTHORIZED
    sentence = "The request needs a valid token"

    def __init__(self, detail: str = "send Authorization: Bearer TOKEN", error: str = "") -> None:
        """Says what is wrong.

        Args:
            detail: The same for people.
            error: Code of the error in the challenge; empty: the request has no token.
        """
        super().__init__(detail)
        self.challenge = f'Bearer realm="bucketry", error="{error}"' if error else 'Bearer realm="bucketry"'


class CredentialsUnchecked(RequestError):
    """Nobody can say now whether a token is valid, since its issuer does not answer."""

    code = "issuer_unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    sentence = "The token cannot be checked now"
    retryable = True


class TooManyRequests(RequestError):
    """The client sends more than it may (RFC 6585, 4).

    Attributes:
        retry_after: Seconds after which it may try again.
    """

    code = "too_many_requests"
    status = HTTPStatus.TOO_MANY_REQUESTS
    sentence = "Too many requests"
    retryable = True

    def __init__(self, detail: str = "", retry_after: int = 1) -> None:
        """Says how long to wait.

        Args:
            detail: Too many of what.
            retry_after: See the class.
        """
        super().__init__(detail)
        self.retry_after = retry_after


class SlowBody(IncompleteBody):
    """The body came too slowly, or not at all (RFC 9110, 15.5.9)."""

    code = "request_timeout"
    sentence = "The body came too slowly"


def is_refusal(error: Exception) -> bool:
    """Says whether an error refuses a request, whatever its status: nothing has failed, so the log need not have it.

    The access log, the audit and the metrics have it. Clients could fill the log otherwise.
    """
    return isinstance(error, RequestError | QuotaExceeded | Unsupported)


def log_failure(what: str, error: BucketryError) -> None:
    """Logs an error of the contract and its cause in one line. At the level ``debug``, the traceback follows.

    Args:
        what: What failed.
        error: The error.
    """
    detailed = error.__cause__ if logger.isEnabledFor(logging.DEBUG) else None
    logger.warning("%s", _one_line(f"{what}: {error}{_because(error.__cause__)}"), exc_info=detailed)


def _because(cause: BaseException | None) -> str:
    if cause is None:
        return ""
    text = _QUERY.sub("?…", str(cause))[:_MAX_CAUSE]
    return f" (caused by {type(cause).__name__}{': ' + text if text else ''})"


def _one_line(text: str) -> str:
    # A key may have a line end in it, and so may a path.
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
