"""The documented REST API and an S3 endpoint over any bucketry store, and a server to run them.

``serve(create_app(store))`` is all it takes.
"""

from __future__ import annotations

from bucketry_http.rest import create_app
from bucketry_http.s3 import S3Credential, S3Rights, S3Settings, create_s3_app
from bucketry_http.server import Listener, Server, serve
from bucketry_http.settings import RestSettings

__all__ = [
    "Listener",
    "RestSettings",
    "S3Credential",
    "S3Rights",
    "S3Settings",
    "Server",
    "create_app",
    "create_s3_app",
    "serve",
]
