"""A driver of bucketry over several stores: ``open_store("router://", settings={"stores": […]})``."""

from __future__ import annotations

from bucketry_router.driver import RouterDriver
from bucketry_router.moving import Moved, MoveOptions, Mover
from bucketry_router.settings import RouterSettings, StoreSettings

__all__ = ["MoveOptions", "Moved", "Mover", "RouterDriver", "RouterSettings", "StoreSettings"]
