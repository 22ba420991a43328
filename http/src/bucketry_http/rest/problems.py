"""Errors as clients see them: RFC 9457 problem details, each with a stable code.

One table says which status each error of the contract has. What is not in it is a fault of the server: it is logged in
full and answered without particulars.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import bucketry as core
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from bucketry_http.rest.faults_of_input import fault_of_parameter
from bucketry_http.rest.schemas import PROBLEM_TYPE, Problem
from bucketry_http.shared.errors import RequestError, ServerStops, SlowBody, log_failure

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


class MalformedJson(RequestError):
    """The body is no JSON."""

    code = "malformed_json"
    sentence = "The body is not valid JSON"


class MalformedUrl(RequestError):
    """The path or query is not UTF-8 behind its percent-encoding."""

    code = "malformed_url"
    sentence = "The URL is not valid"


def status_of(error: core.BucketryError) -> HTTPStatus:
    """Returns the HTTP status that an error of the contract has."""
    if isinstance(error, RequestError):
        return error.status
    found = (STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer(
    request: Request[Any, Any, Any], problem: Problem, headers: Mapping[str, str] | None = None
) -> Response[Problem | None]:
    # An answer to HEAD has no content (RFC 9110, 9.3.2).
    kind = _NoContent if request.method == "HEAD" else Response[Problem | None]
    content = None if request.method == "HEAD" else problem
    return kind(content, status_code=problem.status, media_type=PROBLEM_TYPE, headers=dict(headers or {}))


class _NoContent(Response[Problem | None]):
    """An answer to HEAD: the framework would send ``null``, or at least its length."""

    def render(self, *_: Any, **__: Any) -> bytes:
        return b""


def on_store_error(request: Request[Any, Any, Any], error: core.BucketryError) -> Response[Problem | None]:
    """Answers with an error of the contract."""
    # A layer that refuses a call does not always say what it was about.
    error.locate(request.path_params.get("name"), None)
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_fault(request, error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, core.Unsupported | ServerStops):
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
    headers = {"Retry-After": RETRY_AFTER} if error.retryable else {}
    if status is HTTPStatus.REQUEST_TIMEOUT:
        # The rest of the body is not waited for (RFC 9110, 15.5.9).
        headers["Connection"] = "close"
    return _answer(request, problem, headers)


def _detail_of(error: core.BucketryError) -> str:
    if isinstance(error, core.BackendError):
        # It holds the text of an error that no driver knows: that is for the log.
        return f"{error.sentence}; the server's log says why"
    return f"{error.sentence}: {error.detail}" if error.detail else error.sentence


FRAMEWORK_CODES: Final = {
    404: "no_such_route",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem | None]:
    """Answers with an error that the framework found: no such route, wrong method, wrong parameter."""
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_fault(request, error)
    detail = _FRAMEWORK_DETAILS.get(status, "The request is not valid: see the API's document")
    code = FRAMEWORK_CODES.get(status, "malformed_request")
    if isinstance(error, ValidationException):
        status, code = HTTPStatus.UNPROCESSABLE_ENTITY, core.InvalidArgument.code
        detail = _validation_detail(request, error)
    problem = Problem(status.phrase, status, code, detail, retryable=False)
    return _answer(request, problem, error.headers)


_FRAMEWORK_DETAILS: Final = {
    404: "There is no such path: see the API's document for those that there are",
    405: "The path does not take this method: the header Allow names those that it takes",
    413: "The body is larger than this operation takes",
    415: "The body's content type does not fit this operation: see the API's document",
}


def _validation_detail(request: Request[Any, Any, Any], error: ValidationException) -> str:
    found = error.extra if isinstance(error.extra, list) else []
    names = [str(each["key"]) for each in found if "key" in each]
    return "; ".join(_describe(request, name) for name in names) or "A parameter is not valid: see the API's document"


def _describe(request: Request[Any, Any, Any], name: str) -> str:
    if name == "data":
        return "the body is required, as JSON"
    return fault_of_parameter(name, request.route_handler.parsed_fn_signature.parameters.get(name))


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Problem | None]:
    """Answers that the server failed, and logs why: no particulars leave it."""
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    problem = Problem(status.phrase, status, "internal_error", "The server failed; its log says why", retryable=False)
    return _answer(request, problem)


HANDLERS: Final[ExceptionHandlersMap] = {
    core.BucketryError: on_store_error,
    HTTPException: on_http_error,
    Exception: on_fault,
}
