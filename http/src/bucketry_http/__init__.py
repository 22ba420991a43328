"""The documented REST API over any bucketry store, and a server to run it.

``serve(create_app(store))`` is all it takes.
"""

from __future__ import annotations

from bucketry_http.rest import create_app
from bucketry_http.server import Listener, Server, serve
from bucketry_http.settings import RestSettings

__all__ = ["Listener", "RestSettings", "Server", "create_app", "serve"]
