"""Which problems each operation may answer with, for the OpenAPI document.

The codes behind a status are found among the error classes themselves, so a new error shows up here by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Final

from bucketry import BucketryError, NotFound, NotModified
from litestar.openapi.datastructures import ResponseSpec

from bucketry_http.rest.problems import FRAMEWORK_CODES, status_of
from bucketry_http.rest.schemas import PROBLEM_TYPE, Problem
from bucketry_http.server.request_head import REFUSAL_CODES

ANY_REQUEST: Final = (400, 403, 408, 414, 421, 422, 431, 500, 501, 505)
"""What any request may be refused with, whatever it asks for."""

ANY_OPERATION: Final = (*ANY_REQUEST, 502, 503)
"""What any operation on a backend may fail with."""

_REASONS: Final[Mapping[int, str]] = {
    403: "the server refuses this request, or a page of this origin, or the backend refuses the server's credentials",
    408: "the request came too slowly",
    413: "the body has too many bytes, or the form too many parts",
    414: "the URL is too long",
    421: "the host that the request names is not allowed",
    431: "the headers are too long",
    501: "the store, or the server, cannot do this",
    502: "the backend failed",
    505: "the server speaks HTTP/1.1 and HTTP/1.0",
    503: "try again after `Retry-After` seconds",
}


_NEVER_SENT: Final = (NotModified, NotFound)
"""A response that is not an error, and the base of those that say what was not found."""


def errors(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the problems of an operation on a backend: these, and those that any such operation may have."""
    return _problems({*statuses, *ANY_OPERATION})


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the problems of an operation that asks no backend: these, and those that any request may have."""
    return _problems({*statuses, *ANY_REQUEST})


def _problems(statuses: set[int]) -> dict[int, ResponseSpec]:
    return {
        # The operation puts the codes in: not all errors are imported yet.
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
    for kind in _errors(BucketryError):
        found[status_of(kind())].add(kind.code)
    for status, code in (*FRAMEWORK_CODES.items(), *REFUSAL_CODES.items()):
        found[status].add(code)
    found[HTTPStatus.INTERNAL_SERVER_ERROR] = {"internal_error"}
    return dict(found)


def _errors(kind: type[BucketryError]) -> Iterator[type[BucketryError]]:
    """Yields the errors of the contract and of this API; subclasses in drivers or tests have codes of their own."""
    for child in kind.__subclasses__():
        ours = child.__module__.startswith(("bucketry.errors", "bucketry_http.rest.", "bucketry_http.shared."))
        if ours and child not in _NEVER_SENT:
            yield child
        yield from _errors(child)
