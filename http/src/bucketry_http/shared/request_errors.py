"""What a request can have wrong before any store is asked, whichever protocol it speaks."""

from __future__ import annotations

from http import HTTPStatus

from bucketry import BucketryError, IncompleteBody, Unavailable


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
