"""Errors of the contract for what the server says, by one table, and for responses that are not the API's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from inspect import signature
from typing import Any, Final, NoReturn

import bucketry.errors
import msgspec
from bucketry import (
    AccessDenied,
    BackendError,
    BucketryError,
    IncompleteBody,
    InvalidArgument,
    InvalidRange,
    Throttled,
    TooLarge,
    Unavailable,
    Unsupported,
)
from bucketry.decoding import from_json
from bucketry.rest_api import PREFIX
from bucketry.s3 import MAX_KEY_BYTES

from bucketry_client.views import Problem

_SHOWN: Final = 1000
"""Longest text of a server that a message repeats, in characters."""

_MAX_NAME: Final = MAX_KEY_BYTES
"""Longest name of a bucket and longest key in a problem, in characters."""

NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What `msgspec.json.decode` raises for what is not JSON, not UTF-8 or nested too deeply."""


class ResponseError(Exception):
    """The server's refusal. It is the cause (``__cause__``) of each error that a response was turned into.

    Attributes:
        status: The HTTP status.
        problem: What the server said; ``None``: nothing that the API would say.
    """

    def __init__(self, status: int, problem: Problem | None = None) -> None:
        super().__init__(f"status {status}" if problem is None else f"status {status}, {problem.code}")
        self.status = status
        self.problem = problem


def _classes(kind: type[BucketryError] = BucketryError) -> Iterator[tuple[str, type[BucketryError]]]:
    """Yields the errors of the contract by code. Drivers may have more, with codes of their own."""
    for child in kind.__subclasses__():
        if child.__module__ == bucketry.errors.__name__:
            yield child.code, child
        yield from _classes(child)


CLASS_OF: Final[Mapping[str, type[BucketryError]]] = dict(_classes())
"""The class of each code that is an error of the contract."""

OTHER_CLASSES: Final[Mapping[int, type[BucketryError]]] = {
    HTTPStatus.UNAUTHORIZED: AccessDenied,
    HTTPStatus.FORBIDDEN: AccessDenied,
    HTTPStatus.MISDIRECTED_REQUEST: AccessDenied,
    HTTPStatus.BAD_REQUEST: InvalidArgument,
    HTTPStatus.REQUEST_URI_TOO_LONG: InvalidArgument,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: InvalidArgument,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidArgument,
    HTTPStatus.REQUEST_TIMEOUT: IncompleteBody,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge,
    HTTPStatus.TOO_MANY_REQUESTS: Throttled,
    HTTPStatus.NOT_IMPLEMENTED: Unsupported,
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: Unsupported,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
    HTTPStatus.GATEWAY_TIMEOUT: Unavailable,
}
"""The class of an error whose code is the API's own or whose body is a proxy's, by status; else ``BackendError``."""

_NO_ROUTE: Final = "no_such_route"
"""The server's code where a path is not one of the API's."""

_NOT_SENT_BACK: Final = frozenset({"store_closed", "invalid_settings", "invalid_driver"})
"""Errors of the server's own store. They would say something untrue of the caller's."""

_OF_THE_REQUEST: Final = frozenset({HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE})
"""Statuses that say that the request is too large, with the same code as for a large object."""


def error_of(status: int, headers: Mapping[str, str], body: bytes | None, *, address: str) -> BucketryError:
    """Returns the error for a response that is not a success.

    Args:
        status: The HTTP status.
        headers: The headers, by lower-case name.
        body: The body; ``None``: it is too large, or there is none (``HEAD``).
        address: Where the response came from, for messages.
    """
    problem = _problem_in(status, headers, body)
    error = _from_status(status, headers, address) if problem is None else _from_problem(problem, headers, address)
    error.__cause__ = ResponseError(status, problem)
    return error


def is_unexplained(error: BucketryError) -> bool:
    """Says whether an error comes of the status alone, and another request would be told more: of ``HEAD``."""
    cause = error.__cause__
    if not isinstance(cause, ResponseError) or cause.problem is not None or error.retryable:
        return False
    return HTTPStatus.BAD_REQUEST <= cause.status < HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, Unsupported)


def _problem_in(status: int, headers: Mapping[str, str], body: bytes | None) -> Problem | None:
    if not body or media_type(headers) != "application/problem+json":
        return None
    try:
        problem = from_json(body, Problem)
    except NOT_JSON:
        return None
    return problem if problem.status == status else None


def _from_problem(problem: Problem, headers: Mapping[str, str], address: str) -> BucketryError:
    if problem.code == _NO_ROUTE:
        return BackendError(f"the REST API is not at {address}: give the URL that stands before its {PREFIX}")
    is_own = problem.code in _NOT_SENT_BACK or problem.status in _OF_THE_REQUEST
    kind = None if is_own else CLASS_OF.get(problem.code)
    if kind is not None:
        sentence, detail = kind.sentence, problem.detail
        said = "" if detail == sentence else detail.removeprefix(f"{sentence}: ")
        return kind(said[:_SHOWN], **_place(problem), **_facts(kind, headers))
    kind = Unavailable if problem.retryable else OTHER_CLASSES.get(problem.status, BackendError)
    if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        kind = Throttled
    return kind(f"{problem.detail[:_SHOWN]} ({problem.code[:_SHOWN]})", **_place(problem))


def _place(problem: Problem) -> dict[str, str | None]:
    """Returns what a problem was about, without names that are too long to be ones."""
    names = {"bucket": problem.bucket, "key": problem.key}
    return {field: name for field, name in names.items() if name is not None and len(name) <= _MAX_NAME}


def _facts(kind: type[BucketryError], headers: Mapping[str, str]) -> dict[str, Any]:
    """Returns what the headers say of an error, as far as its class has a place for it."""
    found: dict[str, Any] = {}
    if kind is InvalidRange:
        _, _, size = headers.get("content-range", "").partition("*/")
        found["size_bytes"] = int(size) if size.isascii() and size.isdecimal() and len(size) < 19 else None
    if "version_id" in signature(kind).parameters and "x-amz-version-id" in headers:
        found["version_id"] = headers["x-amz-version-id"]
    return found


def _from_status(status: int, headers: Mapping[str, str], address: str) -> BucketryError:
    """Returns the error for a response whose body does not say more: of ``HEAD``, or of something in between."""
    if media_type(headers).endswith("/xml") or "x-amz-request-id" in headers:
        secure = "?secure=true" if address.startswith("https:") else ""
        return BackendError(
            f"an S3 endpoint answers at {address}, not the REST API: write s3://{host_of(address)}{secure}"
        )
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return BackendError(f"{address} redirects (status {status}), and redirects are not followed: use the other URL")
    kind = OTHER_CLASSES.get(status, BackendError)
    return kind(f"{address} answers with status {status}, and not as bucketry's REST API does")


def media_type(headers: Mapping[str, str]) -> str:
    """Returns the media type of a response without its parameters, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def host_of(address: str) -> str:
    """Returns host and port of a URL."""
    return address.partition("://")[2].partition("/")[0]


def refuse(address: str, why: str) -> NoReturn:
    """Raises the error for a response that is not the API's.

    Raises:
        BackendError: Always.
    """
    raise BackendError(f"the response of {address} is not one of bucketry's REST API: {why}")
