"""Quotas in front of Ceph RGW."""

from __future__ import annotations

from tests.rgw.backend import store_on
from tests.servers.handles import RgwServer
from tests.servers.quotas import check_quotas


def test_accounts_are_what_the_server_holds(rgw_server: RgwServer) -> None:
    # A part that was sent twice stays in RGW's figures for a while.
    check_quotas(lambda layers: store_on(rgw_server, layers), replaces_parts=False)
