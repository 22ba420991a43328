"""Settings of the server itself, whatever it serves."""

from __future__ import annotations

from typing import Final

import msgspec

KIB: Final = 1024


class TlsFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Where the certificate and its key stand, both in PEM.

    Attributes:
        certificate: File of the certificate, followed by those of its issuers up to one that clients know.
        key: File of its private key, without a password. May be the same file.
    """

    certificate: str
    key: str


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server treats its connections, and how it ends.

    Attributes:
        grace_seconds: How long requests in progress may take to end once no connections are accepted any more; then
            they are cut off.
        shutdown_delay: How long the server accepts connections after it was stopped, while readiness says that it is
            not ready. A load balancer needs this time to notice.
        head_seconds: How long a client may take for a TLS handshake, and for the head of a request, from connecting or
            from the request's first byte on.
        keep_alive_seconds: How long a connection may wait for its next request. Longer than proxies keep connections
            that they reuse, so that no proxy sends a request into one that is being closed.
        send_seconds: How long a client may read nothing of a response that waits for it. On Linux the kernel watches
            this (`TCP_USER_TIMEOUT`, tcp(7)), to the last byte. On other systems it is how long the server's own buffer
            may take from full to almost empty; the last 64 KiB of a response may wait forever.
        max_head_bytes: Most bytes of request line, headers and trailers together. The default is eight times the limit
            of most servers.
        max_headers: Most headers and trailers of a request. The default is ten times the limit of most servers, for
            user metadata.
        max_url_bytes: Longest request target, in bytes. In the default a key, a prefix and a cursor fit, all
            percent-encoded.
        trusted_proxies: Addresses and networks of proxies whose ``Forwarded`` or ``X-Forwarded-…`` headers name the
            client, the scheme and the host of a request. Each of them must set these headers or take them away: what it
            hands on unseen, its clients may have made up.
        tls: The certificate and its key; ``None``: plain HTTP.

    Raises:
        InvalidSettings: The address of a proxy is malformed.
    """

    grace_seconds: float = 10.0
    shutdown_delay: float = 0.0
    head_seconds: float = 30.0
    keep_alive_seconds: float = 75.0
    send_seconds: float = 60.0
    max_head_bytes: int = 64 * KIB
    max_headers: int = 1000
    max_url_bytes: int = 16 * KIB
    trusted_proxies: tuple[str, ...] = ()
    tls: TlsFiles | None = None

    def __post_init__(self) -> None:
        if self.trusted_proxies:
            from bucketry_http.server.proxies import TrustedProxies  # Only here: many servers have no proxies in front.

            TrustedProxies(self.trusted_proxies)

    @property
    def scheme(self) -> str:
        """The scheme of the server's URLs."""
        return "http" if self.tls is None else "https"
