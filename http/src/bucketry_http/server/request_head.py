"""The rules of HTTP for a request's head that the parser does not check (RFC 9110, RFC 9112)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

RawHeaders = list[tuple[bytes, bytes]]

FRAMING: Final = frozenset({b"host", b"content-length", b"transfer-encoding"})
"""The headers that say which host a request is for, and where it ends."""

CHUNKED: Final = -1
"""Stands for the length of a body in chunks, which is known only at its end."""

HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
"""``uri-host [ ":" port ]`` (RFC 3986, 3.2.2); the value may be empty (RFC 9112, 3.2)."""

_ABSOLUTE: Final = re.compile(
    rb"https?://(?P<host>[^/?:][^/?]*)(?P<path>/[^?]*)?(?P<query>\?.*)?", re.IGNORECASE | re.DOTALL
)
"""``absolute-URI`` (RFC 9112, 3.2.2); its path may be empty (RFC 9110, 4.2.3)."""


class BadHead(ValueError):
    """A request that breaks a rule of HTTP.

    Attributes:
        status: The status of the response.
        detail: What is wrong, then what to do.
    """

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        """Takes both."""
        super().__init__(detail)
        self.status = status
        self.detail = detail


def body_length(version: str, target: bytes, framing: RawHeaders) -> int:
    """Checks a head, and returns the length of the body behind it in bytes, or `CHUNKED`.

    Args:
        version: The HTTP version, such as ``1.1``.
        target: The request target as it came.
        framing: The headers whose names are in `FRAMING`.

    Raises:
        BadHead: A rule is broken.
    """
    if version not in {"1.1", "1.0"}:
        raise BadHead(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1: send that version.")
    if b"#" in target:
        # RFC 9112, 3.2: a target has no fragment. Without it, the request would be for another object.
        raise BadHead(HTTPStatus.BAD_REQUEST, "The request target has a '#': send it as %23.")
    hosts: list[bytes] = []
    codings: list[bytes] = []
    length = 0
    for name, value in framing:
        if name == b"host":
            hosts.append(value)
        elif name == b"content-length":
            # The parser has checked it: digits, and once.
            length = int(value)
        else:
            codings.append(value)
    _check_hosts(version, hosts)
    if not codings:
        return length
    if version == "1.0":
        # RFC 9112, 6.1: it is not clear where such a request ends.
        raise BadHead(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding: send a Content-Length.")
    if len(codings) > 1 or codings[0].lower() != b"chunked":
        raise BadHead(HTTPStatus.NOT_IMPLEMENTED, "The only Transfer-Encoding here is chunked: send that, or none.")
    return CHUNKED


def _check_hosts(version: str, hosts: list[bytes]) -> None:
    if len(hosts) > 1:
        raise BadHead(HTTPStatus.BAD_REQUEST, "The header Host comes more than once: send it once.")
    if not hosts and version == "1.1":
        raise BadHead(HTTPStatus.BAD_REQUEST, "The header Host is missing: every HTTP/1.1 request has it.")
    if hosts and not HOST.fullmatch(hosts[0]):
        raise BadHead(HTTPStatus.BAD_REQUEST, "The header Host is not a host name with an optional port.")


def origin_form(target: bytes, headers: RawHeaders) -> bytes:
    """Returns path and query of a request target.

    Args:
        target: The request target as it came.
        headers: The headers. In a request with an absolute target, ``host`` becomes the target's own (RFC 9112, 3.2.2).

    Raises:
        BadHead: The target is neither a path nor an http URL.
    """
    if target.startswith(b"/"):
        return target
    found = _ABSOLUTE.fullmatch(target)
    if found is None or not HOST.fullmatch(found["host"]):
        raise BadHead(HTTPStatus.BAD_REQUEST, "The request target is neither a path nor an http URL: send a path.")
    headers[:] = [(b"host", found["host"]), *(field for field in headers if field[0] != b"host")]
    return (found["path"] or b"/") + (found["query"] or b"")
