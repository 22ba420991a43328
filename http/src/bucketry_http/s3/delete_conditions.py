"""Conditions of a delete on the size and the time of the object.

Source: S3 API reference, DeleteObject (``x-amz-if-match-size``, ``x-amz-if-match-last-modified-time``) and
DeleteObjects (``Size``, ``LastModifiedTime``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from bucketry import HeadOptions, PreconditionFailed
from bucketry.s3 import parse_http_date

from bucketry_http.s3.errors import invalid_argument
from bucketry_http.s3.request import Endpoint, number

if TYPE_CHECKING:
    from bucketry_http.s3.xml_reading import Node

_SIZE: Final = "x-amz-if-match-size"
_TIME: Final = "x-amz-if-match-last-modified-time"
CONDITION_HEADERS: Final = frozenset({_SIZE, _TIME})
"""The headers of DeleteObject, by lower-case name."""

_OF_HEADERS: Final = {"Size": _SIZE, "LastModifiedTime": _TIME}
_MOST: Final = 2**63 - 1


class DeleteConditions(msgspec.Struct, frozen=True):
    """What the object must be like. ``None``: anything.

    Attributes:
        size_bytes: Its size.
        last_modified: When it was last written, to the second.
    """

    size_bytes: int | None = None
    last_modified: datetime | None = None

    def options(self, endpoint: Endpoint, bucket: str, key: str, version_id: str | None) -> dict[str, Any]:
        """Checks the conditions on an object; returns the options with which they hold until it is deleted.

        Raises:
            PreconditionFailed: A condition does not hold.
            NoSuchKey: There is no object.
        """
        if self == _NO_CONDITIONS:
            return {}
        info = endpoint.store.head_object(bucket, key, HeadOptions(version_id=version_id))
        other_time = self.last_modified not in {None, info.last_modified.astimezone(UTC).replace(microsecond=0)}
        if other_time or self.size_bytes not in {None, info.size_bytes}:
            raise PreconditionFailed(bucket=bucket, key=key)
        options: dict[str, Any] = {"if_match": info.etag}
        if self.last_modified is not None and endpoint.features.delete_if_last_modified:
            # An object that was written again may have the same etag.
            options["if_last_modified"] = info.last_modified
        return options


_NO_CONDITIONS: Final = DeleteConditions()


def header_conditions(headers: Mapping[str, str]) -> DeleteConditions:
    """Reads the headers of DeleteObject.

    Raises:
        S3Error: One is malformed.
    """
    if CONDITION_HEADERS.isdisjoint(headers):
        return _NO_CONDITIONS
    time = headers.get(_TIME)
    size = number(headers, _SIZE, -1, most=_MOST)
    return DeleteConditions(None if size < 0 else size, None if time is None else _moment(time))


def entry_conditions(entry: Node) -> DeleteConditions:
    """Reads an entry of DeleteObjects.

    Raises:
        S3Error: An element is malformed.
    """
    texts = {header: entry.text_of(name) for name, header in _OF_HEADERS.items()}
    return header_conditions({header: text for header, text in texts.items() if text is not None})


def _moment(text: str) -> datetime:
    try:
        # Documents have times in ISO 8601, and boto3 has HTTP dates there, too.
        moment = parse_http_date(text) or datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid_argument(_TIME, text[:100], "The time must be an HTTP date, or a time in ISO 8601.") from None
    return moment.replace(microsecond=0)
