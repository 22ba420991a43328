"""Where requests come from."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any, Final

ADMISSION: Final = "bucketry_admission"
"""Where in a request's scope its `bucketry_http.shared.limits.Admission` is, if rates are limited."""

ANONYMOUS: Final = "Anonymous"
"""The principal of requests without a signature."""


def client_address(scope: Any) -> str:
    """Returns the IP address of the client that a request came from; empty for one in the same process.

    Args:
        scope: The request's ASGI scope.
    """
    client = scope.get("client")
    return client[0] if client else ""


def network_of(address: str) -> str:
    """Returns what stands for a client where clients are counted by address.

    It is the address itself, and the first 64 bits of one of IPv6: a client may have all addresses that begin so.
    """
    if ":" not in address:
        return address
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return found.packed[:8].hex()
    return str(found)
