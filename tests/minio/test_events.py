"""Events of what passes through a store on a real server."""

from __future__ import annotations

from tests.minio.backend import store_on
from tests.servers.emitted import check_events
from tests.servers.handles import MinioServer
from tests.servers.looking import raw_client


def test_events_say_what_the_server_did(minio_server: MinioServer) -> None:
    check_events(lambda layers: store_on(minio_server, layers), raw_client(minio_server))
