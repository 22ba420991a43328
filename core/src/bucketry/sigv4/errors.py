"""Errors of signatures, with S3's codes."""

from __future__ import annotations

from typing import Final

# S3 API reference, "Error responses", list of error codes. All other codes have the status 403.
_BAD_REQUEST: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "IncompleteBody",
        "InvalidArgument",
        "InvalidRequest",
        "InvalidURI",
        "MalformedTrailerError",
        "MissingSecurityHeader",
        "RequestHeaderSectionTooLarge",
        "XAmzContentSHA256Mismatch",
    }
)


class SignatureError(Exception):
    """The signature of a request, a chunk or a policy is wrong.

    The message says what to do about it. It never holds a secret or the right signature.

    Attributes:
        code: The error code of the S3 API reference, such as ``SignatureDoesNotMatch``. Act on this.
        message: One or two sentences for the person who reads the response.
        status: The HTTP status that S3 sends with that code, 400 or 403.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = 400 if code in _BAD_REQUEST else 403

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
