"""The in-memory driver of bucketry: ``open_store("memory://")``."""

from __future__ import annotations

from bucketry_memory.driver import MemoryDriver
from bucketry_memory.settings import MemorySettings

__all__ = ["MemoryDriver", "MemorySettings"]
