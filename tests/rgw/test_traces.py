"""Spans of what the driver sends to a real RGW server, and the header that arrives there."""

from __future__ import annotations

from functools import partial

from tests.rgw.backend import location, store_on
from tests.servers import traced
from tests.servers.handles import RgwServer


def test_each_request_has_a_span_and_carries_its_id(rgw_server: RgwServer, bucket: str) -> None:
    traced.check_each_request(partial(store_on, rgw_server), location(rgw_server), bucket)


def test_parts_belong_to_their_operation(rgw_server: RgwServer, bucket: str) -> None:
    traced.check_parts(partial(store_on, rgw_server), location(rgw_server), bucket, 8 * 1024**2)
