"""The conditions of requests, and the time of a put."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bucketry import HeadOptions
from bucketry_s3client import http_date, written_within

NO_TYPE: Final = "binary/octet-stream"
"""What RGW answers for an object that was stored without a content type."""

_NEW_SECOND: Final = 0.25
"""Seconds after a full one in which a ``Date`` of the second before is not trusted."""


def of_read(options: HeadOptions) -> dict[str, str]:
    """Returns the headers of a read's conditions. RGW takes etags unquoted, and an asterisk for an etag."""
    sent = {}
    if options.if_match is not None:
        if options.if_match != "*":
            sent["if-match"] = options.if_match
    elif options.if_unmodified_since is not None:
        sent["if-unmodified-since"] = http_date(options.if_unmodified_since)
    if options.if_none_match is not None:
        if options.if_none_match != "*":
            sent["if-none-match"] = options.if_none_match
    elif options.if_modified_since is not None:
        sent["if-modified-since"] = http_date(options.if_modified_since)
    return sent


def of_write(if_match: str | None, if_none_match: str | None) -> dict[str, str]:
    """Returns the headers of a write's conditions. RGW honours an etag only without quotes."""
    sent = {} if if_match is None else {"if-match": if_match}
    return sent if if_none_match is None else {**sent, "if-none-match": if_none_match}


def begun_at(answer: Mapping[str, str]) -> int | None:
    """Returns the second, since 1970, in which RGW began with a request: it stands in the request id.

    ``tx000001719098c7d200174-006b0358fd-1010-default``: the second number is hexadecimal (``rgw_tools``,
    ``XMLTransactionId``).
    """
    parts = answer.get("x-amz-request-id", "").split("-")
    if len(parts) < 3 or not parts[0].startswith("tx"):
        return None
    try:
        return int(parts[1], 16)
    except ValueError:
        return None


def written_at(answer: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, out of the answer to its put; ``None`` if that is not sure.

    RGW takes an object's time from the exact clock, and ``Date`` from ``time(2)`` (``rgw_asio_client.cc``,
    ``dump_date_header``), which may say the second before until the kernel's next tick (up to 10 ms). So just after a
    full second, as this machine's clock has it, the answer is not sure. Where this clock is behind RGW's, the moment
    may then be a second too early.
    """
    moment = written_within(begun_at(answer), answer)
    if moment is not None and 0 <= time.time() - moment.timestamp() - 1 < _NEW_SECOND:
        return None
    return moment
