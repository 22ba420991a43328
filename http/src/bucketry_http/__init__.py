"""The documented REST API and an S3 endpoint over any bucketry store, and a server to run them.

``serve(create_app(store))`` is all it takes. What is named here is imported when it is first used: who serves one of
the two does not load the framework of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from bucketry_http.rest.app import create_app
    from bucketry_http.rest.settings import RestSettings
    from bucketry_http.s3 import S3Credential, S3Rights, S3Settings, create_s3_app
    from bucketry_http.server.server import Listener, Server, serve
    from bucketry_http.server.settings import ServerSettings, TlsFiles
    from bucketry_http.shared.limits import Limited, Limiter, RateLimits

__all__ = [
    "Limited",
    "Limiter",
    "Listener",
    "RateLimits",
    "RestSettings",
    "S3Credential",
    "S3Rights",
    "S3Settings",
    "Server",
    "ServerSettings",
    "TlsFiles",
    "create_app",
    "create_s3_app",
    "serve",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "rest.app": ("create_app",),
        "rest.settings": ("RestSettings",),
        "s3": ("S3Credential", "S3Rights", "S3Settings", "create_s3_app"),
        "server.server": ("Listener", "Server", "serve"),
        "server.settings": ("ServerSettings", "TlsFiles"),
        "shared.limits": ("Limited", "Limiter", "RateLimits"),
    },
)
