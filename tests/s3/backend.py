"""The contract suite's backend for servers that speak S3, through the driver for any of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from bucketry import Secret, Store, open_store
from bucketry_s3 import S3Driver, S3StoreSettings
from bucketry_s3.found import Found
from bucketry_testing import S3Endpoint

from tests.servers.handles import Reachable
from tests.servers.looking import S3Backend, raw_client


def location(server: Reachable) -> str:
    return urlsplit(server.url).netloc


def reachable(served: S3Endpoint) -> Reachable:
    """Where a port of our own listens."""
    return Reachable(url=served.endpoint_url, access_key=served.access_key, secret_key=served.secret_key)


def new_user() -> dict[str, str]:
    """Keys of a server that may listen where another one did before: what was found out of that is not theirs."""
    return {"access_key": f"user-{secrets.token_hex(6)}", "secret_key": "a key of this test"}


def store_on(server: Reachable, layers: Sequence[object] = (), *, at: str | None = None, **more: object) -> Store:
    # No test writes into the folder of the user's caches.
    keys: dict[str, object] = {
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "probe_cache": "",
    }
    if server.url.startswith("https:"):
        keys |= {"secure": True, "ca_file": server.ca_file}
    return open_store(f"s3://{at or location(server)}", settings=keys | more, layers=layers, environ={})


def store_with(server: Reachable, found: Found) -> Store:
    """A store on a server that was found to be so, without probes."""
    settings = S3StoreSettings(
        location=location(server), access_key=server.access_key, secret_key=Secret(server.secret_key)
    )
    return Store(S3Driver(settings, found))


class S3ServerBackend(S3Backend):
    """Any server that speaks S3."""

    part_bytes = 8 * 1024**2

    def __init__(self, server: Reachable) -> None:
        super().__init__(raw_client(server))
        self._server = server
        self.secrets = [server.secret_key]

    def open(self, layers: Sequence[object]) -> Store:
        return store_on(self._server, layers)

    def unreachable(self) -> Store:
        # Probes would ask the server at once.
        quick: dict[str, Any] = {"connect_timeout": 0.5, "read_timeout": 0.5, "retries": 0}
        return store_on(self._server, at="127.0.0.1:1", probe=False, **quick)

    def bad_credentials(self) -> Store:
        return store_on(self._server, secret_key="not the server's secret key", probe=False)

    def breaking_reads(self) -> Store:
        return store_on(self._server, at=self.cutting_proxy(location(self._server)), probe=False)
