"""What proxies in front say of a request: its client, scheme and host.

Anybody can send such headers, so they count only on connections from addresses that settings name. A proxy adds its own
client at the end of what its client sent. So the list is read from its end, and the first address that is not a trusted
proxy's is the client's: what stands before it may be made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

from bucketry import InvalidSettings

from bucketry_http.server.request_head import HOST, BadHead, RawHeaders

_FORWARDED: Final = b"forwarded"
_FOR, _PROTO, _HOST_NAMED = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"
_NAMES: Final = frozenset({_FORWARDED, _FOR, _PROTO, _HOST_NAMED})

_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PAIR: Final = re.compile(rf'[ \t]*({_WORD})=({_WORD}|"(?:[^"\\]|\\.)*")[ \t]*')
"""``forwarded-pair`` (RFC 7239, 4)."""

_HIDDEN: Final = re.compile(r"(unknown|_[A-Za-z0-9._-]+)(:.*)?", re.IGNORECASE)
"""A client whose address its proxy does not tell (RFC 7239, 6.2 and 6.3)."""

_SCHEMES: Final = frozenset({"http", "https"})

_PORT_DIGITS: Final = 5

MAX_PROXIES: Final = 32
"""Most proxies in a row. Whoever is within a trusted network could name thousands, and reading each takes a while."""

Address = IPv4Address | IPv6Address


ClientAddress = tuple[str, int] | None
"""Address and port, as ASGI's ``scope["client"]``; the port is 0 if it is not known."""


class Seen(NamedTuple):
    """A request as the first trusted proxy saw it.

    Attributes:
        client: The client; ``None``: a proxy does not tell.
        scheme: ``http`` or ``https``.
        headers: The headers, with the ``Host`` that the client sent.
    """

    client: ClientAddress
    scheme: str
    headers: RawHeaders


class _Forwarded(NamedTuple):
    client: ClientAddress
    scheme: str | None
    host: str | None


class TrustedProxies:
    """The proxies whose headers count."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Takes their addresses.

        Args:
            networks: Addresses and networks, such as ``10.0.0.7`` and ``10.1.0.0/16``.

        Raises:
            InvalidSettings: One is malformed.
        """
        self._networks = tuple(map(_network, networks))
        self._trust_again = lru_cache(maxsize=1024)(self._trust)

    def include(self, peer: ClientAddress) -> bool:
        """Says whether the other end of a connection is one of them."""
        return peer is not None and self._trust_again(peer[0])

    def _trust(self, address: str) -> bool:
        found = _address_of(address)
        return found is not None and any(found in network for network in self._networks)

    def see(self, headers: RawHeaders, peer: ClientAddress, scheme: str) -> Seen:
        """Reads what a proxy says of a request; what it does not say stays as it is.

        Args:
            headers: The request's headers.
            peer: The proxy's address and port.
            scheme: The scheme of the connection.

        Raises:
            BadHead: It is malformed, or there are headers of both kinds. A proxy that sets one kind hands on what a
                client sent of the other.
        """
        found: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            if name in _NAMES:
                found.setdefault(name, []).append(value)
        if not found:
            return Seen(peer, scheme, headers)
        said = self._read({name: b",".join(values).decode("latin-1") for name, values in found.items()}, peer)
        host = _host(said.host)
        if host is not None:
            headers = [(b"host", host), *(field for field in headers if field[0] != b"host")]
        return Seen(said.client, _scheme(said.scheme) or scheme, headers)

    def _read(self, lists: dict[bytes, str], peer: ClientAddress) -> _Forwarded:
        if _FORWARDED not in lists:
            return self._usual({name: _split(text) for name, text in lists.items()}, peer)
        if len(lists) > 1:
            raise _refusal("There are Forwarded and X-Forwarded headers: the proxy must set one kind alone.")
        return self._standard(_elements(lists[_FORWARDED]), peer)

    def _standard(self, elements: Sequence[dict[str, str]], peer: ClientAddress) -> _Forwarded:
        """Reads ``Forwarded`` (RFC 7239). Each proxy adds an element about the request that it got."""
        client, hops = self._client([element.get("for", "unknown") for element in elements], peer)
        of_client = elements[-hops] if hops else {}
        return _Forwarded(client, of_client.get("proto"), of_client.get("host"))

    def _usual(self, lists: dict[bytes, list[str]], peer: ClientAddress) -> _Forwarded:
        """Reads ``X-Forwarded-…``. Some proxies add to the scheme and the host, others replace them."""
        client, hops = self._client(lists.get(_FOR, []), peer)

        def of_client(name: bytes) -> str | None:
            values = lists.get(name)
            return values[-min(max(hops, 1), len(values))] if values else None

        return _Forwarded(client, of_client(_PROTO), of_client(_HOST_NAMED))

    def _client(self, nodes: Sequence[str], peer: ClientAddress) -> tuple[ClientAddress, int]:
        """Returns the client, and how many of the nodes, from the end, were read to find it."""
        client = peer
        for hops, node in enumerate(reversed(nodes), 1):
            if hops > MAX_PROXIES:
                raise _refusal(f"A request passes at most {MAX_PROXIES} trusted proxies, and this one names more.")
            client = _node(node)
            if not self.include(client):
                return client, hops
        return client, len(nodes)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        found = ip_network(text)
    except ValueError:
        raise InvalidSettings(
            f"{text!r} cannot be a trusted proxy: give an address, or a network such as 10.1.0.0/16"
        ) from None
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) and found.prefixlen >= 96 else None
    # As `_address_of`: such addresses are compared as those of IPv4.
    return found if mapped is None else IPv4Network((mapped, found.prefixlen - 96))


def _address_of(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket for both versions has IPv4 clients at ::ffff:192.0.2.1.
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _node(text: str) -> ClientAddress:
    """Reads an address, with or without a port. Returns ``None`` for a client that is not told."""
    name, port = text, "0"
    if text.startswith("["):
        name, closed, port = text[1:].partition("]")
        port = (port.removeprefix(":") or "0") if closed else closed
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
    # A zone (RFC 4007) means something on the proxy's machine alone, and may be any text.
    address = None if "%" in name else _address_of(name)
    if address is not None and len(port) <= _PORT_DIGITS and port.isascii() and port.isdigit() and int(port) <= 65_535:
        return str(address), int(port)
    if _HIDDEN.fullmatch(text):
        return None
    raise _refusal("A proxy names a client by what is no address: it must send addresses.")


def _scheme(text: str | None) -> str | None:
    if text is None or text.lower() in _SCHEMES:
        return None if text is None else text.lower()
    raise _refusal("A proxy names a scheme other than http and https.")


def _host(text: str | None) -> bytes | None:
    if text is None:
        return None
    host = text.encode("latin-1")
    if not host or not HOST.fullmatch(host):
        raise _refusal("A proxy names a host that is not a host name with an optional port.")
    return host


def _split(text: str) -> list[str]:
    return [part for part in (part.strip(" \t") for part in text.split(",")) if part]


def _elements(text: str) -> list[dict[str, str]]:
    """Reads the elements of ``Forwarded``: pairs with ``;`` between them, elements with ``,`` between them."""
    elements: list[dict[str, str]] = [{}]
    position = 0
    while position < len(text):
        if text[position] == ",":
            elements.append({})
            position += 1
        elif text[position] in "; \t":
            position += 1
        else:
            position = _take_pair(text, position, elements[-1])
    return [element for element in elements if element]


def _take_pair(text: str, position: int, element: dict[str, str]) -> int:
    pair = _PAIR.match(text, position)
    if pair is None or pair[1].lower() in element or (pair.end() < len(text) and text[pair.end()] not in ",;"):
        raise _refusal("The header Forwarded is malformed (RFC 7239).")
    value = pair[2]
    element[pair[1].lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return pair.end()


def _refusal(detail: str) -> BadHead:
    return BadHead(HTTPStatus.BAD_REQUEST, detail)
