"""Which condition of a request a 412 is about.

S3 names it in the element ``Condition`` of the error document. A store says only that one does not hold, so the name
comes from the request, which rarely has two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bucketry_http.s3.errors import S3Error, precondition_failed
from bucketry_http.s3.request import S3Request

_CURRENT: Final = ("If-Match", "If-Unmodified-Since")
"""In the order of RFC 9110, 13.2.2: beside the first of them, the second one is not evaluated."""

_WRITES: Final = ("If-Match", "If-None-Match")
_OF_SOURCE: Final = tuple(f"x-amz-copy-source-{name}" for name in (*_CURRENT, "If-None-Match", "If-Modified-Since"))


def named(request: S3Request, error: S3Error) -> S3Error:
    """Returns a 412 with the name of its condition; any other error, or one that has the name, as it is."""
    if error.s3_code != "PreconditionFailed" or error.elements:
        return error
    # A read whose other conditions do not hold is "not modified". Those of a copy's source held just before, where
    # the destination has one too.
    names = _CURRENT if request.method in {"GET", "HEAD"} else _WRITES
    found = _first(request.headers, names) or _first(request.headers, _OF_SOURCE)
    return precondition_failed(found) if found else error


def source_failed(headers: Mapping[str, str], *, modified: bool) -> S3Error:
    """Returns the 412 of a copy whose source is not as the request wants it.

    Args:
        headers: The request's headers, by lower-case name.
        modified: Whether the source should have changed, or else should not have.
    """
    return precondition_failed(_first(headers, _OF_SOURCE[2:] if modified else _OF_SOURCE[:2]))


def _first(headers: Mapping[str, str], names: Iterable[str]) -> str:
    return next((name for name in names if name.lower() in headers), "")
