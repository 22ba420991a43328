"""What a request can have wrong before any store is asked, whichever protocol it speaks."""

from __future__ import annotations

from http import HTTPStatus

from bucketry import BucketryError


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
