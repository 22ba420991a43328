"""Tells requests of foreign web pages from all others.

A browser sends some requests of any page to any server without asking: forms, and ``fetch`` with a body that looks like
one. It says who asks in ``Origin``, and in ``Sec-Fetch-Site`` (RFC 6454, 7; Fetch Metadata, 2.4). Clients other than
browsers send neither, unless they mean to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from bucketry import InvalidSettings

from bucketry_http.shared.hosts import ANY, HostName, read_host

READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing here; every other one may."""

_PORTS: Final = {"http": 80, "https": 443}
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")


class Origin(NamedTuple):
    """Where a web page comes from.

    Attributes:
        scheme: ``http``, ``https``, or that of an application with pages of its own.
        host: Its host, with the port that is really used where the scheme has one.
    """

    scheme: str
    host: HostName

    def __str__(self) -> str:
        name = f"[{self.host.name}]" if ":" in self.host.name else self.host.name
        port = "" if self.host.port in {None, _PORTS.get(self.scheme)} else f":{self.host.port}"
        return f"{self.scheme}://{name}{port}"


def read_origin(text: str) -> Origin | None:
    """Reads ``scheme://host`` or ``scheme://host:port``; ``None`` if it is anything else, such as ``null``."""
    scheme, separator, authority = text.partition("://")
    scheme = scheme.lower()
    host = read_host(authority) if separator and _SCHEME.fullmatch(scheme) else None
    return None if host is None else Origin(scheme, host._replace(port=host.port or _PORTS.get(scheme)))


def origin_of(url: str) -> str:
    """Returns the origin of a URL's pages, as browsers write it.

    Raises:
        InvalidSettings: The URL is malformed.
    """
    scheme, _, rest = url.partition("://")
    origin = read_origin(f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}")
    if origin is None:
        raise InvalidSettings(f"{url!r} cannot be a public endpoint: give a URL such as https://s3.example.com")
    return str(origin)


def checked_origins(origins: Iterable[str]) -> frozenset[str]:
    """Returns origins as browsers write them.

    Raises:
        InvalidSettings: One is malformed, or ``null``, which every page can be.
    """
    return frozenset(map(_checked, origins))


def _checked(text: str) -> str:
    if text == ANY:
        return text
    origin = read_origin(text)
    if origin is None:
        raise InvalidSettings(
            f"{text!r} cannot be an allowed origin: give scheme, host and port of the page, such as "
            "https://app.example.com or http://app.example.com:3000, or * for every page"
        )
    return str(origin)


def is_foreign(origin: str | None, site: str | None, host: str | None) -> bool:
    """Says whether a request comes from a web page of another origin.

    Pages of this machine (``http://localhost:3000``) are not foreign, whatever their port, and neither is a page of
    the server's own origin.

    Args:
        origin: Its ``Origin``, which alone decides where there is one. ``null`` is foreign.
        site: Its ``Sec-Fetch-Site``.
        host: Its ``Host``.
    """
    own = read_host(host) if host is not None else None
    if origin is None:
        if site == "same-site":
            # Another host or port of the same site: on this machine that is this machine.
            return own is None or not own.is_loopback
        return site not in {None, "none", "same-origin"}
    found = read_origin(origin)
    if found is None or found.scheme not in _PORTS:
        return True
    if found.host.is_loopback:
        return False
    # A proxy in front may speak HTTPS for this server: only the scheme's own port depends on it.
    return own is None or own._replace(port=own.port or _PORTS[found.scheme]) != found.host
