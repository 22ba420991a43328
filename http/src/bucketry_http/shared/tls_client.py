"""TLS of connections that the server makes itself: to webhooks, and to issuers of tokens."""

from __future__ import annotations

import ssl

import certifi
from bucketry import InvalidSettings


def client_context(ca_file: str | None, whose: str) -> ssl.SSLContext:
    """Returns a context that checks certificates.

    Args:
        ca_file: PEM file of the certificate authorities that are trusted; ``None``: those that certifi lists.
        whose: Whose file that is, for the message: ``a webhook``.

    Raises:
        InvalidSettings: The file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or certifi.where())
    except OSError as error:
        raise InvalidSettings(
            f"the ca_file of {whose} cannot be used: {error.strerror or type(error).__name__}"
        ) from None
