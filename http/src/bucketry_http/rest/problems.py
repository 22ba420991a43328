"""Errors as clients see them: RFC 9457 problem details, each with a stable code. And what the document says of them.

One table says which status each error of the contract has. An error that is not in it is a fault of the server: the log
tells all about it, and the response nothing.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import bucketry as core
from bucketry.ranges import unsatisfied_range
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from bucketry_http.rest.authorization import explained
from bucketry_http.rest.framework import JsonResponse
from bucketry_http.rest.refusing import refusal_headers
from bucketry_http.rest.schemas import PROBLEM_TYPE, Problem
from bucketry_http.rest.validation import wrong_parameter
from bucketry_http.server.refusals import REFUSAL_CODES
from bucketry_http.shared.conditions import not_modified_headers
from bucketry_http.shared.deciding import NotAllowed
from bucketry_http.shared.errors import RequestError, SlowBody, is_refusal, log_failure
from bucketry_http.shared.record import note_code

if TYPE_CHECKING:
    from bucketry_http.rest.framework import ApiRequest

logger = logging.getLogger("bucketry_http")

STORED_BEFORE: Final = "bucketry_stored_before"
"""Where in a request's state the keys stand that it stored before it failed."""

RETRY_AFTER: Final = "1"
"""Seconds that a client is asked to wait; drivers have retried already, with their own back-off."""

STATUS_OF: Final[Mapping[type[core.BucketryError], HTTPStatus]] = {
    core.InvalidRange: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    core.InvalidArgument: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.InvalidPart: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.BadDigest: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.IncompleteBody: HTTPStatus.BAD_REQUEST,
    SlowBody: HTTPStatus.REQUEST_TIMEOUT,
    core.NotFound: HTTPStatus.NOT_FOUND,
    core.BucketAlreadyExists: HTTPStatus.CONFLICT,
    core.BucketNotEmpty: HTTPStatus.CONFLICT,
    core.InvalidBucketState: HTTPStatus.CONFLICT,
    core.IsDeleteMarker: HTTPStatus.METHOD_NOT_ALLOWED,
    core.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    core.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    core.AccessDenied: HTTPStatus.FORBIDDEN,
    core.QuotaExceeded: HTTPStatus.INSUFFICIENT_STORAGE,
    core.Unsupported: HTTPStatus.NOT_IMPLEMENTED,
    core.BackendError: HTTPStatus.BAD_GATEWAY,
    core.Throttled: HTTPStatus.SERVICE_UNAVAILABLE,
    core.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    core.StoreClosed: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Looked up along an error's base classes. 507 is RFC 4918, 11.5; all others are RFC 9110, 15."""

LITESTAR_CODES: Final = {
    404: "no_such_route",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
"""Codes of the errors that Litestar finds; all others are ``malformed_request``."""

_LITESTAR_DETAILS: Final = {
    404: "There is no such path: see the API's document for those that there are",
    405: "The path does not take this method: the header Allow names those that it takes",
    413: "The body is larger than this operation takes",
    415: "The body's content type does not fit this operation: see the API's document",
}

_ANY_REQUEST: Final = (400, 401, 403, 408, 414, 421, 422, 429, 431, 500, 501, 505)
"""Statuses of problems that any request may have."""

_ANY_OPERATION: Final = (*_ANY_REQUEST, 502, 503)
"""Statuses of problems that any operation on a backend may have."""

_REASONS: Final[Mapping[int, str]] = {
    401: "the server asks for a valid token; `WWW-Authenticate` says how to send it",
    403: "the caller may not do this, or the server refuses this request, or a page of this origin, or the backend "
    "refuses the server's credentials",
    408: "the request came too slowly",
    413: "the body has too many bytes, or the form too many parts",
    414: "the URL is too long",
    421: "the host that the request names is not allowed",
    429: "wait for `Retry-After` seconds",
    431: "the headers are too long",
    501: "the store, or the server, cannot do this",
    502: "the backend failed",
    503: "try again after `Retry-After` seconds",
    505: "the server speaks HTTP/1.1 and HTTP/1.0",
}

_NEVER_SENT: Final = (core.NotModified, core.NotFound, NotAllowed)
"""The first is a 304, which is not a problem. The second is the base of the errors that say what was not found. The
sender gets to see `explained` in place of the third."""


class ServerStops(core.Unavailable):
    """The server goes on for a moment, and should be sent nothing more. Nothing is wrong, so it is not logged."""

    sentence = "The server is about to stop"


def status_of(error: core.BucketryError) -> HTTPStatus:
    """Returns the HTTP status that an error of the contract has."""
    if isinstance(error, RequestError):
        return error.status
    found = (STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def _response(
    request: Request[Any, Any, Any], problem: Problem, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    note_code(request.scope, problem.code)
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return JsonResponse(problem, status_code=problem.status, media_type=PROBLEM_TYPE, raw_headers=raw)


def on_store_error(request: Request[Any, Any, Any], error: core.BucketryError) -> JsonResponse:
    """Returns the response for an error of the contract."""
    if isinstance(error, NotAllowed):
        error = explained(error)
    # A layer that refuses a call does not always say what it was about.
    error.locate(request.path_params.get("name"), None)
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_fault(request, error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not (is_refusal(error) or isinstance(error, ServerStops)):
        log_failure(f"{request.method} {request.url.path}", error)
    problem = Problem(
        status.phrase,
        status,
        error.code,
        _detail_of(error),
        error.retryable,
        error.bucket,
        error.key,
        request.scope["state"].get(STORED_BEFORE) or None,
    )
    return _response(request, problem, _headers_of(error, status))


def on_not_modified(request: Request[Any, Any, Any], error: core.NotModified) -> JsonResponse:
    """Returns the response that the client's copy of an object is current."""
    headers = not_modified_headers(error.info, cast("ApiRequest", request).app.clock)
    return JsonResponse(None, status_code=HTTPStatus.NOT_MODIFIED, raw_headers=headers)


def _headers_of(error: core.BucketryError, status: HTTPStatus) -> dict[str, str]:
    headers = {"Retry-After": RETRY_AFTER} if error.retryable else {}
    headers |= refusal_headers(error)
    if isinstance(error, core.InvalidRange) and error.size_bytes is not None:
        # RFC 9110, 15.5.17: the client learns the size that its range is beyond.
        headers["Content-Range"] = unsatisfied_range(error.size_bytes)
    if status is HTTPStatus.REQUEST_TIMEOUT:
        # The rest of the body is not waited for (RFC 9110, 15.5.9).
        headers["Connection"] = "close"
    return headers


def _detail_of(error: core.BucketryError) -> str:
    if isinstance(error, core.BackendError):
        # It holds the text of an error that no driver knows: that is for the log.
        return f"{error.sentence}; the server's log says why"
    return f"{error.sentence}: {error.detail}" if error.detail else error.sentence


def on_litestar_error(request: Request[Any, Any, Any], error: HTTPException) -> JsonResponse:
    """Returns the response for an error that Litestar found: no such route, wrong method, wrong parameter."""
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_fault(request, error)
    detail = _LITESTAR_DETAILS.get(status, "The request is not valid: see the API's document")
    code = LITESTAR_CODES.get(status, "malformed_request")
    if isinstance(error, ValidationException):
        status, code = HTTPStatus.UNPROCESSABLE_ENTITY, core.InvalidArgument.code
        detail = _validation_detail(request, error)
    return _response(request, Problem(status.phrase, status, code, detail, retryable=False), error.headers)


def _validation_detail(request: Request[Any, Any, Any], error: ValidationException) -> str:
    found = error.extra if isinstance(error.extra, list) else []
    names = [str(each["key"]) for each in found if "key" in each]
    return "; ".join(_wrong(request, name) for name in names) or "A parameter is not valid: see the API's document"


def _wrong(request: Request[Any, Any, Any], name: str) -> str:
    if name == "data":
        return "the body is required, as JSON"
    return wrong_parameter(name, request.route_handler.parsed_fn_signature.parameters.get(name))


def on_fault(request: Request[Any, Any, Any], error: Exception) -> JsonResponse:
    """Returns the response for a fault of the server, and logs the fault. The response does not describe it."""
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _response(
        request,
        Problem(status.phrase, status, "internal_error", "The server failed; its log says why", retryable=False),
    )


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    core.NotModified: on_not_modified,
    core.BucketryError: on_store_error,
    HTTPException: on_litestar_error,
    Exception: on_fault,
}


def backend_problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the documented problems of an operation on a backend: these, and those of any such operation."""
    return _documented({*statuses, *_ANY_OPERATION})


def request_problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the documented problems of an operation that asks no backend: these, and those of any request."""
    return _documented({*statuses, *_ANY_REQUEST})


def _documented(statuses: set[int]) -> dict[int, ResponseSpec]:
    return {
        # `ApiOperation` adds the description: not all errors are imported yet.
        status: ResponseSpec(Problem, generate_examples=False, description="", media_type=PROBLEM_TYPE)
        for status in sorted(statuses)
    }


def describe(status: int) -> str:
    """Returns what the document says of a problem's status: its phrase, its codes and when it occurs."""
    codes = ", ".join(f"`{code}`" for code in codes_of(status))
    reason = f": {_REASONS[status]}" if status in _REASONS else ""
    return f"{HTTPStatus(status).phrase}. Codes: {codes}{reason}"


def codes_of(status: int) -> list[str]:
    """Returns the codes that problems with a status may have, sorted."""
    return sorted(_codes()[status])


def documented_statuses() -> list[int]:
    """Returns the statuses that any error has, sorted."""
    return sorted(_codes())


@cache
def _codes() -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for kind in _errors(core.BucketryError):
        found[status_of(kind())].add(kind.code)
    for status, code in (*LITESTAR_CODES.items(), *REFUSAL_CODES.items()):
        found[status].add(code)
    found[HTTPStatus.INTERNAL_SERVER_ERROR] = {"internal_error"}
    return dict(found)


def _errors(kind: type[core.BucketryError]) -> Iterator[type[core.BucketryError]]:
    """Yields the errors of the contract and of this API. Drivers and tests may have more, with codes of their own."""
    for child in kind.__subclasses__():
        ours = child.__module__.startswith(("bucketry.errors", "bucketry_http.rest.", "bucketry_http.shared."))
        if ours and child not in _NEVER_SENT:
            yield child
        yield from _errors(child)
