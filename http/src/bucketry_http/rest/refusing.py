"""Responses to requests that are refused before Litestar sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bucketry_http.shared.errors import CredentialsUnchecked, RequestError, TooManyRequests, Unauthenticated
from bucketry_http.shared.record import note_code
from bucketry_http.shared.response_body import send_response


async def send_refusal(error: RequestError, scope: Any, send: Callable[[Any], Any]) -> None:
    """Sends a problem as the response to a request."""
    from bucketry_http.rest.schemas import PROBLEM_TYPE, Problem  # Only here: the settings of the port start sooner.

    note_code(scope, error.code)
    body = msgspec.json.encode(Problem.of(error))
    headers = [(b"content-type", PROBLEM_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in refusal_headers(error).items()]
    await send_response(send, error.status, headers, b"" if scope["method"] == "HEAD" else body)


def refusal_headers(error: Exception) -> dict[str, str]:
    """Returns the headers that say what a client must do before it tries again."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": error.challenge}
    if isinstance(error, CredentialsUnchecked):
        return {"Retry-After": "1"}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    return {}
