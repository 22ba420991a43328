"""Problem details (RFC 9457), as every part of the REST API's port sends them."""

from __future__ import annotations

from typing import Final

import msgspec

from bucketry_http.shared.request_errors import RequestError

MEDIA_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong (RFC 9457).

    Attributes:
        title: The status in words.
        status: The HTTP status.
        code: Stable name of the failure, for programs.
        detail: What happened, for people.
        retryable: Whether the same request may succeed later with nothing changed.
        bucket: The bucket that the request was about.
        key: The key that the request was about.
        stored: Keys of the form's files that were stored before the one that failed.
    """

    title: str
    status: int
    code: str
    detail: str
    retryable: bool
    bucket: str | None = None
    key: str | None = None
    stored: list[str] | None = None


def document_of(error: RequestError) -> bytes:
    """Returns the problem document of an error in a request."""
    status = error.status
    return msgspec.json.encode(
        Problem(status.phrase, status, error.code, f"{error.sentence}: {error.detail}", error.retryable)
    )
