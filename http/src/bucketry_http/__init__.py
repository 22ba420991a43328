"""The documented REST API and an S3 endpoint over any bucketry store, and a server to run them.

``serve(create_app(store))`` is all it takes. What is named here is imported when it is first used: who serves one of
the two does not load the framework of the other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bucketry_http.rest.app import create_app
    from bucketry_http.rest.settings import RestSettings
    from bucketry_http.s3 import S3Credential, S3Rights, S3Settings, create_s3_app
    from bucketry_http.server.server import Listener, Server, serve
    from bucketry_http.server.settings import ServerSettings
    from bucketry_http.server.tls import TlsFiles
    from bucketry_http.shared.limits import Limited, Limiter, RateLimits

_HOMES: Final = {
    "Limited": "shared.limits",
    "Limiter": "shared.limits",
    "Listener": "server.server",
    "RateLimits": "shared.limits",
    "RestSettings": "rest.settings",
    "S3Credential": "s3",
    "S3Rights": "s3",
    "S3Settings": "s3",
    "Server": "server.server",
    "ServerSettings": "server.settings",
    "TlsFiles": "server.tls",
    "create_app": "rest.app",
    "create_s3_app": "s3",
    "serve": "server.server",
}

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


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
