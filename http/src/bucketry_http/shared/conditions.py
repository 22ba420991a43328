"""Conditional requests (RFC 9110, 13) as options of the contract, and the headers of a 304.

HTTP allows a list of etags, and the contract one etag. So a list is replaced by the object's current etag, if it is in
the list. The driver then checks that etag and acts in one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from bucketry import HeadOptions, InvalidArgument, NoSuchKey, NotModifiedInfo, ObjectInfo
from bucketry.clock import Clock
from bucketry.s3 import parse_http_date

from bucketry_http.shared.headers import encoded, last_modified
from bucketry_http.shared.response_body import RawHeaders

ANY: Final = "*"
UNCONDITIONAL: Final = HeadOptions()
"""The options of a request without conditions."""

CONDITIONS: Final = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"})
"""The headers that make a read conditional."""

_ETAG: Final = re.compile(r'\s*(?:(W/)?"([\x21\x23-\x7e]*)"|([\x21\x23-\x2b\x2d-\x7e]+))\s*(,|$)')


class Etags(msgspec.Struct, frozen=True):
    """The etags of a condition. An etag without quotes counts as strong: S3 clients send such etags."""

    strong: tuple[str, ...]
    weak: tuple[str, ...] = ()

    @classmethod
    def parse(cls, header: str) -> Etags:
        """Reads ``If-Match`` or ``If-None-Match`` (RFC 9110, 13.1.1).

        Raises:
            InvalidArgument: It is not a list of etags.
        """
        found: tuple[list[str], list[str]] = ([], [])
        position = 0
        while position < len(header):
            match = _ETAG.match(header, position)
            if match is None:
                raise InvalidArgument('a condition is a list of etags such as "abc", or *')
            # A client may ask about an empty etag, but no object has it.
            if text := match[2] if match[3] is None else match[3]:
                found[match[1] is not None].append(text)
            position = match.end()
        if position == 0:
            raise InvalidArgument("a condition without an etag says nothing")
        return cls(tuple(found[0]), tuple(found[1]))


def pick(candidates: tuple[str, ...], head: Callable[[], ObjectInfo]) -> str | None:
    """Returns one etag in place of a list: the object's etag if it is in the list.

    Args:
        candidates: The etags.
        head: Looks at the object. It is called only for lists of several etags.
    """
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    try:
        current = head().etag
    except NoSuchKey:
        return candidates[0]
    return current if current in candidates else candidates[0]


def match_option(header: str | None, head: Callable[[], ObjectInfo]) -> str | None:
    """Returns the option ``if_match`` for an ``If-Match`` header.

    Raises:
        InvalidArgument: It is malformed.
    """
    if header is None or header.strip() == ANY:
        return None if header is None else ANY
    etags = Etags.parse(header)
    # Weak and empty etags never match (RFC 9110, 13.1.1). No object has an etag of this form, so the store refuses it.
    return pick(etags.strong, head) or "W/"


def none_match_option(header: str | None, head: Callable[[], ObjectInfo]) -> str | None:
    """Returns a read's option ``if_none_match`` for an ``If-None-Match`` header. Weak etags count (RFC 9110, 13.1.2).

    Raises:
        InvalidArgument: It is malformed.
    """
    if header is None or header.strip() == ANY:
        return None if header is None else ANY
    etags = Etags.parse(header)
    return pick(etags.strong + etags.weak, head)


def read_options(headers: Mapping[str, str], head: Callable[[], ObjectInfo]) -> HeadOptions:
    """Returns the conditions of a ``GET`` or ``HEAD``.

    Args:
        headers: The request's headers, by lower-case name.
        head: Looks at the object without conditions.

    Raises:
        InvalidArgument: A condition is malformed.
    """
    if CONDITIONS.isdisjoint(headers):
        return UNCONDITIONAL
    return HeadOptions(
        if_match=match_option(headers.get("if-match"), head),
        if_none_match=none_match_option(headers.get("if-none-match"), head),
        if_modified_since=parse_http_date(headers.get("if-modified-since")),
        if_unmodified_since=parse_http_date(headers.get("if-unmodified-since")),
    )


def not_modified_headers(info: NotModifiedInfo | None, clock: Clock) -> RawHeaders:
    """Returns the headers of a 304 (RFC 9110, 15.4.5).

    Args:
        info: What the driver knows about the object; ``None``: nothing.
        clock: The clock that ``Date`` shows.
    """
    if info is None:
        return []
    headers = [] if info.etag is None else [(b"etag", b'"%s"' % encoded(info.etag))]
    if info.last_modified is not None:
        headers.append((b"last-modified", last_modified(info.last_modified, clock).encode()))
    if info.cache_control:
        headers.append((b"cache-control", encoded(info.cache_control)))
    if info.expires:
        headers.append((b"expires", encoded(info.expires)))
    return headers
