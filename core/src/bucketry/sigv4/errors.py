"""Why a signature is refused, in S3's own words."""

from __future__ import annotations

from typing import Final

# S3 API reference, "Error responses", list of error codes. The codes that are not listed here answer 403.
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
    """A request, a chunk or a policy that is not signed as it should be.

    The message says what to do about it. It never holds a secret or the signature that would have been right.

    Attributes:
        code: The error code of the S3 API reference, such as ``SignatureDoesNotMatch``. Act on this.
        message: One or two sentences for the person who reads the answer.
        status: The HTTP status that S3 sends with that code, 400 or 403.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = 400 if code in _BAD_REQUEST else 403

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
