"""No secret, session token or signature in what is logged, raised or shown, over a real Ceph RGW."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rgw.backend import location, store_on
from tests.servers import secrecy
from tests.servers.handles import RgwServer


def test_the_driver_writes_no_secret(rgw_server: RgwServer, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    swift: dict[str, Any] = {"swift_user": rgw_server.swift_user, "swift_secret": rgw_server.swift_secret}
    secrets = [rgw_server.secret_key, rgw_server.plain_secret_key, rgw_server.swift_secret]
    secrecy.check_driver(lambda **more: store_on(rgw_server, **swift, **more), bucket, secrets, monkeypatch)


def test_the_command_line_writes_no_secret(rgw_server: RgwServer, bucket: str) -> None:
    keys = (rgw_server.access_key, rgw_server.secret_key)
    secrecy.check_command_line(f"rgw://{location(rgw_server)}", "rgw", keys, bucket, [keys[1]])
