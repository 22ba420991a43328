"""What the server itself responds: to requests that never reach the application, and in place of one that cannot."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec

REFUSAL_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.REQUEST_URI_TOO_LONG: "too_large",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too_large",
    HTTPStatus.NOT_IMPLEMENTED: "unsupported",
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: "unsupported",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
"""Stable codes of requests that are refused before they reach the application; all others are
``malformed_request``."""


class Refusals:
    """Refusals as problems (RFC 9457). A port whose clients read another language has a subclass."""

    def code(self, status: HTTPStatus) -> str:
        """Returns the stable code of a refusal."""
        return REFUSAL_CODES.get(status, "malformed_request")

    def document(self, status: HTTPStatus, detail: str) -> tuple[str, bytes]:
        """Returns media type and body of a refusal."""
        problem: dict[str, object] = {
            "title": status.phrase,
            "status": status,
            "code": self.code(status),
            "detail": detail,
            "retryable": status is HTTPStatus.SERVICE_UNAVAILABLE,
        }
        return "application/problem+json", msgspec.json.encode(problem)

    def response(self, status: HTTPStatus, detail: str, *, date: bytes, request_id: str) -> bytes:
        """Returns the response as it is sent. It is the last one of its connection.

        Args:
            status: The status.
            detail: What is wrong, then what to do.
            date: The value of ``Date``.
            request_id: The id of the request; empty: it has none.
        """
        media_type, body = self.document(status, detail)
        retry = "retry-after: 1\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        named = f"x-request-id: {request_id}\r\n" if request_id else ""
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ndate: {date.decode()}\r\ncontent-type: {media_type}\r\n"
            f"content-length: {len(body)}\r\n{retry}{named}connection: close\r\n\r\n"
        )
        return head.encode() + body
