"""Connections: whom they trust, how often they are tried, and those that are not urllib3's."""

from __future__ import annotations

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from bucketry import InvalidSettings
from urllib3 import Retry

_WORTH_A_RETRY: Final = (500, 502, 503, 504)


def open_connection(
    endpoint: str, trust: ssl.SSLContext | None, connect_timeout: float, read_timeout: float
) -> socket.socket:
    """Opens a connection.

    Args:
        endpoint: URL of the server.
        trust: Whom to trust; ``None`` for plain HTTP.
        connect_timeout: Seconds that connecting may take.
        read_timeout: Seconds that reading and writing may take.

    Raises:
        OSError: There is none to be had, or TLS fails.
    """
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "", parts.port or (80 if trust is None else 443)
    connection = socket.create_connection((host, port), connect_timeout)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(read_timeout)
        return connection if trust is None else trust.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def trust_in(ca_file: str | None, authorities: str) -> ssl.SSLContext:
    """Returns whom to trust: authorities of the user's own, or else the usual ones.

    Raises:
        InvalidSettings: ``ca_file`` cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or authorities)
    except OSError as error:
        raise InvalidSettings(f"ca_file cannot be used: {error.strerror or type(error).__name__}") from None


def retry_policy(retries: int) -> Retry:
    """Returns how to try again what may be done twice."""
    return Retry(
        total=retries,
        redirect=0,
        other=0,
        allowed_methods=None,
        status_forcelist=_WORTH_A_RETRY,
        backoff_factor=0.1,
        backoff_max=2.0,
        raise_on_status=False,
        raise_on_redirect=False,
        # A server that starts says two minutes; callers hear of it sooner.
        respect_retry_after_header=False,
    )
