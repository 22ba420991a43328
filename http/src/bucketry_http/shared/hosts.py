"""Checks which host a request was sent to, and which web page sends it.

The owner of a web page can point the page's host name at this machine (DNS rebinding). The browser then lets the page
read everything from this server. But the request's ``Host`` is still the page's name, and `HostRules` checks it.

A browser sends some requests of any page to any server without asking first: forms, and ``fetch`` with a body that
looks like a form. Its headers ``Origin`` and ``Sec-Fetch-Site`` say which page it is (RFC 6454, 7; Fetch Metadata,
2.4). Other clients do not send these headers by themselves. `is_foreign` finds requests of pages of other origins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from bucketry import InvalidSettings

ANY: Final = "*"
"""The allowed host that stands for every host."""

_BELOW: Final = "*."
"""The beginning of an allowed host that stands for all names below a domain."""

_LABELS: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_MAX_NAME: Final = 253
"""Longest host name (RFC 1035, 2.3.4, without the last dot)."""

_MAX_AUTHORITY: Final = _MAX_NAME + len(".:65535")
_AUTHORITY: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#%\s]+)(:(?P<port>[0-9]{1,5}))?")
_LAST_IS_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")
"""A browser reads such a name as an IPv4 address (URL standard, "ends in a number checker")."""

READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

_PORTS: Final = {"http": 80, "https": 443}
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")

OWN_SITE: Final = (b"cross-origin-resource-policy", b"same-site")
"""A header that keeps pages of other sites from using a response without CORS (Fetch standard, 3.7)."""


class HostName(NamedTuple):
    """A host as ``Host`` and ``Origin`` name it.

    Attributes:
        name: Name or address in its usual form: lower case, no brackets, no dot at the end.
        port: TCP port, if there is one.
        is_loopback: Whether this is the machine itself: ``localhost``, a name below it, or a loopback address.
    """

    name: str
    port: int | None
    is_loopback: bool


def read_host(text: str) -> HostName | None:
    """Reads a name or an address, with or without a port. Returns ``None`` for anything else.

    It does not read user names, IPv6 zones, and addresses that are not written in the usual form.
    """
    # The cache holds what clients send, so that must be short.
    return _read(text) if len(text) <= _MAX_AUTHORITY else None


@lru_cache(maxsize=1024)
def _read(text: str) -> HostName | None:
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    name = found["name"].lower()
    port = None if found["port"] is None else int(found["port"])
    if port is not None and port > 65_535:
        return None
    address = _address(name)
    if address is not None:
        return HostName(str(address), port, address.is_loopback)
    name = name.removesuffix(".")
    if len(name) > _MAX_NAME or not _LABELS.fullmatch(name) or _LAST_IS_NUMBER.fullmatch(name):
        return None
    return HostName(name, port, name == "localhost" or name.endswith(".localhost"))


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return _unmapped(IPv6Address(name[1:-1])) if name.startswith("[") else IPv4Address(name)
    except ValueError:
        return None


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Returns the IPv4 address in an address such as ``::ffff:127.0.0.1``, or the address itself."""
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _connected_to(server: Any) -> HostName | None:
    """Returns the host that a client connected to.

    Args:
        server: ASGI's ``scope["server"]``: host and port. A UNIX socket has no port, and leads to ``None``.
    """
    if not server or server[1] is None:
        return None
    return read_host(_bracketed(server[0]))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class HostRules:
    """Which hosts requests may be sent to.

    The rules apply to connections over the loopback interface, and to all connections if any host is named. They accept
    ``localhost``, names below it, loopback addresses, the address that the client connected to, and the named hosts.
    A client in the same process (`httpx.ASGITransport`, test clients) connects to a name, and is checked too.
    """

    def __init__(
        self, allowed: Iterable[str] = (), *, known: Iterable[str] = (), endpoints: Iterable[str] = ()
    ) -> None:
        """Takes the hosts that are named.

        Args:
            allowed: Names and addresses without port. ``*.example.com`` stands for all names below ``example.com``, and
                ``*`` for every host. Where there are any, all connections are checked.
            known: Domains that are served anyway, with all names below them.
            endpoints: URLs under which clients reach the application.

        Raises:
            InvalidSettings: An allowed host or an endpoint is malformed.
        """
        allowed, known = tuple(allowed), tuple(known)
        self._any = ANY in allowed
        self._always = bool(allowed)
        named = [host for host in allowed if host != ANY]
        below = [host.removeprefix(_BELOW) for host in named if host.startswith(_BELOW)]
        exact = [host for host in named if not host.startswith(_BELOW)]
        self._names = frozenset((*map(_checked, (*exact, *known)), *map(_host_of, endpoints)))
        self._endings = tuple("." + _checked(host) for host in (*below, *known))
        # Most requests name one of a few hosts, and come in at one of a few addresses.
        self._judge_again = lru_cache(maxsize=1024)(self._judge)

    def allow(self, host: str | None, server: Any) -> bool:
        """Says whether a request is accepted.

        Args:
            host: Its ``Host`` header; ``None``: it has none, as no browser sends it.
            server: The address that the client connected to, as ASGI's ``scope["server"]``.
        """
        if host is None or self._any:
            return True
        judge = self._judge_again if len(host) <= _MAX_AUTHORITY else self._judge
        return judge(host, tuple(server) if server else None)

    def _judge(self, host: str, server: tuple[str, int | None] | None) -> bool:
        place = _connected_to(server)
        if not self._always and (place is None or (_is_address(place.name) and not place.is_loopback)):
            return True
        found = read_host(host)
        if found is None:
            return False
        name = found.name
        if found.is_loopback or name in self._names or name.endswith(self._endings):
            return True
        return place is not None and name == place.name


def _checked(host: str) -> str:
    found = read_host(_bracketed(host))
    if found is None or found.port is not None:
        raise InvalidSettings(
            f"{host!r} cannot be an allowed host: give a name or an address without scheme and port, "
            "*.example.com for all names below example.com, or * for every host; names beyond ASCII as xn--"
        )
    return found.name


def _host_of(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise InvalidSettings(f"{url!r} cannot be a public endpoint: give a URL such as https://s3.example.com")
    return _checked(host)


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
    """Reads ``scheme://host`` or ``scheme://host:port``. Returns ``None`` for anything else, such as ``null``."""
    scheme, separator, authority = text.partition("://")
    scheme = scheme.lower()
    host = read_host(authority) if separator and _SCHEME.fullmatch(scheme) else None
    return None if host is None else Origin(scheme, host._replace(port=host.port or _PORTS.get(scheme)))


def origin_of(url: str) -> str:
    """Returns the origin of a URL in the form that browsers send.

    Raises:
        InvalidSettings: The URL is malformed.
    """
    scheme, _, rest = url.partition("://")
    origin = read_origin(f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}")
    if origin is None:
        raise InvalidSettings(f"{url!r} cannot be a public endpoint: give a URL such as https://s3.example.com")
    return str(origin)


def checked_origins(origins: Iterable[str]) -> frozenset[str]:
    """Returns the origins in the form that browsers send.

    Raises:
        InvalidSettings: One is malformed, or ``null``, which every page can be.
    """
    return frozenset(map(_checked_origin, origins))


def _checked_origin(text: str) -> str:
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

    Pages of the server's own origin are not foreign, and neither are pages of this machine (``http://localhost:3000``).

    Args:
        origin: Its ``Origin``, which alone decides where there is one. ``null`` is foreign.
        site: Its ``Sec-Fetch-Site``.
        host: Its ``Host``.
    """
    own = read_host(host) if host is not None else None
    if origin is None:
        if site == "same-site":
            # The page has another host or port of the same site. If that is this machine, the page is not foreign.
            return own is None or not own.is_loopback
        return site not in {None, "none", "same-origin"}
    found = read_origin(origin)
    if found is None or found.scheme not in _PORTS:
        return True
    if found.host.is_loopback:
        return False
    # A proxy in front may use HTTPS, so the scheme only decides which port is the default.
    return own is None or own._replace(port=own.port or _PORTS[found.scheme]) != found.host


def is_code(content_type: str) -> bool:
    """Says whether a page of any site can load this as a script or style sheet, and so read it.

    With ``nosniff``, a browser loads only these types. It takes the last type of a list, so the word may stand
    anywhere.
    """
    lower = content_type.lower()
    return "script" in lower or "css" in lower
