"""The Ceph RGW driver of bucketry: ``open_store("rgw://host:7480")``."""

from __future__ import annotations

from bucketry_rgw.driver import RgwDriver
from bucketry_rgw.settings import RgwSettings

__all__ = ["RgwDriver", "RgwSettings"]
