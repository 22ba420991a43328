"""The memory driver as the honest one, for features that the small honest driver does not have."""

from __future__ import annotations

from collections.abc import Sequence

from bucketry import Store
from bucketry_contract import Backend
from bucketry_memory import MemoryDriver, MemorySettings


class HonestMemory(MemoryDriver):
    """Drivers that are wrong about versions, locks and what goes with them inherit it."""

    is_honest = True

    def __init__(self, settings: MemorySettings | None = None) -> None:
        super().__init__(settings or MemorySettings())


class MemoryBackend(Backend):
    """Opens memory drivers of one class."""

    driver: type[HonestMemory] = HonestMemory

    def open(self, layers: Sequence[object]) -> Store:
        return Store(self.driver(), layers)
