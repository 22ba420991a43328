"""Events of what passes through a store on a real server."""

from __future__ import annotations

from tests.rgw.backend import store_on
from tests.servers.emitted import check_events
from tests.servers.handles import RgwServer
from tests.servers.looking import raw_client


def test_events_say_what_the_server_did(rgw_server: RgwServer) -> None:
    check_events(lambda layers: store_on(rgw_server, layers), raw_client(rgw_server))
