"""The conditions of requests, and the time of a put."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bucketry import HeadOptions
from bucketry.s3 import http_date
from bucketry_s3client import quoted, written_within

_NANOSECONDS: Final = 10**9


def of_read(options: HeadOptions) -> dict[str, str]:
    """Returns the header of a read's first condition, in the order of RFC 9110, 13.2.2.

    MinIO evaluates all that it is sent, in an order of its own; so the others are for `bucketry.conditions`.
    """
    if options.if_match is not None:
        return {"if-match": quoted(options.if_match)}
    if options.if_unmodified_since is not None:
        return {"if-unmodified-since": http_date(options.if_unmodified_since)}
    if options.if_none_match is not None:
        return {"if-none-match": quoted(options.if_none_match)}
    if options.if_modified_since is not None:
        return {"if-modified-since": http_date(options.if_modified_since)}
    return {}


def of_part(part_number: int | None) -> dict[str, str]:
    """Returns the parameter of a read that names one part."""
    return {} if part_number is None else {"partNumber": str(part_number)}


def of_write(if_match: str | None, if_none_match: str | None) -> dict[str, str]:
    """Returns the headers of a write's conditions."""
    sent = {} if if_match is None else {"if-match": quoted(if_match)}
    return sent if if_none_match is None else {**sent, "if-none-match": if_none_match}


def written_at(answer: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, out of the answer to its put; ``None`` if that is not sure.

    MinIO's request id is the time at which it began, in nanoseconds (hexadecimal).
    """
    request_id = answer.get("x-amz-request-id", "")
    try:
        begun = int(request_id, 16) // _NANOSECONDS if len(request_id) == 16 else None
    except ValueError:
        return None
    return written_within(begun, answer)
